# What the earlier roots say.

variable "identity" {
  description = "The output `identity` of infra/identity."
  type = object({
    subscription_id   = string
    name              = string
    host_name         = string
    location          = string
    resource_group    = string
    resource_group_id = string
    identity_id       = string
    client_id         = string
    principal_id      = string
    tags              = map(string)
  })
}

variable "tenant" {
  description = "The output `tenant` of infra/tenant."
  type = object({
    tenant_id              = string
    client_id              = string
    audience               = string
    azure_cli_client_id    = string
    command_line_client_id = string
    members_group_id       = string
    admins_group_id        = string
  })
}
