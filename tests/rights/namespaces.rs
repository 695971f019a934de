//! Namespaces: those of its own members, of one kind, and no other.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Function, Try};

const ALL: &str = "/api/v1/namespaces";

/// A namespace as `provision` makes it.
pub fn good(function: &Function, oid: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": format!("dc-{oid}"), "labels": {
            "app.kubernetes.io/managed-by": "dcaas",
            "app.kubernetes.io/instance": function.dcaas.name,
            "dcaas.dev/member": oid,
            "pod-security.kubernetes.io/enforce": "baseline",
            "pod-security.kubernetes.io/warn": "baseline",
            "pod-security.kubernetes.io/audit": "baseline",
        } },
    })
}

#[tokio::test]
async fn it_makes_namespaces_of_members_and_of_no_other_kind() {
    let function = Function::new().await;
    let oid = Uuid::new_v4().to_string();
    let name = format!("dc-{oid}");
    function.may("make a member's namespace", Try::post(ALL, good(&function, &oid))).await;
    let one = format!("{ALL}/{name}");
    function.may("apply it", Try::apply(format!("{one}?"), good(&function, &oid))).await;

    let named = |other: String| {
        let mut namespace = good(&function, &oid);
        namespace["metadata"]["name"] = other.into();
        namespace
    };
    let labelled = |label: &str, value: Value| {
        let mut namespace = good(&function, &oid);
        match value {
            Value::Null => drop(namespace["metadata"]["labels"].as_object_mut().unwrap().remove(label)),
            value => namespace["metadata"]["labels"][label] = value,
        }
        namespace
    };
    let mut bare = good(&function, &oid);
    bare["metadata"].as_object_mut().unwrap().remove("labels");
    let wrong = [
        ("any name", named("evil".into())),
        ("Kubernetes' own names", named("kube-extra".into())),
        ("no object id", named("dc-ada".into())),
        ("less than an object id", named(name[..name.len() - 1].into())),
        ("more than an object id", named(format!("{name}-2"))),
        ("something before it", named(format!("x-{name}"))),
        ("no labels", bare),
        ("another member's label", labelled("dcaas.dev/member", json!(Uuid::new_v4()))),
        ("no member's label", labelled("dcaas.dev/member", Value::Null)),
        ("another installation's label", labelled("app.kubernetes.io/instance", json!("dcaas"))),
        ("no installation's label", labelled("app.kubernetes.io/instance", Value::Null)),
        ("managed by another", labelled("app.kubernetes.io/managed-by", json!("Helm"))),
        ("no Pod Security", labelled("pod-security.kubernetes.io/enforce", Value::Null)),
        ("privileged Pod Security", labelled("pod-security.kubernetes.io/enforce", json!("privileged"))),
        ("Pod Security of old", labelled("pod-security.kubernetes.io/enforce-version", json!("v1.0"))),
        ("a label that others trust", labelled("kubernetes.azure.com/managedby", json!("aks"))),
        ("a label that opens a network policy", labelled("team", json!("payments"))),
    ];
    for (what, namespace) in wrong {
        function.is_denied("namespaces", what, Try::post(ALL, namespace.clone())).await;
        let path = format!("{ALL}/{}?", namespace["metadata"]["name"].as_str().unwrap());
        function.is_denied("namespaces", &format!("{what}, applied"), Try::apply(path, namespace)).await;
    }
    function.dcaas.remove().await;
}

#[tokio::test]
async fn a_namespace_of_others_it_neither_changes_nor_adopts_nor_removes() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    // of a name like ours, but made by an admin
    let lookalike = Uuid::new_v4().to_string();
    let made =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("dc-{lookalike}") } });
    assert_eq!(Try::post(ALL, made).wet().as_admin().await.0, 201);

    let annotation = json!({ "metadata": { "annotations": { "dcaas.dev/left": "x" } } });
    let foreign = [
        "kube-system".to_owned(),
        "default".to_owned(),
        function.dcaas.name.clone(),
        "dcaas".to_owned(),
        foreigner.namespace(),
        format!("dc-{lookalike}"),
    ];
    for name in foreign {
        let path = format!("{ALL}/{name}");
        let denied = async |what: &str, request: Try| {
            function.is_denied("namespaces", &format!("{what} {name}"), request).await;
        };
        denied("annotate", Try::patch(&path, annotation.clone())).await;
        let labels = good(&function, name.trim_start_matches("dc-"))["metadata"]["labels"].clone();
        denied("relabel", Try::patch(&path, json!({ "metadata": { "labels": labels } }))).await;
        // some of Kubernetes' own it keeps from being removed by anybody
        function.may_not(&format!("remove {name}"), Try::delete(&path)).await;
        let mut adopted = good(&function, &lookalike);
        adopted["metadata"]["name"] = name.as_str().into();
        denied("adopt", Try::apply(format!("{path}?"), adopted)).await;
        for (what, sub) in [("finalize", "finalize"), ("set the status of", "status")] {
            let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            let request = Try::new("PUT", format!("{path}/{sub}"), body).dry();
            function.may_not(&format!("{what} {name}"), request).await;
        }
    }
    function.may_not("remove all namespaces", Try::delete(ALL)).await;

    // its own it may mark, but neither open nor give away
    let own = format!("{ALL}/{}", ada.namespace());
    function.may("mark a namespace", Try::patch(&own, annotation)).await;
    function.may("remove a member's namespace", Try::delete(&own)).await;
    for (what, labels) in [
        ("take off the member's label", json!({ "dcaas.dev/member": null })),
        ("give it to another installation", json!({ "app.kubernetes.io/instance": "dcaas" })),
        ("open it", json!({ "pod-security.kubernetes.io/enforce": "privileged" })),
        ("take off Pod Security", json!({ "pod-security.kubernetes.io/enforce": null })),
        ("add what others trust", json!({ "team": "payments" })),
    ] {
        let request = Try::patch(&own, json!({ "metadata": { "labels": labels } }));
        function.is_denied("namespaces", what, request).await;
    }
    // a label that an admin put there keeps nobody from working
    let labels = json!({ "metadata": { "labels": { "team": "payments" } } });
    assert_eq!(Try::patch(&own, labels).wet().as_admin().await.0, 200);
    function.may("apply it again", Try::apply(format!("{own}?"), good(&function, &ada.oid))).await;
    let request = Try::patch(&own, json!({ "metadata": { "labels": { "team": "other" } } }));
    function.is_denied("namespaces", "change an admin's label", request).await;

    assert_eq!(Try::delete(format!("{ALL}/dc-{lookalike}")).wet().as_admin().await.0, 200);
    function.dcaas.remove().await;
}
