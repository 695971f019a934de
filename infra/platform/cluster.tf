resource "azurerm_kubernetes_cluster" "dcaas" {
  name                = var.identity.name
  resource_group_name = var.identity.resource_group
  node_resource_group = local.node_group
  location            = var.identity.location
  dns_prefix          = var.identity.name
  tags                = var.identity.tags

  sku_tier                  = var.cluster_tier
  kubernetes_version        = var.kubernetes_version
  automatic_upgrade_channel = "patch"
  node_os_upgrade_channel   = "NodeImage"

  local_account_disabled    = true
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  run_command_enabled       = false

  identity {
    type = "SystemAssigned"
  }

  # Kubernetes' own roles alone decide, for the function and for the admins.
  azure_active_directory_role_based_access_control {
    tenant_id              = var.tenant.tenant_id
    azure_rbac_enabled     = false
    admin_group_object_ids = [var.tenant.admins_group_id]
  }

  # Machines come with the pools below, and not as the cluster sees fit.
  node_provisioning_profile {
    mode = "Manual"
  }

  # A policy engine has to be there: without one, the members' network policies would be ignored in silence.
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
  }

  storage_profile {
    blob_driver_enabled = true
  }

  # An idle GPU machine goes within ten minutes. A workspace that runs is never moved for that: its pod says so.
  auto_scaler_profile {
    expander                      = "least-waste"
    scale_down_delay_after_add    = "5m"
    scale_down_unneeded           = "5m"
    scale_down_unready            = "10m"
    max_graceful_termination_sec  = "600"
    skip_nodes_with_local_storage = false
    skip_nodes_with_system_pods   = true
  }

  default_node_pool {
    name                         = "system"
    vm_size                      = var.system_pool.size
    auto_scaling_enabled         = true
    min_count                    = var.system_pool.least
    max_count                    = var.system_pool.most
    only_critical_addons_enabled = true
    orchestrator_version         = var.kubernetes_version
    temporary_name_for_rotation  = "systemtmp"
    tags                         = var.identity.tags

    upgrade_settings {
      max_surge                 = "1"
      undrainable_node_behavior = "Cordon"
    }
  }

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day
    start_time  = var.maintenance.start
    utc_offset  = var.maintenance.utc_offset
    duration    = var.maintenance.hours
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day
    start_time  = var.maintenance.start
    utc_offset  = var.maintenance.utc_offset
    duration    = var.maintenance.hours
  }

  lifecycle {
    ignore_changes = [default_node_pool[0].node_count]
  }
}
