resource "azurerm_log_analytics_workspace" "dcaas" {
  name                         = var.identity.name
  resource_group_name          = var.identity.resource_group
  location                     = var.identity.location
  sku                          = "PerGB2018"
  retention_in_days            = 30
  daily_quota_gb               = var.daily_log_gb
  local_authentication_enabled = false
  tags                         = var.identity.tags
}

resource "azurerm_application_insights" "dcaas" {
  name                                 = var.identity.name
  resource_group_name                  = var.identity.resource_group
  location                             = var.identity.location
  application_type                     = "web"
  workspace_id                         = azurerm_log_analytics_workspace.dcaas.id
  daily_data_cap_in_gb                 = var.daily_log_gb
  daily_data_cap_notifications_enabled = true
  local_authentication_enabled         = false
  tags                                 = var.identity.tags
}
