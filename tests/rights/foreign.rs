//! What belongs to others: Secrets, logs and workspaces out of its members' namespaces.

use serde_json::{Value, json};

use super::{Function, Try};

fn event(namespace: &str) -> Value {
    let about = json!({ "kind": "StatefulSet", "name": "workspace", "namespace": namespace });
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": "x", "namespace": namespace },
        "involvedObject": about, "reason": "Stopped", "message": "x",
    })
}

#[tokio::test]
async fn what_it_needs_it_may() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let set = ada.set_path();
    let pvc = ada.path("persistentvolumeclaims");
    let annotation = json!({ "metadata": { "annotations": { "x": "y" } } });
    for (what, request) in [
        ("list namespaces", Try::get("/api/v1/namespaces")),
        ("list all StatefulSets", Try::get("/apis/apps/v1/statefulsets")),
        ("list all pods", Try::get("/api/v1/pods")),
        ("list nodes", Try::get("/api/v1/nodes")),
        ("read a workspace", Try::get(set.clone())),
        ("change a workspace", Try::patch(set.clone(), annotation.clone())),
        ("remove a workspace", Try::delete(set)),
        ("read the tunnel's Secret", Try::get(ada.path("secrets/tunnel"))),
        ("change a Secret", Try::patch(ada.path("secrets/tunnel"), annotation.clone())),
        ("remove a Secret", Try::delete(ada.path("secrets/tunnel"))),
        ("list a member's pods", Try::get(ada.path("pods"))),
        ("list events", Try::get(ada.path("events"))),
        ("tell of a stop by an event", Try::post(ada.path("events"), event(&ada.namespace()))),
        ("read a claim", Try::get(format!("{pvc}/home"))),
        ("mark a claim", Try::patch(format!("{pvc}/home"), annotation)),
    ] {
        function.may(what, request).await;
    }
    // the one Secret of the installation itself
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "dcaas" } });
    let own = format!("/api/v1/namespaces/{}/secrets", function.dcaas.name);
    function.may("apply its own Secret", Try::apply(format!("{own}/dcaas?"), secret)).await;
    function.dcaas.remove().await;
}

#[tokio::test]
async fn secrets_logs_and_shells_of_others_are_out_of_reach() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    let secret = |name: &str| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name } });
    for all in ["/api/v1/secrets", "/api/v1/configmaps", "/api/v1/serviceaccounts", "/api/v1/events"] {
        function.may_not("list all", Try::get(all)).await;
        function.may_not("watch all", Try::get(format!("{all}?watch=true&timeoutSeconds=1"))).await;
    }
    let installation = function.dcaas.name.clone();
    for namespace in ["kube-system", "default", "dcaas", &installation, &foreigner.namespace()] {
        let ns = format!("/api/v1/namespaces/{namespace}");
        let pods = format!("{ns}/pods/x");
        for (what, request) in [
            ("read a Secret", Try::get(format!("{ns}/secrets/tunnel"))),
            ("list Secrets", Try::get(format!("{ns}/secrets"))),
            ("make a Secret", Try::post(format!("{ns}/secrets"), secret("x"))),
            ("apply a Secret", Try::apply(format!("{ns}/secrets/x?"), secret("x"))),
            ("remove a Secret", Try::delete(format!("{ns}/secrets/tunnel"))),
            ("write an event", Try::post(format!("{ns}/events"), event(namespace))),
            ("read a log", Try::get(format!("{pods}/log"))),
            ("open a shell", Try::new("POST", format!("{pods}/exec?command=sh"), json!(null))),
            ("open a shell, by GET", Try::get(format!("{pods}/exec?command=sh"))),
            ("attach", Try::new("POST", format!("{pods}/attach"), json!(null))),
            ("open a port", Try::new("POST", format!("{pods}/portforward"), json!(null))),
            ("read a pod", Try::get(pods.clone())),
            ("remove a pod", Try::delete(pods.clone())),
            ("change a pod", Try::patch(pods.clone(), json!({ "metadata": { "labels": { "x": "y" } } }))),
            (
                "evict a pod",
                Try::post(
                    format!("{pods}/eviction"),
                    json!({
                        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": "x", "namespace": namespace },
                    }),
                ),
            ),
            ("read a configuration", Try::get(format!("{ns}/configmaps/kube-root-ca.crt"))),
            ("read a claim", Try::get(format!("{ns}/persistentvolumeclaims/home"))),
            (
                "read a workspace",
                Try::get(format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/workspace")),
            ),
            (
                "start a workspace",
                Try::patch(
                    format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/workspace"),
                    json!({ "spec": { "replicas": 1 } }),
                ),
            ),
            (
                "remove a workspace",
                Try::delete(format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/workspace")),
            ),
        ] {
            function.may_not(&format!("{what} in {namespace}"), request).await;
        }
    }
    // nor does it need all of these among its own
    let pod = ada.path("pods/workspace-0");
    for (what, request) in [
        ("change an event", Try::patch(ada.path("events/x"), json!({ "message": "x" }))),
        ("remove an event", Try::delete(ada.path("events/x"))),
        ("list Secrets", Try::get(ada.path("secrets"))),
        ("open a shell", Try::new("POST", format!("{pod}/exec?command=sh"), json!(null))),
        ("attach", Try::new("POST", format!("{pod}/attach"), json!(null))),
        ("open a port", Try::new("POST", format!("{pod}/portforward"), json!(null))),
        ("remove the home", Try::delete(ada.path("persistentvolumeclaims/home"))),
    ] {
        function.may_not(&format!("{what} of a member"), request).await;
    }
    for (what, request) in [
        ("change a node", Try::patch("/api/v1/nodes/x", json!({ "spec": { "unschedulable": true } }))),
        ("reach a node", Try::get("/api/v1/nodes/x/proxy/pods")),
        ("read a node", Try::get("/api/v1/nodes/x")),
    ] {
        function.may_not(what, request).await;
    }
    function.dcaas.remove().await;
}
