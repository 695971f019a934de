output "identity" {
  description = "What the next roots are told: the variable `identity` of both."
  value = {
    subscription_id   = var.subscription_id
    name              = var.name
    host_name         = "${var.name}.azurewebsites.net"
    location          = azurerm_resource_group.dcaas.location
    resource_group    = azurerm_resource_group.dcaas.name
    resource_group_id = azurerm_resource_group.dcaas.id
    identity_id       = azurerm_user_assigned_identity.function.id
    client_id         = azurerm_user_assigned_identity.function.client_id
    principal_id      = azurerm_user_assigned_identity.function.principal_id
    tags              = local.tags
  }
}
