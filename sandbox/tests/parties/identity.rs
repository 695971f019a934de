//! The identity endpoint and Graph: the rules of asking, and what a managed identity's token opens.

use std::time::Duration;

use reqwest::Url;
use sandbox::graph::Graph;
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

#[tokio::test]
async fn graph_tells_a_groups_people_to_a_token_for_graph() {
    let scene = scene().await;
    let (group, ada) = (Uuid::new_v4(), scene.ada.clone());
    let members = std::sync::Arc::new(move |id| (id == group).then(|| vec![ada.clone()]));
    let graph = Graph::start(&scene.ca, scene.entra.tokens(), members, scene.oddities.clone()).await.unwrap();
    let page = |group: Uuid| format!("v1.0/groups/{group}/transitiveMembers/microsoft.graph.user?$select=id");
    let ask = |path: String, audience: &str| {
        let ends = chrono::Utc::now().timestamp() + 60;
        let token = scene.entra.tokens().issue_app(Uuid::new_v4(), Uuid::new_v4(), audience, ends).unwrap();
        scene.client.get(graph.url().unwrap().join(&path).unwrap()).bearer_auth(token).send()
    };
    let (status, body) = read(ask(page(group), "https://graph.microsoft.com/").await.unwrap()).await;
    assert_eq!((status, &body["value"][0]["id"]), (200, &json!(scene.ada.oid)));
    let (status, body) = read(ask(page(Uuid::new_v4()), "https://graph.microsoft.com").await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("Request_ResourceNotFound")));
    assert_eq!(ask(page(group), AKS).await.unwrap().status(), 401);
    assert_eq!(ask("v1.0/me".into(), "https://graph.microsoft.com").await.unwrap().status(), 501);
    assert_eq!(scene.oddities.list(), ["graph: GET /v1.0/me"]);
}
