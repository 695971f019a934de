# The function app's settings. src/config/table.rs says what each is; what stands in `settings` counts more than what
# stands here.

locals {
  settings = merge(local.host_settings, local.app_settings, var.settings)

  # The Functions host's own. `AzureWebJobsStorage` itself must never be there: the host would take it for a key.
  host_settings = {
    AzureWebJobsStorage__accountName          = azurerm_storage_account.host.name
    AzureWebJobsStorage__credential           = "managedidentity"
    AzureWebJobsStorage__clientId             = var.identity.client_id
    APPLICATIONINSIGHTS_CONNECTION_STRING     = azurerm_application_insights.dcaas.connection_string
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${var.identity.client_id};Authorization=AAD"
  }

  app_settings = {
    INSTALLATION = local.installation

    TENANT_ID        = var.tenant.tenant_id
    CLIENT_ID        = var.tenant.client_id
    GROUP_ID         = var.tenant.members_group_id
    AZURE_CLIENT_ID  = var.identity.client_id
    PRINCIPAL_ID     = var.identity.principal_id
    NOTIFICATION_URL = "https://${var.identity.host_name}/api/membership"

    KUBERNETES_URL = "https://${azurerm_kubernetes_cluster.dcaas.fqdn}:443"
    # a certificate, which is public; the provider holds all of kube_config to be secret
    KUBERNETES_CA = nonsensitive(azurerm_kubernetes_cluster.dcaas.kube_config[0].cluster_ca_certificate)

    QUEUE_URL              = azurerm_storage_account.host.primary_queue_endpoint
    BLOB_URL               = azurerm_storage_account.members.primary_blob_endpoint
    MEMBERS_ACCOUNT        = azurerm_storage_account.members.name
    MEMBERS_RESOURCE_GROUP = var.identity.resource_group
    STORAGE_CLIENT_ID      = azurerm_kubernetes_cluster.dcaas.kubelet_identity[0].client_id

    PROFILES        = module.profiles.setting
    DEFAULT_PROFILE = var.default_profile
    PROFILE_GROUPS  = jsonencode(var.profile_groups)
    PLATFORM_IMAGE  = "${local.registry_host}/platform:${var.images.platform}"
    ALLOWED_IMAGES  = join(",", concat(local.own_images, var.allowed_images))
    SERVER_LICENCE  = var.server_licence

    RECONCILE_SCHEDULE = "0 */10 * * * *"
    SWEEP_SCHEDULE     = "30 */5 * * * *"
    NIGHTLY_SCHEDULE   = "0 10,40 * * * *"

    # what the variables' prices are in
    CURRENCY = "USD"
  }

  # What the team builds is for everybody, and what a member pushes is for that member.
  own_images = ["${local.registry_host}/workspace:*", "${local.registry_host}/shared/*", "${local.registry_host}/members/{member}/*"]
}

# The secret that Graph's notifications carry: made once, and again for another version.
resource "terraform_data" "client_state" {
  input            = sha256("${uuid()}${uuid()}")
  triggers_replace = var.client_state_version

  lifecycle {
    ignore_changes = [input]
  }
}
