locals {
  tags = merge({ application = "dcaas" }, var.tags)
}

resource "azurerm_resource_group" "dcaas" {
  name     = var.name
  location = var.location
  tags     = local.tags
}

# Who the function app is. It is made before the app, so that its rights are there when the app first runs, and stay
# when the app is made anew.
resource "azurerm_user_assigned_identity" "function" {
  name                = "${var.name}-function"
  resource_group_name = azurerm_resource_group.dcaas.name
  location            = azurerm_resource_group.dcaas.location
  tags                = local.tags
}
