# Runs with made-up answers of the provider: nothing is asked of Entra.
mock_provider "azuread" {
  mock_data "azuread_client_config" {
    defaults = { tenant_id = "11111111-1111-1111-1111-111111111111" }
  }

  mock_data "azuread_application_published_app_ids" {
    defaults = { result = { MicrosoftGraph = "00000003-0000-0000-c000-000000000000" } }
  }

  mock_data "azuread_service_principal" {
    defaults = {
      object_id    = "77777777-7777-7777-7777-777777777777"
      app_role_ids = { "Group.Read.All" = "5b567255-7703-4780-807c-7be8301ae99b", "User.Read.All" = "df021288-bdef-4463-88db-98f22de89214" }
    }
  }

  mock_resource "azuread_application_registration" {
    defaults = {
      id        = "/applications/22222222-2222-2222-2222-222222222222"
      client_id = "22222222-2222-2222-2222-222222222222"
    }
  }

  mock_resource "azuread_service_principal" {
    defaults = { object_id = "88888888-8888-8888-8888-888888888888" }
  }

  mock_resource "azuread_group" {
    defaults = { object_id = "66666666-6666-6666-6666-666666666666" }
  }
}

variables {
  identity = {
    name         = "dcaas-example"
    host_name    = "dcaas-example.azurewebsites.net"
    principal_id = "44444444-4444-4444-4444-444444444444"
  }
}

run "everything_is_made" {
  assert {
    condition     = length(azuread_group.members) == 1 && length(azuread_group.admins) == 1 && length(azuread_app_role_assignment.graph) == 2
    error_message = "Both groups are made, and both rights are granted."
  }

  assert {
    condition     = output.tenant.members_group_id == "66666666-6666-6666-6666-666666666666"
    error_message = "The group that was made is the one that counts."
  }

  assert {
    condition     = azuread_application_redirect_uris.browser.redirect_uris == toset(["https://dcaas-example.azurewebsites.net/.auth/login/aad/callback"])
    error_message = "The browser comes back to App Service authentication."
  }
}

run "groups_are_given_and_somebody_else_grants" {
  variables {
    members_group_id        = "66666666-6666-6666-6666-66666666aaaa"
    admins_group_id         = "66666666-6666-6666-6666-66666666bbbb"
    app_admins              = ["66666666-6666-6666-6666-66666666cccc"]
    grant_graph_permissions = false
  }

  assert {
    condition     = length(azuread_group.members) == 0 && length(azuread_group.admins) == 0 && length(azuread_app_role_assignment.graph) == 0
    error_message = "Nothing is made that is given."
  }

  assert {
    condition     = output.tenant.admins_group_id == "66666666-6666-6666-6666-66666666bbbb" && keys(azuread_app_role_assignment.admins) == ["66666666-6666-6666-6666-66666666cccc"]
    error_message = "The groups that are given count, and app_admins more than the group."
  }
}

run "a_group_by_its_name" {
  command = plan

  variables {
    members_group_id = "Research"
  }

  expect_failures = [var.members_group_id]
}
