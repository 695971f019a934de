//! GitHub's device flow, as github/docs describes it: apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.

use reqwest::Client;
use sandbox::certificates::Authority;
use sandbox::device_flows::Pace;
use sandbox::github::GitHub;
use sandbox::strict::Oddities;
use serde_json::{Value, json};

use super::{read, trust};

/// microsoft/vscode: cli/src/auth.rs.
const CLIENT: &str = "01ab8ac9400c4e429b23";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct Scene {
    _ca: Authority,
    github: GitHub,
    client: Client,
    oddities: Oddities,
}

async fn scene() -> Scene {
    let (ca, client) = trust();
    let oddities = Oddities::new();
    let github = GitHub::start(&ca, oddities.clone()).await.unwrap();
    Scene { _ca: ca, github, client, oddities }
}

impl Scene {
    fn post(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.client.post(self.github.url().unwrap().join(path).unwrap()).form(fields)
    }

    async fn json(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        read(self.post(path, fields).header("accept", "application/json").send().await.unwrap()).await
    }

    async fn begin(&self) -> (String, String) {
        let fields = [("client_id", CLIENT), ("scope", "read:user read:org")];
        let (status, body) = self.json("login/device/code", &fields).await;
        assert_eq!(status, 200, "{body}");
        (text(&body, "device_code"), text(&body, "user_code"))
    }

    /// The error of a poll, or `token`; every error comes with status 200.
    async fn poll(&self, device_code: &str) -> String {
        let fields = [("client_id", CLIENT), ("device_code", device_code), ("grant_type", GRANT)];
        let (status, body) = self.json("login/oauth/access_token", &fields).await;
        assert_eq!(status, 200, "{body}");
        body["error"].as_str().unwrap_or("token").to_owned()
    }

    fn hurry(&self) {
        self.github.flows().pace(None, Pace { interval: 0, expires_in: 900 });
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} of {body}")).to_owned()
}

/// "Step 1: App requests the device and user verification codes from GitHub".
#[tokio::test]
async fn a_flow_begins_with_two_codes_a_page_and_fifteen_minutes() {
    let scene = scene().await;
    let fields = [("client_id", CLIENT), ("scope", "read:user read:org")];
    let (status, body) = scene.json("login/device/code", &fields).await;
    assert_eq!((status, &body["expires_in"], &body["interval"]), (200, &json!(900), &json!(5)));
    assert_eq!(text(&body, "device_code").len(), 40);
    let code = text(&body, "user_code");
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    let page = scene.client.get(text(&body, "verification_uri")).send().await.unwrap();
    assert!(page.status() == 200 && page.text().await.unwrap().contains("approve CODE"));
    // "By default, the response takes the following form"
    let form = scene.post("login/device/code", &fields).send().await.unwrap();
    assert_eq!(form.headers()["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
    let form = form.text().await.unwrap();
    assert!(form.contains("interval=5&") && form.contains("verification_uri=https%3A%2F%2F"), "{form}");
    // cli/oauth, device/device_flow.go: an app that is not there
    let (status, body) = scene.json("login/device/code", &[("client_id", "another")]).await;
    assert_eq!((status, &body["error"]), (404, &json!("Not Found")));
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
}

/// "Step 3: App polls GitHub to check if the user authorized the device", and github/docs: rest/users.
#[tokio::test]
async fn who_approves_is_whom_the_token_is_of() {
    let scene = scene().await;
    scene.hurry();
    let (secret, code) = scene.begin().await;
    assert_eq!(scene.poll(&secret).await, "authorization_pending");
    scene.github.flows().decide(&code.to_lowercase(), Some("ben".into())).unwrap();
    let fields = [("client_id", CLIENT), ("device_code", &*secret), ("grant_type", GRANT)];
    let (_, body) = scene.json("login/oauth/access_token", &fields).await;
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("bearer"), &json!("read:org,read:user")));
    assert!(body.get("refresh_token").is_none() && body.get("expires_in").is_none(), "{body}");
    let token = text(&body, "access_token");
    assert!(token.starts_with("gho_") && token.len() == 40);
    assert_eq!(scene.poll(&secret).await, "incorrect_device_code", "a code is good once");

    let user = |token: String, scheme: &'static str, agent: &'static str| {
        let request = scene.client.get(scene.github.url().unwrap().join("user").unwrap());
        let request = request.header("authorization", format!("{scheme} {token}"));
        async move {
            if agent.is_empty() { request } else { request.header("user-agent", agent) }.send().await.unwrap()
        }
    };
    // the CLI says `token`, the documentation `Bearer`
    for scheme in ["token", "Bearer"] {
        let (status, body) = read(user(token.clone(), scheme, "code").await).await;
        assert_eq!((status, &body["login"]), (200, &json!("ben")));
    }
    // rest/using-the-rest-api: "User agent required"
    assert_eq!(user(token.clone(), "token", "").await.status(), 403);
    assert!(scene.github.revoke(&token));
    let (status, body) = read(user(token, "token", "code").await).await;
    assert_eq!((status, &body["message"]), (401, &json!("Bad credentials")));
    // what tests put in place without signing in
    assert_eq!(user("gho_ben".into(), "token", "code").await.status(), 200);
    scene.github.revoke_all("ben");
    assert_eq!(user("gho_ben".into(), "token", "code").await.status(), 401);
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
}

/// "Error codes for the device flow".
#[tokio::test]
async fn every_error_has_its_word_and_status_200() {
    let scene = scene().await;
    scene.hurry();
    let [(declined, no), (late, over)] = [scene.begin().await, scene.begin().await];
    scene.github.flows().decide(&no, None).unwrap();
    scene.github.flows().expire(&over).unwrap();
    let rows = [
        (CLIENT, "nonsense", GRANT, "incorrect_device_code"),
        (CLIENT, &*declined, GRANT, "access_denied"),
        (CLIENT, &*late, GRANT, "expired_token"),
        (CLIENT, &*late, "device_code", "unsupported_grant_type"),
        (CLIENT, &*late, "", "unsupported_grant_type"),
        ("another", &*late, GRANT, "incorrect_client_credentials"),
    ];
    for (client, code, grant, error) in rows {
        let fields = [("client_id", client), ("device_code", code), ("grant_type", grant)];
        let (status, body) = scene.json("login/oauth/access_token", &fields).await;
        assert_eq!((status, &body["error"]), (200, &json!(error)), "{body}");
        assert!(!text(&body, "error_description").is_empty() && body["error_uri"].is_string(), "{body}");
    }
    let fields = [("client_id", CLIENT), ("device_code", "nonsense"), ("grant_type", GRANT)];
    let form = scene.post("login/oauth/access_token", &fields).send().await.unwrap().text().await.unwrap();
    assert!(
        form.starts_with("error=incorrect_device_code&") || form.contains("&error=incorrect_device_code"),
        "{form}"
    );
}

/// "Rate limits for the device flow": the error adds 5 seconds to the last interval, and says the new one.
#[tokio::test]
async fn who_polls_too_early_has_to_be_slower() {
    let scene = scene().await;
    let (secret, code) = scene.begin().await;
    assert_eq!(scene.poll(&secret).await, "authorization_pending");
    scene.github.flows().decide(&code, Some("ben".into())).unwrap();
    let fields = [("client_id", CLIENT), ("device_code", &*secret), ("grant_type", GRANT)];
    for interval in [10, 15] {
        let (status, body) = scene.json("login/oauth/access_token", &fields).await;
        assert_eq!((status, &body["error"], &body["interval"]), (200, &json!("slow_down"), &json!(interval)));
    }
}

#[tokio::test]
async fn what_the_world_lacks_is_answered_with_501_and_remembered() {
    let scene = scene().await;
    let url = |path: &str| scene.github.url().unwrap().join(path).unwrap();
    let xml = scene.post("login/device/code", &[("client_id", CLIENT)]).header("accept", "application/xml");
    let json = scene.client.post(url("login/device/code")).json(&json!({"client_id": CLIENT}));
    let secret = scene.post("login/oauth/access_token", &[("client_secret", "x")]);
    let web = scene.client.get(url("login/oauth/authorize"));
    for request in [xml, json, secret, web] {
        assert_eq!(request.send().await.unwrap().status(), 501);
    }
    assert_eq!(scene.oddities.list().len(), 4);
    assert!(scene.oddities.list()[2].contains("\"client_secret\""), "{:?}", scene.oddities);
}
