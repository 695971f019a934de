//! Pods: it makes none itself, and where a member's may run, nothing privileged does.

use serde_json::{Value, json};

use super::{Function, Try};

fn pod(spec: Value, container: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "test" },
        "spec": { "containers": [{ "name": "test", "image": "dcaas.example/workspace:dev" }] },
    });
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod["spec"]["containers"][0].as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    pod
}

#[tokio::test]
async fn it_makes_no_pod_and_nothing_else_that_makes_pods() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    for namespace in
        ["kube-system", "default", &function.dcaas.name, &foreigner.namespace(), &ada.namespace()]
    {
        let request = Try::post(format!("/api/v1/namespaces/{namespace}/pods"), pod(json!({}), json!({})));
        function.may_not(&format!("make a pod in {namespace}"), request).await;
        for (group, kind, plural) in [
            ("apps", "DaemonSet", "daemonsets"),
            ("apps", "Deployment", "deployments"),
            ("apps", "ReplicaSet", "replicasets"),
            ("batch", "Job", "jobs"),
            ("batch", "CronJob", "cronjobs"),
        ] {
            let body =
                json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": { "name": "test" } });
            let request = Try::post(format!("/apis/{group}/v1/namespaces/{namespace}/{plural}"), body);
            function.may_not(&format!("make a {kind} in {namespace}"), request).await;
        }
    }
    let set = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "test" } });
    for namespace in ["kube-system", "default", &function.dcaas.name, &foreigner.namespace()] {
        let request = Try::post(format!("/apis/apps/v1/namespaces/{namespace}/statefulsets"), set.clone());
        function.may_not(&format!("make a StatefulSet in {namespace}"), request).await;
    }
    function.dcaas.remove().await;
}

#[tokio::test]
async fn in_a_members_namespace_nothing_privileged_runs_whoever_asks() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let make = |pod: Value| Try::post(ada.path("pods"), pod);
    let (status, body) = make(pod(json!({}), json!({}))).as_admin().await;
    assert_eq!(status, 201, "an ordinary pod may run: {body}");
    let mount = json!([{ "name": "x", "hostPath": { "path": "/" } }]);
    for (what, pod) in [
        ("privileged", pod(json!({}), json!({ "securityContext": { "privileged": true } }))),
        ("with a folder of the node", pod(json!({ "volumes": mount }), json!({}))),
        ("in the node's network", pod(json!({ "hostNetwork": true }), json!({}))),
        ("among the node's processes", pod(json!({ "hostPID": true }), json!({}))),
        (
            "with more capabilities",
            pod(json!({}), json!({ "securityContext": { "capabilities": { "add": ["SYS_ADMIN"] } } })),
        ),
        (
            "on a port of the node",
            pod(json!({}), json!({ "ports": [{ "containerPort": 80, "hostPort": 80 }] })),
        ),
    ] {
        let (status, body) = make(pod).as_admin().await;
        assert_eq!(status, 403, "{what}: {body}");
        assert!(body["message"].as_str().unwrap().contains("violates PodSecurity"), "{what}: {body}");
    }
    function.dcaas.remove().await;
}
