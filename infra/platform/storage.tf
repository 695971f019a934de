# Two accounts. The function's own holds its packages, its queue and its keys, so nobody else may read it; the members'
# is open to the machines as a whole, because they mount the containers.

resource "azurerm_storage_account" "host" {
  name                = "${local.compact}host"
  resource_group_name = var.identity.resource_group
  location            = var.identity.location

  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  allow_nested_items_to_be_public = false
  tags                            = var.identity.tags

  blob_properties {
    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "packages" {
  name               = "packages"
  storage_account_id = azurerm_storage_account.host.id
}

resource "azurerm_storage_queue" "members" {
  for_each = toset(["members", "members-poison"])

  name               = each.key
  storage_account_id = azurerm_storage_account.host.id
}

resource "azurerm_storage_account" "members" {
  name                = "${local.compact}data"
  resource_group_name = var.identity.resource_group
  location            = var.identity.location

  account_tier                    = "Standard"
  account_replication_type        = var.members_replication
  min_tls_version                 = "TLS1_2"
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  allow_nested_items_to_be_public = false
  tags                            = var.identity.tags

  # What somebody deletes by mistake can be had again for two weeks.
  blob_properties {
    delete_retention_policy {
      days = 14
    }
    container_delete_retention_policy {
      days = 14
    }
  }
}
