# Runs with made-up answers of the provider: nothing is asked of Azure.
mock_provider "azurerm" {
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/dcaas-example/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dcaas-example-function"
      client_id    = "33333333-3333-3333-3333-333333333333"
      principal_id = "44444444-4444-4444-4444-444444444444"
    }
  }
}

variables {
  subscription_id = "00000000-0000-0000-0000-000000000000"
  name            = "dcaas-example"
}

run "names" {
  assert {
    condition     = output.identity.host_name == "dcaas-example.azurewebsites.net"
    error_message = "The app's address comes from its name."
  }

  assert {
    condition     = output.identity.principal_id == "44444444-4444-4444-4444-444444444444" && output.identity.resource_group == "dcaas-example"
    error_message = "The next roots are told of the identity and the group."
  }
}

run "a_name_that_no_storage_account_can_have" {
  command = plan

  variables {
    name = "a-name-that-is-much-too-long-for-it"
  }

  expect_failures = [var.name]
}

run "a_subscription_that_is_no_guid" {
  command = plan

  variables {
    subscription_id = "Pay-As-You-Go"
  }

  expect_failures = [var.subscription_id]
}
