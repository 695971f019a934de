resource "azurerm_service_plan" "function" {
  name                = "${var.identity.name}-plan"
  resource_group_name = var.identity.resource_group
  location            = var.identity.location
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = var.identity.tags
}

# Not azurerm_function_app_flex_consumption: that one writes an AzureWebJobsStorage with an empty key, and the host
# then never reaches its storage by identity.
resource "azapi_resource" "function" {
  type      = "Microsoft.Web/sites@2025-03-01"
  parent_id = var.identity.resource_group_id
  name      = var.identity.name
  location  = var.identity.location
  tags      = var.identity.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.identity_id]
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      # Azure answers with the path in lower case.
      serverFarmId = replace(azurerm_service_plan.function.id, "serverFarms", "serverfarms")
      httpsOnly    = true
      functionAppConfig = {
        deployment = {
          storage = {
            type  = "blobContainer"
            value = "${azurerm_storage_account.host.primary_blob_endpoint}${azurerm_storage_container.packages.name}"
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = var.identity.identity_id
            }
          }
        }
        # Exactly these two words: others are taken, and the app then never starts.
        runtime = { name = "custom", version = "1.0" }
        scaleAndConcurrency = {
          maximumInstanceCount = var.largest_scale
          instanceMemoryMB     = 512
          alwaysReady          = []
          # Without it, Azure guesses from the memory: 512 MB would be one request at a time.
          triggers = { http = { perInstanceConcurrency = 100 } }
        }
      }
      siteConfig = {
        minTlsVersion = "1.2"
        http20Enabled = true
      }
    }
  }

  response_export_values = ["properties.defaultHostName"]

  # It reads its storage as soon as it is there.
  depends_on = [azurerm_role_assignment.function_host]
}

resource "azapi_update_resource" "settings" {
  type      = "Microsoft.Web/sites/config@2025-03-01"
  name      = "appsettings"
  parent_id = azapi_resource.function.id

  body = { properties = local.settings }
  # Without a sensitive_body_version it goes along with every change: Azure replaces all settings at once, and one that was
  # left out would be gone.
  sensitive_body         = { properties = { CLIENT_STATE = terraform_data.client_state.output } }
  response_export_values = []
  retry                  = local.one_at_a_time

  depends_on = [azurerm_role_assignment.function_members, azurerm_storage_queue.members]
}

resource "azapi_update_resource" "passwords" {
  for_each = toset(["ftp", "scm"])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01"
  name      = each.key
  parent_id = azapi_resource.function.id
  body      = { properties = { allow = false } }
  retry     = local.one_at_a_time
}
