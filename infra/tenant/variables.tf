variable "identity" {
  description = "The output `identity` of infra/identity."
  type = object({
    name         = string
    host_name    = string
    principal_id = string
  })
}

variable "tenant_id" {
  description = "The directory, a GUID; without it, the one that you are signed in to."
  type        = string
  default     = null
}

variable "members_group_id" {
  description = "The object id of the group whose people get workspaces; without it, a group is made."
  type        = string
  default     = null

  validation {
    condition     = var.members_group_id == null || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.members_group_id))
    error_message = "members_group_id is an object id, a GUID in lower case: `az ad group show --group NAME --query id` prints it."
  }
}

variable "admins_group_id" {
  description = "The object id of the group whose people run dcaas: admins of the cluster, and of the app unless `app_admins` says otherwise; without it, a group is made."
  type        = string
  default     = null

  validation {
    condition     = var.admins_group_id == null || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.admins_group_id))
    error_message = "admins_group_id is an object id, a GUID in lower case: `az ad group show --group NAME --query id` prints it."
  }
}

variable "app_admins" {
  description = "Object ids of those who get the app role `admin`; without it, the admins' group. A group can have an app role only where the directory has Entra ID P1: name people where it has not."
  type        = set(string)
  default     = null
}

variable "grant_graph_permissions" {
  description = "Whether the function's identity is granted its rights at Microsoft Graph here. That needs a Privileged Role Administrator; with false, one of them grants the same two by hand (docs/operations.md)."
  type        = bool
  default     = true
}
