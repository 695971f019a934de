//! A machine that stays although nobody is on it: an admin is told which, and which pod keeps it.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::machines::runs;
use crate::world::{Installation, Person, eventually, get, kubernetes, with_profiles};

/// What the last comparison found of this machine, as it is remembered.
async fn remembered(dcaas: &Installation, node: &str) -> Option<Value> {
    let all = memory(dcaas).await["empty"].as_array()?.clone();
    all.into_iter().find(|empty| empty["node"] == node)
}

async fn memory(dcaas: &Installation) -> Value {
    let secret = get(&secret(dcaas)).await.unwrap();
    let bytes = BASE64_STANDARD.decode(secret["data"]["comparison"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn secret(dcaas: &Installation) -> String {
    format!("/api/v1/namespaces/{}/secrets/dcaas", dcaas.name)
}

#[tokio::test]
async fn a_machine_that_somebody_elses_pod_keeps_is_told_and_is_no_fault() {
    Installation::own(with_profiles(&["lingers"]), |dcaas| async move {
        let admin = json!({ "installation": dcaas.name, "admin": true, "member": false });
        let boss = Person::made(admin).await.token().await;
        let told = async || {
            let all = dcaas.get(&boss, "/api/workspaces").await.json();
            all["comparison"]["machines"].as_array().unwrap().clone()
        };
        dcaas.reset_gate().await;
        dcaas.reconcile().await;
        let asked = dcaas.requests("kubernetes").await;
        let about = |what: &str, asked: &[String]| asked.iter().filter(|r| r.contains(what)).count();
        assert_eq!((about("/v1/nodes", &asked), about("/v1/pods", &asked)), (1, 0), "no machine: {asked:?}");

        let (ada, token) = runs(&dcaas).await;
        let node = ada.pods().await[0]["spec"]["nodeName"].as_str().unwrap().to_owned();
        let name = format!("left-over-{}", dcaas.name);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name },
            "spec": {
                "nodeName": node, "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
                "containers": [{ "name": "left-over", "image": "dcaas.example/workspace:dev" }],
            },
        });
        kubernetes("POST", "/api/v1/namespaces/default/pods", pod).await.unwrap();
        dcaas.reconcile().await;
        assert_eq!(remembered(&dcaas, &node).await, None, "a workspace is on it");
        dcaas.stop(&token).await;
        dcaas.until(&token, "stopped").await;

        dcaas.reset_gate().await;
        dcaas.reconcile().await;
        let asked = dcaas.requests("kubernetes").await;
        assert_eq!((about("/v1/nodes", &asked), about("/v1/pods", &asked)), (1, 1), "{asked:?}");
        let empty = remembered(&dcaas, &node).await.unwrap();
        assert_eq!(empty["held"], json!([[format!("default/{name}"), "alone"]]), "{empty}");
        assert_eq!(told().await, Vec::<Value>::new(), "machines go minutes after their last pod");

        // half an hour ago
        let mut comparison = memory(&dcaas).await;
        let then = chrono::Utc::now() - chrono::TimeDelta::minutes(31);
        comparison["empty"][0]["since"] = json!(then.format("%FT%TZ").to_string());
        let text = json!({ "stringData": { "comparison": comparison.to_string() } });
        kubernetes("PATCH", &secret(&dcaas), text).await.unwrap();
        dcaas.reconcile().await;
        let machines = told().await;
        let [machine] = &machines[..] else { panic!("{machines:?}") };
        assert_eq!((&machine["node"], &machine["pods"]), (&json!(node), &json!([format!("default/{name}")])));
        let says = format!("pod default/{name} keeps it (no controller would make it anew elsewhere).");
        assert!(machine["says"].as_str().unwrap().ends_with(&says), "{machine}");
        assert!(machine["next"].as_str().unwrap().contains("delete the pod"), "{machine}");
        assert!(dcaas.log().await.contains(&says), "it is in the log");
        let health = dcaas.send(dcaas.request("GET", "/api/health")).await;
        assert_eq!((health.status, &health.json()["faults"]), (200, &json!([])), "{}", health.text);

        kubernetes("DELETE", &format!("/api/v1/namespaces/default/pods/{name}"), json!(null)).await.unwrap();
        eventually("the machine goes", || async {
            get(&format!("/api/v1/nodes/{node}")).await.is_none().then_some(())
        })
        .await;
        dcaas.reconcile().await;
        assert_eq!((remembered(&dcaas, &node).await, told().await), (None, vec![]));
    })
    .await;
}
