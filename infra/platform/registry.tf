resource "azurerm_container_registry" "dcaas" {
  name                = local.registry_name
  resource_group_name = var.identity.resource_group
  location            = var.identity.location
  sku                 = "Basic"
  admin_enabled       = false
  # Rights for each repository: a member can then have a part of the registry (infra/member-images). In this mode
  # neither AcrPull nor an owner's rights reach the images.
  role_assignment_mode = "AbacRepositoryPermissions"
  tags                 = var.identity.tags
}
