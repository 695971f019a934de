# Runs with made-up answers of the providers: nothing is asked of Azure.
mock_provider "azurerm" {
  override_during = plan

  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.ContainerService/managedClusters/dcaas-example"
      fqdn             = "dcaas-example-1a2b3c.hcp.westeurope.azmk8s.io"
      kube_config      = [{ cluster_ca_certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==" }]
      kubelet_identity = [{ client_id = "55555555-5555-5555-5555-555555555555", object_id = "55555555-5555-5555-5555-55555555aaaa" }]
    }
  }

  mock_resource "azurerm_kubernetes_cluster_node_pool" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.ContainerService/managedClusters/dcaas-example/agentPools/pool" }
  }

  mock_resource "azurerm_storage_account" {
    defaults = {
      id                     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.Storage/storageAccounts/dcaasexample"
      primary_blob_endpoint  = "https://dcaasexample.blob.core.windows.net/"
      primary_queue_endpoint = "https://dcaasexample.queue.core.windows.net/"
    }
  }

  mock_resource "azurerm_container_registry" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.ContainerRegistry/registries/dcaasexample" }
  }

  mock_resource "azurerm_log_analytics_workspace" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.OperationalInsights/workspaces/dcaas-example" }
  }

  mock_resource "azurerm_application_insights" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.Insights/components/dcaas-example" }
  }

  mock_resource "azurerm_monitor_action_group" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.Insights/actionGroups/dcaas-example-people" }
  }

  mock_resource "azurerm_service_plan" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.Web/serverFarms/dcaas-example-plan" }
  }
}

mock_provider "azapi" {
  override_during = plan

  mock_resource "azapi_resource" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.Web/sites/dcaas-example" }
  }
}

variables {
  server_licence = "accepted"
  alert_email    = "people@example.com"

  identity = {
    subscription_id   = "00000000-0000-0000-0000-000000000000"
    name              = "dcaas-example"
    host_name         = "dcaas-example.azurewebsites.net"
    location          = "westeurope"
    resource_group    = "dcaas-example"
    resource_group_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example"
    identity_id       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dcaas-example-function"
    client_id         = "33333333-3333-3333-3333-333333333333"
    principal_id      = "44444444-4444-4444-4444-444444444444"
    tags              = {}
  }

  tenant = {
    tenant_id              = "11111111-1111-1111-1111-111111111111"
    client_id              = "22222222-2222-2222-2222-222222222222"
    audience               = "api://22222222-2222-2222-2222-222222222222"
    azure_cli_client_id    = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    command_line_client_id = "88888888-8888-8888-8888-888888888888"
    members_group_id       = "66666666-6666-6666-6666-666666666666"
    admins_group_id        = "99999999-9999-9999-9999-999999999999"
  }
}

# Plans alone, and of these resources: what names the machines' own identity is left out, because that is a block which
# Azure fills in, and made-up answers have no blocks.
# tests/infra/settings.rs tries the app's settings, and tests/infra/rights.rs the rights.

run "pools" {
  command = plan

  plan_options {
    target = [azurerm_kubernetes_cluster_node_pool.profile, azapi_update_resource.local_dns, azurerm_monitor_metric_alert.machine_stays]
  }

  assert {
    condition     = keys(azurerm_kubernetes_cluster_node_pool.profile) == ["cpu", "t4"] && alltrue([for pool in azurerm_kubernetes_cluster_node_pool.profile : pool.min_count == 0])
    error_message = "Each profile has a pool, and none of them costs anything while nobody works."
  }

  assert {
    condition     = length(azapi_update_resource.local_dns) == 3
    error_message = "LocalDNS is off in every pool."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.profile["t4"].upgrade_settings[0].undrainable_node_behavior == "Cordon"
    error_message = "A machine with somebody on it is not deleted by an upgrade."
  }
}

run "a_spot_pool" {
  command = plan

  plan_options {
    target = [azurerm_kubernetes_cluster_node_pool.profile]
  }

  variables {
    profiles = {
      t4 = { size = "Standard_NC4as_T4_v3", cpu = "3", memory = "20Gi", gpus = 1, spot = true, price_per_hour = 0.07 }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.profile["t4"].priority == "Spot" && length(azurerm_kubernetes_cluster_node_pool.profile["t4"].upgrade_settings) == 0
    error_message = "A spot pool takes no words about upgrades."
  }
}

run "the_app_and_what_watches_it" {
  command = plan

  plan_options {
    target = [
      azapi_resource.function,
      azapi_update_resource.passwords,
      azapi_update_resource.sign_in,
      azurerm_consumption_budget_subscription.dcaas,
      azurerm_monitor_scheduled_query_rules_alert_v2.logs,
      azurerm_role_assignment.function_host,
      azurerm_role_assignment.function_logs,
      azurerm_role_assignment.function_members,
      azurerm_storage_queue.members,
    ]
  }

  assert {
    condition     = azapi_resource.function.body.properties.functionAppConfig.deployment.storage.value == "https://dcaasexample.blob.core.windows.net/packages"
    error_message = "The package lies in the host's account."
  }

  assert {
    condition     = length(azurerm_monitor_scheduled_query_rules_alert_v2.logs) == 5 && length(azapi_update_resource.passwords) == 2
    error_message = "Each alert is made, and no password publishes the app."
  }

  assert {
    condition     = one(azurerm_consumption_budget_subscription.dcaas.filter).dimension != null && length(azurerm_consumption_budget_subscription.dcaas.notification) == 3
    error_message = "The budget is of both groups, and tells three times."
  }
}
