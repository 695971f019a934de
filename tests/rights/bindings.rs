//! Roles: it binds itself, to one role, in its members' namespaces, and raises nobody's rights.

use serde_json::{Value, json};

use super::{Function, Try};
use crate::world::get;

const API: &str = "rbac.authorization.k8s.io";

/// The role bindings of a namespace.
pub fn all(namespace: &str) -> String {
    format!("/apis/{API}/v1/namespaces/{namespace}/rolebindings")
}

/// Itself, as `provision` binds it.
pub fn good(function: &Function, name: &str) -> Value {
    json!({
        "apiVersion": format!("{API}/v1"),
        "kind": "RoleBinding",
        "metadata": { "name": name },
        "roleRef": { "apiGroup": API, "kind": "ClusterRole", "name": "dcaas-workspace" },
        "subjects": [{ "apiGroup": API, "kind": "User", "name": function.dcaas.principal }],
    })
}

#[tokio::test]
async fn it_binds_itself_to_one_role_in_its_members_namespaces_alone() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    let own = all(&ada.namespace());
    function.may("bind itself", Try::post(&own, good(&function, "test"))).await;

    for namespace in ["kube-system", "default", "dcaas", &function.dcaas.name, &foreigner.namespace()] {
        let request = Try::post(all(namespace), good(&function, "test"));
        function.is_denied("role-bindings", &format!("bind itself in {namespace}"), request).await;
        let request = Try::apply(format!("{}/test?", all(namespace)), good(&function, "test"));
        function.is_denied("role-bindings", &format!("bind itself in {namespace}"), request).await;
    }

    // here Kubernetes' own rule says no before ours is asked: nobody gives what they do not have
    for role in ["cluster-admin", "admin", "edit", "view", "dcaas", "system:node"] {
        let mut binding = good(&function, "test");
        binding["roleRef"]["name"] = role.into();
        function.may_not(&format!("bind {role}"), Try::post(&own, binding)).await;
    }
    let role = json!({
        "apiVersion": format!("{API}/v1"), "kind": "Role", "metadata": { "name": "dcaas-workspace" },
        "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["list"] }],
    });
    assert_eq!(Try::post(own.replace("rolebindings", "roles"), role).wet().as_admin().await.0, 201);
    let mut binding = good(&function, "test");
    binding["roleRef"]["kind"] = "Role".into();
    function.may_not("bind a Role", Try::post(&own, binding)).await;

    let user = |name: &str| json!({ "apiGroup": API, "kind": "User", "name": name });
    let group = |name: &str| json!({ "apiGroup": API, "kind": "Group", "name": name });
    let account = json!({ "kind": "ServiceAccount", "name": "default", "namespace": ada.namespace() });
    let itself = user(&function.dcaas.principal);
    let subjects = [
        ("the member", json!([user(&ada.oid)])),
        ("another installation", json!([user(&super::Installation::first().await.principal)])),
        ("everybody", json!([group("system:authenticated")])),
        ("a group of its own name", json!([group(&function.dcaas.principal)])),
        ("the pods", json!([account])),
        ("itself and another", json!([itself, user(&ada.oid)])),
        ("nobody", json!([])),
    ];
    for (who, subjects) in subjects {
        let mut binding = good(&function, "test");
        binding["subjects"] = subjects.clone();
        function.is_denied("role-bindings", &format!("bind {who}"), Try::post(&own, binding)).await;
        let request = Try::patch(format!("{own}/dcaas"), json!({ "subjects": subjects }));
        function.is_denied("role-bindings", &format!("bind {who} as well"), request).await;
    }
    function.may_not("remove a binding", Try::delete(format!("{own}/dcaas"))).await;
    let theirs = format!("{}/dcaas", all(&foreigner.namespace()));
    let request = Try::patch(theirs, json!({ "subjects": [itself] }));
    function.is_denied("role-bindings", "take another installation's", request).await;
    function.dcaas.remove().await;
}

#[tokio::test]
async fn it_raises_nobodys_rights() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let cluster = format!("/apis/{API}/v1");
    let everything = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
    let role = |kind: &str| {
        json!({
            "apiVersion": format!("{API}/v1"), "kind": kind, "metadata": { "name": "test" }, "rules": everything,
        })
    };
    let mut binding = good(&function, "test");
    binding["kind"] = "ClusterRoleBinding".into();
    let mut workspaces = binding.clone();
    workspaces["metadata"]["name"] = "test2".into();
    binding["roleRef"]["name"] = "cluster-admin".into();
    let in_member = format!("{cluster}/namespaces/{}", ada.namespace());
    let policy = format!("dcaas-{}-namespaces", function.dcaas.name);
    let admission = "/apis/admissionregistration.k8s.io/v1";
    let tries = [
        ("make a ClusterRole", Try::post(format!("{cluster}/clusterroles"), role("ClusterRole"))),
        (
            "widen its own ClusterRole",
            Try::patch(format!("{cluster}/clusterroles/dcaas"), json!({ "rules": everything })),
        ),
        (
            "widen the role that it binds",
            Try::patch(format!("{cluster}/clusterroles/dcaas-workspace"), json!({ "rules": everything })),
        ),
        ("bind in the whole cluster", Try::post(format!("{cluster}/clusterrolebindings"), binding)),
        (
            "bind its own role in the whole cluster",
            Try::post(format!("{cluster}/clusterrolebindings"), workspaces),
        ),
        ("make a Role", Try::post(format!("{in_member}/roles"), role("Role"))),
        (
            "change a policy",
            Try::patch(
                format!("{admission}/validatingadmissionpolicies/{policy}"),
                json!({ "spec": { "failurePolicy": "Ignore" } }),
            ),
        ),
        ("remove a policy", Try::delete(format!("{admission}/validatingadmissionpolicies/{policy}"))),
        (
            "remove a policy's binding",
            Try::delete(format!("{admission}/validatingadmissionpolicybindings/{policy}")),
        ),
        ("be an admin", Try::get("/api/v1/namespaces").with("impersonate-user", "admin")),
        (
            "be of the admins' group",
            Try::get("/api/v1/secrets")
                .with("impersonate-user", &function.dcaas.principal)
                .with("impersonate-group", "system:masters"),
        ),
        (
            "be another installation",
            Try::get("/api/v1/namespaces")
                .with("impersonate-user", &super::Installation::first().await.principal),
        ),
        (
            "ask for a certificate",
            Try::post(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests",
                json!({
                    "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                    "metadata": { "name": "test" },
                    "spec": { "request": "eA==", "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"] },
                }),
            ),
        ),
    ];
    for (what, request) in tries {
        function.may_not(what, request).await;
    }
    for namespace in ["kube-system", &ada.namespace()] {
        let request = Try::post(
            format!("/api/v1/namespaces/{namespace}/serviceaccounts/default/token"),
            json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} }),
        );
        function.may_not(&format!("make a token of an account in {namespace}"), request).await;
    }
    // nothing is bound to a member or to a pod
    let bindings = get(&all(&ada.namespace())).await.unwrap();
    let bindings = bindings["items"].as_array().unwrap();
    assert_eq!(bindings.len(), 1, "{bindings:?}");
    assert_eq!(bindings[0]["subjects"][0]["name"], function.dcaas.principal.as_str());
    function.dcaas.remove().await;
}
