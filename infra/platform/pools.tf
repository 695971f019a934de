resource "azurerm_kubernetes_cluster_node_pool" "profile" {
  for_each = module.profiles.pools

  name                  = each.key
  kubernetes_cluster_id = azurerm_kubernetes_cluster.dcaas.id
  orchestrator_version  = var.kubernetes_version
  mode                  = "User"
  vm_size               = each.value.size
  auto_scaling_enabled  = true
  min_count             = 0
  max_count             = each.value.machines
  node_labels           = each.value.labels
  node_taints           = each.value.taints
  tags                  = var.identity.tags

  temporary_name_for_rotation = "${substr(each.key, 0, 9)}tmp"

  priority        = each.value.spot ? "Spot" : "Regular"
  eviction_policy = each.value.spot ? "Delete" : null
  spot_max_price  = each.value.spot ? -1 : null

  # A machine with somebody on it is left as it is, and not deleted when the time is up. Spot pools take no such words.
  dynamic "upgrade_settings" {
    for_each = each.value.spot ? [] : [0]

    content {
      max_surge                 = "1"
      undrainable_node_behavior = "Cordon"
    }
  }

  lifecycle {
    ignore_changes = [node_count]
  }
}

# LocalDNS answers at an address that the members' network policies shut out, and from Kubernetes 1.37 on it is on
# unless a pool says otherwise.
resource "azapi_update_resource" "local_dns" {
  for_each = merge(
    { system = "${azurerm_kubernetes_cluster.dcaas.id}/agentPools/system" },
    { for name, pool in azurerm_kubernetes_cluster_node_pool.profile : name => pool.id },
  )

  type        = "Microsoft.ContainerService/managedClusters/agentPools@2026-05-01"
  resource_id = each.value
  body        = { properties = { localDNSProfile = { mode = "Disabled" } } }
  retry       = local.one_at_a_time
}
