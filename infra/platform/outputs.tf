output "address" {
  description = "Where people go."
  value       = "https://${var.identity.host_name}/"
}

output "function" {
  description = "The app that the package is published to."
  value       = { name = azapi_resource.function.name, resource_group = var.identity.resource_group }
}

output "cluster" {
  description = "The cluster that the manifests are applied to."
  value       = { name = azurerm_kubernetes_cluster.dcaas.name, resource_group = var.identity.resource_group }
}

output "registry" {
  description = "The registry that the images are built in."
  value       = { name = azurerm_container_registry.dcaas.name, id = azurerm_container_registry.dcaas.id }
}

output "images" {
  description = "The images that the app's settings name."
  value = {
    platform  = local.settings.PLATFORM_IMAGE
    workspace = "${local.registry_host}/workspace:${var.images.workspace}"
  }
}

output "manifests" {
  description = "What infra/kubernetes/apply fills in."
  value = {
    INSTALLATION    = local.installation
    PRINCIPAL_ID    = var.identity.principal_id
    MEMBERS_ACCOUNT = azurerm_storage_account.members.name
  }
}

output "costs" {
  description = "US dollars, by list prices: a month in which nobody works, and an hour of each profile."
  value = {
    # machines, their disks, load balancer and address, registry, storage and logs
    idle_per_month = ceil(
      var.system_pool.least * (var.system_pool.price_per_hour * 730 + 20)
      + (var.cluster_tier == "Standard" ? 73 : 0) + 23 + 5 + 7
    )
    per_hour = { for name, profile in var.profiles : name => profile.price_per_hour }
  }
}
