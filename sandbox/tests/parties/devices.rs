//! Entra's device flow, as learn: entra/identity-platform/v2-oauth2-device-code describes it.

use sandbox::device_flows::Pace;
use serde_json::{Value, json};

use super::entra::{Scene, claims, scene};
use super::read;

/// microsoft/vscode: cli/src/auth.rs.
const CLIENT: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
const SCOPE: &str = "46da2f7e-b5ef-422a-88d4-2a7f9de6a0b2/.default offline_access profile openid";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Scene {
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let url = self.entra.authority().unwrap().join(path).unwrap();
        read(self.client.post(url).form(fields).send().await.unwrap()).await
    }

    async fn begin(&self) -> (String, String) {
        let fields = [("client_id", CLIENT), ("scope", SCOPE)];
        let (status, body) = self.form("organizations/oauth2/v2.0/devicecode", &fields).await;
        assert_eq!(status, 200, "{body}");
        (text(&body, "device_code"), text(&body, "user_code"))
    }

    async fn poll(&self, device_code: &str) -> (u16, Value) {
        self.form("organizations/oauth2/v2.0/token", &code(device_code)).await
    }
}

/// The fields of a poll.
fn code(device_code: &str) -> Vec<(&str, &str)> {
    vec![("client_id", CLIENT), ("device_code", device_code), ("grant_type", GRANT)]
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} of {body}")).to_owned()
}

/// "Device authorization response".
#[tokio::test]
async fn a_flow_begins_with_codes_a_page_and_a_sentence() {
    let scene = scene().await;
    let fields = [("client_id", CLIENT), ("scope", SCOPE)];
    for tenant in ["organizations".to_owned(), "common".to_owned(), scene.entra.tenant().to_string()] {
        let (status, body) = scene.form(&format!("{tenant}/oauth2/v2.0/devicecode"), &fields).await;
        assert_eq!((status, &body["expires_in"], &body["interval"]), (200, &json!(900), &json!(5)));
        let (code, page) = (text(&body, "user_code"), text(&body, "verification_uri"));
        assert!(text(&body, "message").contains(&code) && text(&body, "message").contains(&page));
        assert!(body.get("verification_uri_complete").is_none(), "not included at this time");
        assert_eq!(scene.client.get(page).send().await.unwrap().status(), 200);
    }
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
    assert_eq!(scene.form("consumers/oauth2/v2.0/devicecode", &fields).await.0, 501);
    assert_eq!(scene.oddities.list().len(), 1);
}

/// "Expected errors", each with status 400; the other words and numbers as in
/// learn: entra/identity-platform/reference-error-codes.
#[tokio::test]
async fn every_error_has_its_word_its_number_and_status_400() {
    let scene = scene().await;
    let [(pending, _), (declined, no), (late, over)] =
        [scene.begin().await, scene.begin().await, scene.begin().await];
    scene.entra.flows().decide(&no, None).unwrap();
    scene.entra.flows().expire(&over).unwrap();
    let stranger = vec![("client_id", "11111111-1111-1111-1111-111111111111"), ("scope", SCOPE)];
    let (begin, token) = ("organizations/oauth2/v2.0/devicecode", "organizations/oauth2/v2.0/token");
    let (client, foreign) = (("client_id", CLIENT), ("scope", "https://example.com/.default"));
    let rows = [
        (token, code(&pending), "authorization_pending", 70016),
        (token, code(&declined), "authorization_declined", 70017),
        (token, code(&late), "expired_token", 70020),
        (token, code("nonsense"), "bad_verification_code", 70018),
        (token, vec![client, ("grant_type", "telepathy")], "unsupported_grant_type", 70003),
        (token, vec![client], "invalid_request", 900_144),
        (token, vec![client, ("grant_type", GRANT)], "invalid_request", 900_144),
        (begin, vec![client, foreign], "invalid_scope", 70011),
        (begin, vec![client], "invalid_request", 900_144),
        (begin, vec![("scope", SCOPE)], "invalid_request", 900_144),
        (begin, stranger, "unauthorized_client", 700_016),
    ];
    for (path, fields, error, number) in rows {
        let (status, body) = scene.form(path, &fields).await;
        assert_eq!(
            (status, &body["error"], &body["error_codes"]),
            (400, &json!(error), &json!([number])),
            "{body}"
        );
        assert!(text(&body, "error_description").starts_with(&format!("AADSTS{number}: ")), "{body}");
        for name in ["timestamp", "trace_id", "correlation_id"] {
            assert!(body[name].is_string(), "{name}");
        }
    }
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
}

/// "Successful authentication response"; and "Repeat the request after at least `interval` seconds".
#[tokio::test]
async fn who_approves_is_whom_the_tokens_are_of_and_haste_is_counted() {
    let scene = scene().await;
    let (secret, code) = scene.begin().await;
    scene.poll(&secret).await;
    scene.entra.flows().decide(&code, Some(scene.ada.clone())).unwrap();
    let (status, body) = scene.poll(&secret).await;
    assert_eq!(
        (status, &body["token_type"], &body["scope"]),
        (200, &json!("Bearer"), &json!(SCOPE)),
        "{body}"
    );
    assert_eq!(scene.entra.flows().list()[0]["hurried"], 1);
    let access = text(&body, "access_token");
    assert_eq!(claims(&access)["aud"], "46da2f7e-b5ef-422a-88d4-2a7f9de6a0b2");
    let told = claims(&text(&body, "id_token"));
    assert_eq!((&told["aud"], &told["oid"]), (&json!(CLIENT), &json!(scene.ada.oid)));
    assert_eq!(told["tid"], json!(scene.entra.tenant()));
    assert_eq!(scene.entra.whose(&access), Some(scene.ada.oid));
    assert_eq!(scene.poll(&secret).await.1["error"], "bad_verification_code", "a code is good once");
}

/// learn: entra/identity-platform/v2-oauth2-auth-code-flow, "Refresh the access token"; reference-error-codes 50173.
#[tokio::test]
async fn a_refresh_token_brings_others_until_it_is_revoked() {
    let scene = scene().await;
    scene.entra.flows().pace(None, Pace { interval: 0, expires_in: 900 });
    let (secret, code) = scene.begin().await;
    scene.entra.flows().decide(&code, Some(scene.ada.clone())).unwrap();
    let first = text(&scene.poll(&secret).await.1, "refresh_token");
    let refresh = async |token: &str| {
        let fields = [("client_id", CLIENT), ("grant_type", "refresh_token"), ("refresh_token", token)];
        scene.form("organizations/oauth2/v2.0/token", &fields).await
    };
    let (status, body) = refresh(&first).await;
    let second = text(&body, "refresh_token");
    assert!(status == 200 && second != first && body["access_token"].is_string(), "{body}");
    assert_eq!(refresh(&first).await.0, 200, "the old one stays good");
    assert!(scene.entra.revoke(&first) && !scene.entra.revoke(&first));
    let (status, body) = refresh(&first).await;
    assert_eq!(
        (status, &body["error"], &body["error_codes"]),
        (400, &json!("invalid_grant"), &json!([50173]))
    );
    assert!(scene.entra.revoke_all(scene.ada.oid) > 0);
    assert_eq!(refresh(&second).await.0, 400);
    assert_eq!(refresh("nonsense").await.1["error_codes"], json!([70000]));
    assert_eq!(scene.entra.whose(&text(&body, "trace_id")), None);
}

/// An API's own app registration, as a public client: its people's roles stand in the token.
#[tokio::test]
async fn people_sign_in_to_an_api_by_its_own_client_and_to_no_other() {
    let scene = scene().await;
    let api = uuid::Uuid::new_v4();
    let authority = scene.entra.authority().unwrap();
    let fields = |client: &str, scope: &str| {
        vec![("client_id".to_owned(), client.to_owned()), ("scope".to_owned(), scope.to_owned())]
    };
    let form = async |path: &str, fields: &[(String, String)]| {
        let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        scene.form(path, &fields).await
    };
    let (begin, token) = ("common/oauth2/v2.0/devicecode", "common/oauth2/v2.0/token");
    let own = format!("{api}/.default offline_access");
    assert_eq!(form(begin, &fields(&api.to_string(), &own)).await.1["error"], "unauthorized_client");
    scene.entra.register(api, &authority);
    let other = form(begin, &fields(&api.to_string(), SCOPE)).await;
    assert_eq!(other.1["error"], "invalid_scope", "the relay's scope is the editor's");
    let (status, begun) = form(begin, &fields(&api.to_string(), &own)).await;
    assert_eq!(status, 200, "{begun}");
    let user = sandbox::entra::User {
        oid: uuid::Uuid::new_v4(),
        name: "Ada".into(),
        username: "ada@example.com".into(),
        roles: vec!["admin".into()],
    };
    scene.entra.flows().decide(&text(&begun, "user_code"), Some(user)).unwrap();
    let mut poll = fields(&api.to_string(), &own);
    poll.extend([
        ("grant_type".to_owned(), GRANT.to_owned()),
        ("device_code".to_owned(), text(&begun, "device_code")),
    ]);
    let (status, got) = form(token, &poll).await;
    assert_eq!(status, 200, "{got}");
    let access = claims(&text(&got, "access_token"));
    assert_eq!(
        (&access["aud"], &access["azp"], &access["roles"]),
        (&json!(api), &json!(api), &json!(["admin"]))
    );
    let mut again = fields(&api.to_string(), &own);
    again.extend([
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        ("refresh_token".to_owned(), text(&got, "refresh_token")),
    ]);
    assert_eq!(form(token, &again).await.0, 200);
    again[0].1 = CLIENT.to_owned();
    assert_eq!(form(token, &again).await.1["error"], "invalid_grant");
}
