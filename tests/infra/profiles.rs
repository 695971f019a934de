//! One variable makes the pools and the app's setting: a profile that changes is seen in both, and in a pod.

use serde_json::{Value, json};

use super::settings::{Made, make};
use crate::world::{Installation, eventually, get};

/// Two profiles; the second one as `change` says.
fn wish(change: Value) -> Value {
    let mut big = json!({
        "size": "Standard_NC24ads_A100_v4", "cpu": "2", "memory": "2Gi", "gpus": 1, "price_per_hour": 3.67,
    });
    for (name, value) in change.as_object().unwrap() {
        big[name] = value.clone();
    }
    json!({
        "default_profile": "infrabig",
        "profiles": {
            "infrasmall": { "size": "Standard_D4as_v5", "cpu": "1", "memory": "1Gi", "price_per_hour": 0.17 },
            "infrabig": big,
        },
    })
}

fn made(name: &str, wish: &Value) -> Option<Made> {
    Some(make(name, wish)?.unwrap_or_else(|said| panic!("{said}")))
}

/// The profile of this name in the setting.
fn profile(made: &Made, name: &str) -> Value {
    let all: Vec<Value> = serde_json::from_str(&made.settings["PROFILES"]).unwrap();
    all.into_iter().find(|profile| profile["name"] == name).unwrap()
}

#[test]
fn a_pod_of_a_profile_goes_to_its_pool_and_nowhere_else() {
    let Some(made) = made("pools", &wish(json!({ "spot": true }))) else { return };
    for (name, pool) in made.pools.as_object().unwrap() {
        let profile = profile(&made, name);
        assert_eq!(profile["nodeSelector"], json!({ "kubernetes.azure.com/agentpool": name }));
        let tolerated: Vec<String> = profile["tolerations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| {
                assert_eq!(t["operator"], "Equal");
                let word = |key: &str| t[key].as_str().unwrap();
                format!("{}={}:{}", word("key"), word("value"), word("effect"))
            })
            .collect();
        assert_eq!(json!(tolerated), pool["taints"], "{name}");
        assert!(!tolerated.is_empty(), "{name}: anything would come to its machines");
    }
}

#[tokio::test]
async fn a_profile_that_changes_is_seen_in_the_setting_and_in_a_pod() {
    let Some(before) = made("before", &wish(json!({}))) else { return };
    let Some(after) = made("after", &wish(json!({ "gpus": 2, "spot": true, "cpu": "1500m" }))) else {
        return;
    };
    let settings = |made: &Made| json!({ "PROFILES": made.settings["PROFILES"], "DEFAULT_PROFILE": made.settings["DEFAULT_PROFILE"] });
    Installation::own(json!({ "settings": settings(&before) }), |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        for made in [&before, &after] {
            let profile = profile(made, "infrabig");
            let gpus = profile["gpus"].to_string();
            dcaas.change(settings(made)).await;
            dcaas.reconcile().await;
            let quota = person.path("resourcequotas/workspace");
            eventually("their quota has room for it", || async {
                let hard = get(&quota).await?["spec"]["hard"].clone();
                (hard["requests.nvidia.com/gpu"].as_str() == Some(&gpus)).then_some(())
            })
            .await;
            dcaas.start(&token, json!({})).await;
            let pod =
                eventually("the pod is there", || async { person.pods().await.into_iter().next() }).await;
            let spec = &pod["spec"];
            assert_eq!(spec["nodeSelector"], profile["nodeSelector"]);
            for toleration in profile["tolerations"].as_array().unwrap() {
                assert!(spec["tolerations"].as_array().unwrap().contains(toleration), "{toleration} {spec}");
            }
            let limits = &spec["containers"][0]["resources"]["limits"];
            assert_eq!(limits["nvidia.com/gpu"], gpus);
            assert_eq!(limits["cpu"], profile["cpu"]);
            dcaas.stop(&token).await;
            dcaas.until(&token, "stopped").await;
        }
    })
    .await;
}
