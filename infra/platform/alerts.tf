resource "azurerm_monitor_action_group" "people" {
  name                = "${var.identity.name}-people"
  resource_group_name = var.identity.resource_group
  short_name          = substr(local.compact, 0, 12)
  tags                = var.identity.tags

  email_receiver {
    name          = "people"
    email_address = var.alert_email
  }
}

locals {
  # Each counts rows; docs/operations.md says what to do about each.
  alerts = {
    app-down = {
      description = "No comparison of the group with the cluster has run for half an hour: the app or its timers are down."
      query       = "AppRequests | where Name == 'reconcile'"
      rows        = "LessThan"
      threshold   = 1
      window      = "PT30M"
    }
    subscription-missing = {
      description = "Comparing the group with the cluster, or keeping the subscription to the group alive, fails again and again."
      query       = "AppRequests | where Name == 'reconcile' and Success == false"
      rows        = "GreaterThan"
      threshold   = 2
      window      = "PT1H"
    }
    brake-held = {
      description = "More people would lose their workspaces than is likely, and nobody is removed until a person has looked."
      query       = "AppTraces | where Message contains 'Nobody is removed since'"
      rows        = "GreaterThan"
      threshold   = 0
      window      = "PT30M"
    }
    poison = {
      description = "A message about a member could not be worked off five times, and was set aside."
      query       = "AppTraces | where Message contains 'members-poison'"
      rows        = "GreaterThan"
      threshold   = 0
      window      = "PT30M"
    }
    settings-faulty = {
      description = "The app's settings have faults: every answer and `health` list them."
      query       = "AppRequests | where ResultCode == '500' | where Name != 'home'"
      rows        = "GreaterThan"
      threshold   = 10
      window      = "PT30M"
    }
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "logs" {
  for_each = local.alerts

  name                 = "${var.identity.name}-${each.key}"
  description          = each.value.description
  resource_group_name  = var.identity.resource_group
  location             = var.identity.location
  scopes               = [azurerm_log_analytics_workspace.dcaas.id]
  severity             = 1
  evaluation_frequency = "PT15M"
  window_duration      = each.value.window
  # A new workspace does not know a table until its first row.
  skip_query_validation   = true
  auto_mitigation_enabled = true
  tags                    = var.identity.tags

  criteria {
    query                   = each.value.query
    time_aggregation_method = "Count"
    operator                = each.value.rows
    threshold               = each.value.threshold
  }

  action {
    action_groups = [azurerm_monitor_action_group.people.id]
  }
}

# A machine that the autoscaler would take away and that is still there after an hour costs money for nobody.
resource "azurerm_monitor_metric_alert" "machine_stays" {
  name                = "${var.identity.name}-machine-stays"
  description         = "A machine with nobody on it is still there after an hour."
  resource_group_name = var.identity.resource_group
  scopes              = [azurerm_kubernetes_cluster.dcaas.id]
  severity            = 2
  frequency           = "PT15M"
  window_size         = "PT1H"
  tags                = var.identity.tags

  criteria {
    metric_namespace = "Microsoft.ContainerService/managedClusters"
    metric_name      = "cluster_autoscaler_unneeded_nodes_count"
    aggregation      = "Average"
    operator         = "GreaterThanOrEqual"
    threshold        = 1
  }

  action {
    action_group_id = azurerm_monitor_action_group.people.id
  }
}
