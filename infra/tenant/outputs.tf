data "azuread_client_config" "current" {}

output "tenant" {
  description = "What infra/platform is told: its variable `tenant`."
  value = {
    tenant_id              = data.azuread_client_config.current.tenant_id
    client_id              = azuread_application_registration.api.client_id
    audience               = azuread_application_identifier_uri.api.identifier_uri
    azure_cli_client_id    = local.azure_cli
    command_line_client_id = azuread_application_registration.command_line.client_id
    members_group_id       = local.members_group_id
    admins_group_id        = local.admins_group_id
  }
}
