locals {
  # What else may call us with a person's token.
  azure_cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
  # Names that are the same in every run, and differ between installations.
  scope_id = uuidv5("url", "https://${var.identity.host_name}/scope/access")
  role_id  = uuidv5("url", "https://${var.identity.host_name}/role/admin")
}

# What tokens for dcaas are made for.
resource "azuread_application_registration" "api" {
  display_name     = var.identity.name
  description      = "Workspaces with a GPU, for the people of a group."
  sign_in_audience = "AzureADMyOrg"
  homepage_url     = "https://${var.identity.host_name}/"

  requested_access_token_version = 2
  # App Service authentication has no secret here: it asks for an ID token.
  implicit_id_token_issuance_enabled = true
}

resource "azuread_application_identifier_uri" "api" {
  application_id = azuread_application_registration.api.id
  identifier_uri = "api://${azuread_application_registration.api.client_id}"
}

resource "azuread_application_permission_scope" "access" {
  application_id             = azuread_application_registration.api.id
  scope_id                   = local.scope_id
  value                      = "access"
  type                       = "User"
  admin_consent_display_name = "Use dcaas"
  admin_consent_description  = "Start, stop and see your own workspace."
  user_consent_display_name  = "Use dcaas"
  user_consent_description   = "Start, stop and see your own workspace."
}

resource "azuread_application_app_role" "admin" {
  application_id       = azuread_application_registration.api.id
  role_id              = local.role_id
  value                = "admin"
  display_name         = "Admin"
  description          = "Sees everybody's workspaces, and acts for others."
  allowed_member_types = ["User"]
}

resource "azuread_application_redirect_uris" "browser" {
  application_id = azuread_application_registration.api.id
  type           = "Web"
  redirect_uris  = ["https://${var.identity.host_name}/.auth/login/aad/callback"]
}

resource "azuread_service_principal" "api" {
  client_id = azuread_application_registration.api.client_id
}

# Nobody is asked for consent by these two.
resource "azuread_application_pre_authorized" "clients" {
  for_each = {
    azure-cli    = local.azure_cli
    command-line = azuread_application_registration.command_line.client_id
  }

  application_id       = azuread_application_registration.api.id
  authorized_client_id = each.value
  permission_ids       = [azuread_application_permission_scope.access.scope_id]
}

# The command line signs people in with a code, and so has no secret.
resource "azuread_application_registration" "command_line" {
  display_name     = "${var.identity.name} command line"
  sign_in_audience = "AzureADMyOrg"
}

resource "azuread_application_fallback_public_client" "command_line" {
  application_id = azuread_application_registration.command_line.id
  enabled        = true
}

resource "azuread_service_principal" "command_line" {
  client_id = azuread_application_registration.command_line.client_id
}
