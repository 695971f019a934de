//! Settings: with faulty ones the app stays up and says so, and the admin's role is one of them.

use serde_json::{Value, json};

use crate::world::{Installation, Person, control, eventually};

const FAULTY: [&str; 5] = ["TENANT_ID", "CLIENT_ID", "KUBERNETES_URL", "KUBERNETES_CA", "GRACE"];

#[tokio::test]
async fn with_faulty_settings_every_function_says_what_is_wrong_and_the_app_stays_up() {
    let settings = json!({
        "TENANT_ID": null, "CLIENT_ID": "me", "KUBERNETES_URL": "http://plain.example", "KUBERNETES_CA": "!!",
        "GRACE": "soon",
    });
    let dcaas = Installation::new(json!({ "settings": settings })).await;
    let ada = Person::made(json!({ "installation": dcaas.name })).await;
    let token = ada.token().await;
    dcaas.enqueue(&ada).await;
    for round in ["at once", "still"] {
        let health = dcaas.send(dcaas.request("GET", "/api/health")).await;
        assert_eq!(health.status, 503, "{round}: {}", health.text);
        assert_eq!(health.json()["healthy"], false);
        let faults = health.json()["faults"].as_array().unwrap().clone();
        assert_eq!(faults.len(), FAULTY.len(), "{faults:?}");
        for name in FAULTY {
            let says = |fault: &Value| {
                let fault = fault.as_str().unwrap();
                fault.starts_with(name) && fault.contains("expected") && fault.contains("for example")
            };
            assert!(faults.iter().any(says), "{name}: {faults:?}");
        }
        for (path, answer) in dcaas.everywhere(|request| request.bearer_auth(&token.0)).await {
            answer.refuses(500, "settings", path);
            for name in FAULTY {
                assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{path}: {}", answer.text);
            }
        }
        // and the queue's function, whose message is not lost
        eventually("the message comes to its function", || async {
            dcaas.log().await.contains("'Functions.provision' (Failed").then_some(())
        })
        .await;
    }
    assert!(dcaas.requests("kubernetes").await.is_empty());

    let mended = json!({ "settings": {
        "TENANT_ID": "{{tenant}}", "CLIENT_ID": "{{client_id}}", "KUBERNETES_URL": "{{kubernetes_url}}",
        "KUBERNETES_CA": "{{kubernetes_ca}}", "GRACE": "5s",
    } });
    control("PUT", &format!("/installations/{}/app", dcaas.name), mended).await;
    let health = dcaas.send(dcaas.request("GET", "/api/health")).await;
    assert_eq!((health.status, &health.json()["faults"]), (200, &json!([])), "{}", health.text);
    dcaas.remove().await;
}

#[tokio::test]
async fn the_role_of_an_admin_is_what_the_setting_says() {
    let dcaas = Installation::new(json!({ "settings": { "ADMIN_ROLE": "dcaas.operator" } })).await;
    let ada = dcaas.member().await;
    let boss = Person::made(json!({ "installation": dcaas.name, "admin": true })).await;
    let path = format!("/api/status?member={}", ada.oid);
    let roles = [
        (json!(["admin"]), false),
        (json!([]), false),
        (json!(["Dcaas.Operator"]), false),
        (json!(["dcaas.operator.more"]), false),
        (json!(["dcaas.operator"]), true),
        (json!(["admin", "dcaas.operator"]), true),
    ];
    for (roles, admin) in roles {
        let answer = dcaas.get(&boss.token_with(json!({ "roles": roles })).await, &path).await;
        if admin {
            assert_eq!(answer.status, 200, "{roles}: {}", answer.text);
        } else {
            answer.refuses(403, "not-admin", &roles.to_string());
        }
    }
    dcaas.remove().await;
}
