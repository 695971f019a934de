//! Who has which role of Azure, and where: this table and nothing else.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use super::roots::{ROOTS, Root, address};

const HOST: &str = "azurerm_storage_account.host.id";
const MEMBERS: &str = "azurerm_storage_account.members.id";
const REGISTRY: &str = "azurerm_container_registry.dcaas.id";
const FUNCTION: &str = "var.identity.principal_id";
const NODES: &str = "azurerm_kubernetes_cluster.dcaas.kubelet_identity[0].object_id";

/// Principal, role, scope.
const RIGHTS: [(&str, &str, &str); 8] = [
    (FUNCTION, "Storage Blob Data Owner", HOST),
    (FUNCTION, "Storage Queue Data Contributor", HOST),
    (FUNCTION, "Storage Table Data Contributor", HOST),
    (FUNCTION, "Storage Blob Data Contributor", MEMBERS),
    (FUNCTION, "Monitoring Metrics Publisher", "azurerm_application_insights.dcaas.id"),
    (NODES, "Storage Blob Data Contributor", MEMBERS),
    (NODES, "Container Registry Repository Reader", REGISTRY),
    ("var.tenant.admins_group_id", "Container Registry Repository Writer", REGISTRY),
];

fn text(block: &Block, name: &str) -> String {
    block.body.get_attribute(name).map(|a| a.value.to_string().trim().to_owned()).unwrap_or_default()
}

/// The texts of a list that is written out, also within a function call.
fn list(value: &Expression) -> Vec<String> {
    match value {
        Expression::Array(items) => items.iter().filter_map(|item| Some(item.as_str()?.to_owned())).collect(),
        Expression::FuncCall(call) => call.args.iter().flat_map(list).collect(),
        Expression::Conditional(conditional) => {
            [&conditional.true_expr, &conditional.false_expr].into_iter().flat_map(list).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn each_identity_has_its_roles_and_no_others() {
    let mut found = BTreeSet::new();
    for root in ROOTS.map(Root::read) {
        for block in root.blocks("resource").filter(|b| address(b).contains(".azurerm_role_assignment.")) {
            let role = text(block, "role_definition_name");
            let roles = match block.body.get_attribute("for_each") {
                Some(each) => list(&each.value),
                None => vec![role.trim_matches('"').to_owned()],
            };
            for role in roles {
                found.insert((text(block, "principal_id"), role, text(block, "scope")));
            }
        }
    }
    let expected: BTreeSet<_> = RIGHTS
        .iter()
        .map(|(who, role, on)| ((*who).to_owned(), (*role).to_owned(), (*on).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_function_may_read_groups_and_people_at_graph_and_no_more() {
    let tenant = Root::read("tenant");
    let graph = tenant
        .blocks("resource")
        .find(|b| address(b).ends_with("azuread_app_role_assignment.graph"))
        .unwrap();
    let rights = list(&graph.body.get_attribute("for_each").unwrap().value);
    assert_eq!(rights, ["Group.Read.All", "User.Read.All"]);
    assert_eq!(text(graph, "principal_object_id"), FUNCTION);
}

#[test]
fn nothing_has_a_key_and_the_cluster_has_no_way_round_its_own_roles() {
    let platform = Root::read("platform");
    for block in platform.blocks("resource").filter(|b| address(b).contains(".azurerm_storage_account.")) {
        assert_eq!(text(block, "shared_access_key_enabled"), "false", "{}", address(block));
        assert_eq!(text(block, "local_user_enabled"), "false", "{}", address(block));
    }
    let of = |name: &str| platform.blocks("resource").find(|b| address(b).ends_with(name)).unwrap();
    assert_eq!(text(of("azurerm_container_registry.dcaas"), "admin_enabled"), "false");
    let cluster = of("azurerm_kubernetes_cluster.dcaas");
    assert_eq!(text(cluster, "local_account_disabled"), "true");
    assert_eq!(text(cluster, "run_command_enabled"), "false");
    let entra = cluster.body.get_blocks("azure_active_directory_role_based_access_control").next().unwrap();
    assert_eq!(text(entra, "azure_rbac_enabled"), "false");
}
