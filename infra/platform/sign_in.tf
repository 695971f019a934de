# App Service authentication: signs people in to the page, and hands on whom it knows. It lets everybody else through,
# because Graph calls with no token, and health is for anybody; who may do what, the app decides.
resource "azapi_update_resource" "sign_in" {
  type      = "Microsoft.Web/sites/config@2025-03-01"
  name      = "authsettingsV2"
  parent_id = azapi_resource.function.id

  body = {
    properties = {
      platform = { enabled = true, runtimeVersion = "~1" }
      globalValidation = {
        requireAuthentication       = false
        unauthenticatedClientAction = "AllowAnonymous"
        redirectToProvider          = "azureactivedirectory"
      }
      httpSettings = { requireHttps = true }
      login        = { tokenStore = { enabled = false } }
      identityProviders = {
        azureActiveDirectory = {
          enabled = true
          registration = {
            clientId     = var.tenant.client_id
            openIdIssuer = "https://login.microsoftonline.com/${var.tenant.tenant_id}/v2.0"
          }
          validation = {
            allowedAudiences = [var.tenant.client_id, var.tenant.audience]
            # Without this list every good token is answered with 403 before the app is called.
            defaultAuthorizationPolicy = {
              allowedApplications = [
                var.tenant.client_id,
                var.tenant.azure_cli_client_id,
                var.tenant.command_line_client_id,
              ]
            }
          }
        }
      }
    }
  }

  response_export_values = []
  retry                  = local.one_at_a_time
}
