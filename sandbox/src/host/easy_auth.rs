//! Easy Auth as it stands before a function app: who a bearer token is, told in headers nobody else may set (SOURCES 7).
//!
//! A browser signs in at its own pages (`browser.rs`) and is told by its session's cookie. Only the good configuration
//! is played: the calling application is allowed, and anonymous requests pass.

mod browser;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{
    EasyAuth,
    http::value,
    log::{Level, Log},
};

const OID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// Checks tokens and rewrites headers.
pub struct Checker {
    auth: EasyAuth,
    client: reqwest::Client,
    keys: Mutex<Option<(JwkSet, String, Instant)>>,
}

impl Checker {
    /// For one app registration; keys are fetched when the first token comes.
    pub fn new(auth: EasyAuth, client: reqwest::Client) -> Self {
        Self { auth, client, keys: Mutex::new(None) }
    }

    /// Strips what only Easy Auth may set; a good bearer token or session becomes a principal, a bad one or none is
    /// anonymous.
    pub async fn apply(&self, headers: &mut HeaderMap, log: &Log) {
        let forged: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                ["x-ms-client-principal", "x-ms-token-"].iter().any(|start| name.as_str().starts_with(start))
            })
            .cloned()
            .collect();
        for name in forged {
            headers.remove(name);
        }
        let bearer = value(headers, "authorization").and_then(|text| text.split_once(' '));
        let bearer = bearer.filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let Some(token) = bearer.map(|(_, token)| token.trim()).or_else(|| browser::session(headers)) else {
            return;
        };
        let token = token.to_owned();
        match self.check(&token).await {
            Ok(claims) => {
                for (name, value) in principal(&claims) {
                    if let Ok(value) = HeaderValue::from_str(&value) {
                        headers.insert(HeaderName::from_static(name), value);
                    }
                }
            }
            // the reason never holds the token
            Err(error) => {
                log.write(Level::Warning, "EasyAuth", &format!("the caller stays anonymous: {error:#}"))
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Map<String, Value>> {
        let kind = decode_header(token).context("it is no token")?;
        if kind.alg != Algorithm::RS256 {
            bail!("a token is signed with RS256, not {:?}", kind.alg);
        }
        let kid = kind.kid.context("the token names no key")?;
        let (key, issuer) = self.key(&kid).await?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[self.auth.client_id.to_string(), format!("api://{}", self.auth.client_id)]);
        rules.set_issuer(&[issuer, format!("https://sts.windows.net/{}/", self.auth.tenant)]);
        rules.validate_nbf = true;
        rules.leeway = 300;
        Ok(decode(token, &key, &rules)?.claims)
    }

    /// The key of that id; the set is fetched again when it does not know it, once a second at most.
    async fn key(&self, kid: &str) -> Result<(DecodingKey, String)> {
        let mut kept = self.keys.lock().await;
        let find = |kept: &Option<(JwkSet, String, Instant)>| {
            let (set, issuer, _) = kept.as_ref()?;
            Some((DecodingKey::from_jwk(set.find(kid)?).ok()?, issuer.clone()))
        };
        if let Some(found) = find(&kept) {
            return Ok(found);
        }
        if kept.as_ref().is_none_or(|(_, _, at)| at.elapsed() > Duration::from_secs(1)) {
            let (set, issuer) = fetch(&self.auth, &self.client).await?;
            *kept = Some((set, issuer, Instant::now()));
        }
        find(&kept).context("no key of the authority has the token's key id")
    }
}

async fn fetch(auth: &EasyAuth, client: &reqwest::Client) -> Result<(JwkSet, String)> {
    let url = auth.authority.join(&format!("/{}/v2.0/.well-known/openid-configuration", auth.tenant))?;
    let discovery: Value = client.get(url).send().await?.error_for_status()?.json().await?;
    let text = |name: &str| discovery[name].as_str().with_context(|| format!("discovery without {name}"));
    let keys = client.get(text("jwks_uri")?).send().await?.error_for_status()?.json().await?;
    Ok((keys, text("issuer")?.to_owned()))
}

/// The headers that a signed-in caller's request gets.
fn principal(claims: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut list = Vec::new();
    for (name, value) in claims {
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for value in values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            list.push(json!({"typ": claim_type(name), "val": value}));
        }
    }
    let whole = json!({"auth_typ": "aad", "claims": list, "name_typ": EMAIL, "role_typ": ROLE});
    let mut headers = vec![
        ("x-ms-client-principal", BASE64_STANDARD.encode(whole.to_string())),
        ("x-ms-client-principal-idp", "aad".to_owned()),
    ];
    if let Some(id) = text("oid").or_else(|| text("sub")) {
        headers.push(("x-ms-client-principal-id", id));
    }
    if let Some(name) = ["preferred_username", "upn", "email", "name"].iter().find_map(|name| text(name)) {
        headers.push(("x-ms-client-principal-name", name));
    }
    headers
}

/// Entra's short claim names as Easy Auth tells them; the others stay as they are.
fn claim_type(name: &str) -> &str {
    match name {
        "oid" => OID,
        "tid" => "http://schemas.microsoft.com/identity/claims/tenantid",
        "scp" => "http://schemas.microsoft.com/identity/claims/scope",
        "idp" => "http://schemas.microsoft.com/identity/claims/identityprovider",
        "sub" => "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
        "upn" => "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "email" => EMAIL,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_names_the_oid_by_its_long_name_and_each_role_by_itself() {
        let claims = json!({"oid": "o", "tid": "t", "roles": ["admin", "other"], "exp": 1, "name": "Ada"});
        let headers = principal(claims.as_object().unwrap());
        let of = |name: &str| headers.iter().find(|(own, _)| *own == name).unwrap().1.clone();
        assert_eq!(of("x-ms-client-principal-id"), "o");
        assert_eq!(of("x-ms-client-principal-name"), "Ada");
        let decoded = BASE64_STANDARD.decode(of("x-ms-client-principal")).unwrap();
        let whole: Value = serde_json::from_slice(&decoded).unwrap();
        assert_eq!(whole["auth_typ"], "aad");
        let has = |typ: &str, val: &str| {
            whole["claims"].as_array().unwrap().contains(&json!({"typ": typ, "val": val}))
        };
        assert!(has(OID, "o") && has("roles", "admin") && has("roles", "other") && has("exp", "1"));
    }
}
