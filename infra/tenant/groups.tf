locals {
  members_group_id = var.members_group_id != null ? var.members_group_id : azuread_group.members[0].object_id
  admins_group_id  = var.admins_group_id != null ? var.admins_group_id : azuread_group.admins[0].object_id
}

resource "azuread_group" "members" {
  count = var.members_group_id == null ? 1 : 0

  display_name            = "${var.identity.name}-members"
  description             = "Who is in this group has a workspace at https://${var.identity.host_name}/."
  security_enabled        = true
  prevent_duplicate_names = true

  # People are added and removed by hand, or by whatever else fills groups.
  lifecycle {
    ignore_changes = [members, owners]
  }
}

resource "azuread_group" "admins" {
  count = var.admins_group_id == null ? 1 : 0

  display_name            = "${var.identity.name}-admins"
  description             = "Who is in this group runs dcaas."
  security_enabled        = true
  prevent_duplicate_names = true

  lifecycle {
    ignore_changes = [members, owners]
  }
}

# What `for_each` goes by has to be known before anything is made, and the id of a group that is yet to be made is not.
locals {
  app_admins = var.app_admins == null ? { admins-group = local.admins_group_id } : { for id in var.app_admins : id => id }
}

resource "azuread_app_role_assignment" "admins" {
  for_each = local.app_admins

  app_role_id         = azuread_application_app_role.admin.role_id
  principal_object_id = each.value
  resource_object_id  = azuread_service_principal.api.object_id
}
