# The function app.

resource "azurerm_role_assignment" "function_host" {
  for_each = toset([
    # packages, locks, keys and the timers' marks
    "Storage Blob Data Owner",
    # triggers, messages and the poison queue
    "Storage Queue Data Contributor",
    # the host's diagnostic events
    "Storage Table Data Contributor",
  ])

  scope                = azurerm_storage_account.host.id
  role_definition_name = each.key
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "function_members" {
  scope                = azurerm_storage_account.members.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "function_logs" {
  scope                = azurerm_application_insights.dcaas.id
  role_definition_name = "Monitoring Metrics Publisher"
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
}

# In the cluster it has the roles of infra/kubernetes and none of Azure: the cluster asks both, and one of Azure's would
# go round the narrow ones.

# The machines.

resource "azurerm_role_assignment" "nodes_registry" {
  scope                            = azurerm_container_registry.dcaas.id
  role_definition_name             = "Container Registry Repository Reader"
  principal_id                     = azurerm_kubernetes_cluster.dcaas.kubelet_identity[0].object_id
  skip_service_principal_aad_check = true
}

resource "azurerm_role_assignment" "nodes_members" {
  scope                            = azurerm_storage_account.members.id
  role_definition_name             = "Storage Blob Data Contributor"
  principal_id                     = azurerm_kubernetes_cluster.dcaas.kubelet_identity[0].object_id
  skip_service_principal_aad_check = true
}

# Who runs dcaas builds its images.

resource "azurerm_role_assignment" "admins_registry" {
  scope                = azurerm_container_registry.dcaas.id
  role_definition_name = "Container Registry Repository Writer"
  principal_id         = var.tenant.admins_group_id
  principal_type       = "Group"
}
