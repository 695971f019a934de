//! The identity endpoint and Graph: the rules of asking, and what a managed identity's token opens.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};
use uuid::Uuid;

use super::entra::{Scene, claims, scene};
use super::read;

const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

impl Scene {
    async fn ask(&self, header: Option<&str>, query: &[(&str, &str)]) -> (u16, Value) {
        let url = Url::parse_with_params(self.entra.identity_url().unwrap().as_str(), query).unwrap();
        let mut asked = self.client.get(url);
        if let Some(header) = header {
            asked = asked.header("X-IDENTITY-HEADER", header);
        }
        read(asked.send().await.unwrap()).await
    }
}

/// learn: app-service/overview-managed-identity, "REST endpoint reference"; the errors as in azure-docs 43543.
#[tokio::test]
async fn the_identity_endpoint_gives_a_token_to_whoever_asks_by_the_rules() {
    let scene = scene().await;
    let (id, principal, other) = (Uuid::new_v4().to_string(), Uuid::new_v4(), Uuid::new_v4().to_string());
    let header = scene.entra.add_identity(id.parse().unwrap(), principal);
    let version = ("api-version", "2019-08-01");
    let (resource, client) = (("resource", AKS), ("client_id", id.as_str()));

    let (status, body) = scene.ask(Some(&header), &[version, resource, client]).await;
    assert_eq!((status, &body["token_type"], &body["resource"]), (200, &json!("Bearer"), &json!(AKS)));
    let ends: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
    let token = body["access_token"].as_str().unwrap();
    let told = scene.entra.tokens().check(token, AKS).unwrap();
    assert_eq!((&told["aud"], &told["exp"]), (&json!(AKS), &json!(ends)));
    assert_eq!((&told["oid"], &told["appid"]), (&json!(principal), &json!(id)));
    assert_eq!((&told["idtyp"], &told["iss"]), (&json!("app"), &json!(scene.entra.issuer_v1())));
    // without the header, for whoever tries out what the identity may
    let tried = scene.entra.identity_token(id.parse().unwrap(), AKS).unwrap();
    assert_eq!(scene.entra.tokens().check(&tried, AKS).unwrap()["oid"], json!(principal));
    assert!(scene.entra.identity_token(id.parse().unwrap(), "https://nobody.example").is_err());
    // as the SDK asks for the scope https://storage.azure.com/.default
    let storage =
        scene.ask(Some(&header), &[version, ("resource", "https://storage.azure.com"), client]).await;
    assert_eq!(claims(storage.1["access_token"].as_str().unwrap())["aud"], "https://storage.azure.com");

    let principal = principal.to_string();
    let by_principal = ("principal_id", principal.as_str());
    for (header, query, wanted) in [
        (Some(header.as_str()), vec![version, resource, by_principal], 200),
        (None, vec![version, resource, client], 401),
        (Some("wrong"), vec![version, resource, client], 401),
        (Some(&header), vec![version, resource, ("client_id", &other)], 400),
        (Some(&header), vec![version, resource], 400),
        (Some(&header), vec![version, client], 400),
        (Some(&header), vec![resource, client], 400),
        (Some(&header), vec![("api-version", "2017-09-01"), resource, client], 400),
    ] {
        let (status, body) = scene.ask(header, &query).await;
        assert_eq!(status, wanted, "{query:?}: {body}");
        assert!(status == 200 || body["Message"].is_string(), "{body}");
    }
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
    assert_eq!(
        scene.ask(Some(&header), &[version, ("resource", "https://example.com"), client]).await.0,
        400
    );
    assert_eq!(scene.oddities.list().len(), 1);
}

#[tokio::test]
async fn a_rotated_header_stops_working_and_lifetimes_and_foreign_tokens_can_be_set() {
    let scene = scene().await;
    let id = Uuid::new_v4();
    let old = scene.entra.add_identity(id, Uuid::new_v4());
    let new = scene.entra.rotate(id).unwrap();
    let name = id.to_string();
    let query = [("api-version", "2019-08-01"), ("resource", AKS), ("client_id", name.as_str())];
    assert_eq!(scene.ask(Some(&old), &query).await.0, 401);
    scene.entra.token_lifetime(id, Duration::from_secs(60)).unwrap();
    let (status, body) = scene.ask(Some(&new), &query).await;
    let ends: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
    assert!(status == 200 && ends <= chrono::Utc::now().timestamp() + 60);
    scene.entra.hand_out(id, AKS, "a-service-account".into(), ends).unwrap();
    assert_eq!(scene.ask(Some(&new), &query).await.1["access_token"], "a-service-account");
    assert!(scene.entra.rotate(Uuid::new_v4()).is_err());
}

/// learn: graph/permissions-overview: an application's rights are the `roles` of its token, and a new grant counts
/// in tokens that are issued after it.
#[tokio::test]
async fn what_is_granted_at_graph_stands_in_later_tokens_for_graph_alone() {
    let scene = scene().await;
    let id = Uuid::new_v4();
    let (header, name) = (scene.entra.add_identity(id, Uuid::new_v4()), id.to_string());
    let roles = async |resource: &str| {
        let query = [("api-version", "2019-08-01"), ("resource", resource), ("client_id", name.as_str())];
        claims(scene.ask(Some(&header), &query).await.1["access_token"].as_str().unwrap())["roles"].clone()
    };
    assert_eq!(roles("https://graph.microsoft.com").await, Value::Null);
    scene.entra.grant(id, vec!["Group.Read.All".into()]).unwrap();
    assert_eq!(roles("https://graph.microsoft.com/").await, json!(["Group.Read.All"]));
    assert_eq!(roles(AKS).await, Value::Null);
}
