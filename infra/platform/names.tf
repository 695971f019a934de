locals {
  # What the installation is called in the cluster: its namespace, and a label of everything it makes.
  installation = lookup(var.settings, "INSTALLATION", "dcaas")

  # Accounts and registries have names without dashes, which nobody else in Azure may have.
  compact       = replace(var.identity.name, "-", "")
  node_group    = "${var.identity.resource_group}-nodes"
  registry_name = local.compact
  registry_host = "${local.registry_name}.azurecr.io"

  # Azure takes one change of an app or a cluster at a time, and refuses another one until that is done.
  one_at_a_time = { error_message_regex = ["(?i)another ?operation"] }
}
