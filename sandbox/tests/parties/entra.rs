//! Entra: good tokens, forged ones, and what it publishes to check them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Client;
use sandbox::certificates::Authority;
use sandbox::entra::{Entra, User, Wish};
use sandbox::gate::{Gate, Party};
use sandbox::strict::Oddities;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{read, trust};

/// A world's Entra with one person in it.
pub(super) struct Scene {
    pub ca: Authority,
    pub entra: Entra,
    pub client: Client,
    pub oddities: Oddities,
    api: Uuid,
    pub ada: User,
}

pub(super) async fn scene() -> Scene {
    let (ca, client) = trust();
    let oddities = Oddities::new();
    let entra = Entra::start(&ca, oddities.clone()).await.unwrap();
    let ada = User {
        oid: Uuid::new_v4(),
        name: "Ada".into(),
        username: "ada@example.com".into(),
        roles: vec!["admin".into()],
    };
    let api = Uuid::new_v4();
    entra.register(api, &entra.authority().unwrap());
    Scene { ca, entra, client, oddities, api, ada }
}

impl Scene {
    fn token(&self, wish: Value) -> String {
        let wish: Wish = serde_json::from_value(wish).unwrap();
        self.entra.issue(&self.ada, self.api, &wish).unwrap()
    }

    async fn page(&self, path: &str) -> (u16, Value) {
        read(self.client.get(self.entra.authority().unwrap().join(path).unwrap()).send().await.unwrap()).await
    }

    /// Checks a token the way an API does: discovery, key set, RS256, issuer, audience, times.
    async fn check(&self, version: &str, token: &str) -> Result<Value, String> {
        let slash = if version.is_empty() { "" } else { "/" };
        let path = format!("{}/{version}{slash}.well-known/openid-configuration", self.entra.tenant());
        let (_, about) = self.page(&path).await;
        let keys = self.client.get(about["jwks_uri"].as_str().unwrap()).send().await.unwrap();
        let keys: JwkSet = keys.json().await.unwrap();
        let kid = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?.kid.unwrap();
        let key = keys.find(&kid).ok_or("unknown key")?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[self.api]);
        rules.set_issuer(&[about["issuer"].as_str().unwrap()]);
        rules.validate_nbf = true;
        let checked = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules);
        checked.map(|token| token.claims).map_err(|error| error.to_string())
    }
}

/// What a token says, unchecked.
pub(super) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn tokens_of_both_versions_carry_entras_claims_and_are_valid() {
    let scene = scene().await;
    let tenant = scene.entra.tenant();
    let two = scene.check("v2.0", &scene.token(json!({}))).await.unwrap();
    assert_eq!(two["iss"], format!("{}{tenant}/v2.0", scene.entra.authority().unwrap()));
    assert_eq!((&two["ver"], &two["preferred_username"]), (&json!("2.0"), &json!("ada@example.com")));
    let one = scene.check("", &scene.token(json!({"version": "1.0"}))).await.unwrap();
    assert_eq!(one["iss"], format!("https://sts.windows.net/{tenant}/"));
    assert_eq!((&one["ver"], &one["upn"]), (&json!("1.0"), &json!("ada@example.com")));
    for claims in [&one, &two] {
        assert_eq!(claims["oid"], scene.ada.oid.to_string());
        assert_eq!(claims["tid"], tenant.to_string());
        assert_eq!(claims["roles"], json!(["admin"]));
        assert_eq!(claims["scp"], "user_impersonation");
        assert_ne!(claims["sub"], claims["oid"]);
    }
    assert!(two.get("appid").is_none() && two["azp"].is_string());
    assert!(one.get("azp").is_none() && one["appid"].is_string());
    let plain = claims(&scene.token(json!({"roles": [], "claims": {"name": null, "email": "a@b.c"}})));
    assert!(plain.get("roles").is_none() && plain.get("name").is_none() && plain["email"] == "a@b.c");
}

#[tokio::test]
async fn behind_a_gate_the_issuer_is_the_gates_address() {
    let scene = scene().await;
    let parties = vec![Party { name: "entra", upstream: scene.entra.authority().unwrap() }];
    let gate = Gate::start(&scene.ca, parties, scene.client.clone(), scene.oddities.clone()).await.unwrap();
    let here = gate.url("entra").unwrap();
    let path = format!("{}/v2.0/.well-known/openid-configuration", scene.entra.tenant());
    let (_, about) = read(scene.client.get(here.join(&path).unwrap()).send().await.unwrap()).await;
    scene.entra.register(scene.api, &here);
    let issuer = format!("{here}{}/v2.0", scene.entra.tenant());
    assert_eq!((&about["issuer"], &claims(&scene.token(json!({})))["iss"]), (&json!(issuer), &json!(issuer)));
    assert!(about["jwks_uri"].as_str().unwrap().starts_with(here.as_str()));
    let other = scene.entra.issue(&scene.ada, Uuid::new_v4(), &Wish::default()).unwrap();
    assert!(claims(&other)["iss"].as_str().unwrap().starts_with("https://login.microsoftonline.com/"));
}

#[tokio::test]
async fn forged_tokens_fail_each_for_its_own_reason() {
    let scene = scene().await;
    let other = Uuid::new_v4();
    for (wish, why) in [
        (json!({"expires_in": -120}), "ExpiredSignature"),
        (json!({"not_before_in": 600}), "ImmatureSignature"),
        (json!({"audience": other.to_string()}), "InvalidAudience"),
        (json!({"tenant": other}), "InvalidIssuer"),
        (json!({"issuer": "https://example.com/"}), "InvalidIssuer"),
        (json!({"version": "1.0"}), "InvalidIssuer"),
        (json!({"key": "unknown"}), "unknown key"),
        (json!({"key": "impostor"}), "InvalidSignature"),
        (json!({"alg": "none"}), "unknown variant `none`"),
        (json!({"alg": "HS256-public-key"}), "InvalidAlgorithm"),
    ] {
        let error = scene.check("v2.0", &scene.token(wish.clone())).await.unwrap_err();
        assert!(error.contains(why), "{wish}: {error}");
    }
    let none = scene.token(json!({"alg": "none"}));
    assert!(none.ends_with('.'));
    assert_eq!(claims(&scene.token(json!({"tenant": other})))["tid"], other.to_string());
    assert!(serde_json::from_value::<Wish>(json!({"audiance": "x"})).is_err());
}

/// The forgery works on whoever lets the token choose the algorithm: the secret is the public key's PEM.
#[tokio::test]
async fn a_token_with_the_public_key_as_secret_would_fool_the_careless() {
    let scene = scene().await;
    let path = format!("{}/discovery/v2.0/keys", scene.entra.tenant());
    let (_, keys) = scene.page(&path).await;
    let part = |name: &str| URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
    let pem = public_pem(&part("n"), &part("e"));
    let mut careless = Validation::new(Algorithm::HS256);
    careless.set_audience(&[scene.api]);
    let token = scene.token(json!({"alg": "HS256-public-key"}));
    jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_secret(pem.as_bytes()), &careless).unwrap();
}

/// A public key as PEM, from its numbers (RFC 8017, A.1.1 in RFC 5280, 4.1): what an attacker has.
fn public_pem(n: &[u8], e: &[u8]) -> String {
    let der = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap();
        let mut bytes = match length {
            0..128 => vec![tag, length.to_be_bytes()[1]],
            128..256 => vec![tag, 0x81, length.to_be_bytes()[1]],
            _ => [&[tag, 0x82][..], &length.to_be_bytes()].concat(),
        };
        bytes.extend(content);
        bytes
    };
    let numbers = der(0x30, &[der(0x02, &[&[0], n].concat()), der(0x02, e)].concat());
    let rsa = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let key = der(0x30, &[&rsa[..], &der(0x03, &[&[0], &numbers[..]].concat())].concat());
    let text = base64::engine::general_purpose::STANDARD.encode(key);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[tokio::test]
async fn an_old_token_is_valid_until_the_old_key_is_dropped() {
    let scene = scene().await;
    let wish: Wish = serde_json::from_value(json!({"key": "retired"})).unwrap();
    assert!(scene.entra.issue(&scene.ada, scene.api, &wish).is_err());
    let old = scene.token(json!({}));
    scene.entra.roll(false).unwrap();
    scene.check("v2.0", &old).await.unwrap();
    scene.check("v2.0", &scene.token(json!({"key": "retired"}))).await.unwrap();
    let new = scene.token(json!({}));
    scene.entra.roll(true).unwrap();
    for token in [&old, &new] {
        assert_eq!(scene.check("v2.0", token).await.unwrap_err(), "unknown key");
    }
    scene.check("v2.0", &scene.token(json!({}))).await.unwrap();
}

#[tokio::test]
async fn entra_knows_its_tenant_and_remembers_what_the_world_lacks() {
    let scene = scene().await;
    let tenant = scene.entra.tenant();
    let (status, body) =
        scene.page(&format!("{}/v2.0/.well-known/openid-configuration", Uuid::new_v4())).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_tenant")));
    assert_eq!(scene.page(&format!("{tenant}/nothing")).await.0, 404);
    assert_eq!(scene.page("").await.0, 404);
    assert_eq!(scene.oddities.list(), Vec::<String>::new());
    assert_eq!(scene.page("common/v2.0/.well-known/openid-configuration").await.0, 501);
    assert_eq!(scene.page(&format!("{tenant}/oauth2/v2.0/token")).await.0, 501);
    assert_eq!(scene.oddities.list().len(), 2);
}
