data "azuread_application_published_app_ids" "well_known" {}

data "azuread_service_principal" "graph" {
  client_id = data.azuread_application_published_app_ids.well_known.result.MicrosoftGraph
}

# Without the second right Graph tells of a group's members, but nothing about them, with status 200.
# A managed identity has no registration of its own: this assignment is the consent.
resource "azuread_app_role_assignment" "graph" {
  for_each = var.grant_graph_permissions ? toset(["Group.Read.All", "User.Read.All"]) : toset([])

  app_role_id         = data.azuread_service_principal.graph.app_role_ids[each.key]
  principal_object_id = var.identity.principal_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}
