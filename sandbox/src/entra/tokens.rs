//! Tokens in the shapes of Entra, good and forged ones, and the check of a good one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::keys::KeyRing;

/// The public client that people's tokens are for: Azure CLI's id, as in a real tenant.
const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Issues tokens of one tenant and checks them.
pub struct Tokens {
    pub(super) tenant: Uuid,
    pub(super) keys: Mutex<KeyRing>,
    /// The address under which each API knows the authority, by client id.
    apis: Mutex<BTreeMap<Uuid, String>>,
}

/// Whom a token is about.
#[derive(Clone, Debug)]
pub struct User {
    pub oid: Uuid,
    pub name: String,
    pub username: String,
    /// App roles in the API, `admin` for one.
    pub roles: Vec<String>,
}

/// What is special about a token; the default is a good one, of version 2.0, for an hour.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub version: Version,
    /// The API's client id if none.
    pub audience: Option<String>,
    /// Another tenant, in `tid` and in the issuer.
    pub tenant: Option<Uuid>,
    pub issuer: Option<String>,
    /// Seconds from now; negative for a token that has expired.
    pub expires_in: Option<i64>,
    /// Seconds from now; five minutes ago if none, as Entra does.
    pub not_before_in: Option<i64>,
    /// In place of the user's own.
    pub roles: Option<Vec<String>>,
    /// Laid over all others; null takes a claim away.
    pub claims: Map<String, Value>,
    pub key: Signer,
    pub alg: Alg,
}

/// The two forms of Entra's tokens (learn: entra/identity-platform/access-tokens).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Version {
    #[serde(rename = "1.0")]
    One,
    #[default]
    #[serde(rename = "2.0")]
    Two,
}

/// Who signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signer {
    #[default]
    Current,
    /// The key before the current one, still published.
    Retired,
    /// A key that was never published, under its own id.
    Unknown,
    /// A key that was never published, under the id of the current one.
    Impostor,
}

/// How it is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Alg {
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "none")]
    None,
    /// HS256 with the PEM of the current public key as the secret.
    #[serde(rename = "HS256-public-key")]
    PublicKeyAsSecret,
}

impl Tokens {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { tenant: Uuid::new_v4(), keys: Mutex::new(KeyRing::new()?), apis: Mutex::default() })
    }

    /// The only tenant there is.
    pub fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// Registers an API: its people's tokens of version 2 are issued under the address that it is told for the
    /// authority, behind its gate. As in each of Azure's clouds, authority and issuer are then one address.
    pub(super) fn register(&self, client_id: Uuid, authority: &str) {
        let mut apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        apis.insert(client_id, authority.trim_end_matches('/').to_owned());
    }

    /// Whether an API of this client id is registered.
    pub(super) fn is_registered(&self, client_id: Uuid) -> bool {
        self.apis.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&client_id)
    }

    /// A person's token for the API with this client id.
    pub fn issue(&self, user: &User, client_id: Uuid, wish: &Wish) -> anyhow::Result<String> {
        let now = chrono::Utc::now().timestamp();
        let apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        let authority = apis.get(&client_id).map_or("https://login.microsoftonline.com", String::as_str);
        let mut claims = user_claims(user, client_id, wish, now);
        let tenant = wish.tenant.unwrap_or(self.tenant);
        let issuer = match wish.version {
            Version::One => issuer_v1(tenant),
            Version::Two => issuer_v2(authority, tenant),
        };
        claims.insert("iss".into(), wish.issuer.clone().unwrap_or(issuer).into());
        claims.insert("tid".into(), tenant.to_string().into());
        for (name, value) in &wish.claims {
            match value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.clone(), value.clone()),
            };
        }
        self.sign(&Value::Object(claims), wish.key, wish.alg)
    }

    /// A managed identity's token for a resource: the audience is the resource exactly as it was asked for.
    pub fn issue_app(
        &self,
        client_id: Uuid,
        principal: Uuid,
        resource: &str,
        expires: i64,
    ) -> anyhow::Result<String> {
        self.issue_app_with(client_id, principal, resource, expires, &[])
    }

    /// The same with app roles at the resource. Without any there is no such claim, not an empty one.
    pub fn issue_app_with(
        &self,
        client_id: Uuid,
        principal: Uuid,
        resource: &str,
        expires: i64,
        roles: &[String],
    ) -> anyhow::Result<String> {
        let now = chrono::Utc::now().timestamp();
        let mut claims = app_claims(self.tenant, client_id, principal, resource, now, expires);
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        self.sign(&claims, Signer::Current, Alg::Rs256)
    }

    /// The claims of a token that this tenant issued for this audience (a slash at the end does not matter).
    pub fn check(&self, token: &str, audience: &str) -> anyhow::Result<Value> {
        let header = jsonwebtoken::decode_header(token).context("this is no token")?;
        let set = self.keys.lock().unwrap_or_else(PoisonError::into_inner).set()?;
        let key = header.kid.as_deref().and_then(|id| set.find(id)).context("the key is not known")?;
        let mut rules = Validation::new(Algorithm::RS256);
        let audience = audience.trim_end_matches('/');
        rules.set_audience(&[audience, &format!("{audience}/")]);
        rules.set_issuer(&[issuer_v1(self.tenant)]);
        rules.validate_nbf = true;
        Ok(jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &rules)?.claims)
    }

    fn sign(&self, claims: &Value, signer: Signer, alg: Alg) -> anyhow::Result<String> {
        let ring = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, id) = match signer {
            Signer::Current => (&ring.current, &ring.current.id),
            Signer::Retired => (ring.retired()?, &ring.retired()?.id),
            Signer::Unknown => (&ring.unknown, &ring.unknown.id),
            Signer::Impostor => (&ring.unknown, &ring.current.id),
        };
        let name = match alg {
            Alg::Rs256 => "RS256",
            Alg::None => "none",
            Alg::PublicKeyAsSecret => "HS256",
        };
        if alg != Alg::Rs256 && signer != Signer::Current {
            bail!("a token that is not signed by RS256 can not name another key; leave one of them out");
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({"typ": "JWT", "alg": name, "kid": id, "x5t": id}));
        let text = format!("{head}.{}", part(claims));
        let signature = match alg {
            Alg::Rs256 => key.sign(&text)?,
            Alg::None => String::new(),
            Alg::PublicKeyAsSecret => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, key.public_pem()?.as_bytes());
                URL_SAFE_NO_PAD.encode(hmac::sign(&secret, text.as_bytes()))
            }
        };
        Ok(format!("{text}.{signature}"))
    }
}

/// The issuer of version 1 tokens; all tokens for Azure's own resources are of this version.
pub(super) fn issuer_v1(tenant: Uuid) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

/// The issuer of version 2 tokens.
pub(super) fn issuer_v2(authority: &str, tenant: Uuid) -> String {
    format!("{authority}/{tenant}/v2.0")
}

/// The claims of a person's token (learn: entra/identity-platform/access-token-claims-reference), all but
/// the tenant and the issuer.
fn user_claims(user: &User, client_id: Uuid, wish: &Wish, now: i64) -> Map<String, Value> {
    let expires = now + wish.expires_in.unwrap_or(3600);
    let from = wish.not_before_in.map_or(now.min(expires) - 300, |seconds| now + seconds);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("aud", wish.audience.clone().unwrap_or_else(|| client_id.to_string()).into());
    put("iat", from.into());
    put("nbf", from.into());
    put("exp", expires.into());
    put("name", user.name.clone().into());
    put("oid", user.oid.to_string().into());
    put("sub", subject(user.oid, client_id).into());
    put("scp", "user_impersonation".into());
    put("uti", URL_SAFE_NO_PAD.encode(Uuid::new_v4()).into());
    let roles = wish.roles.as_ref().unwrap_or(&user.roles);
    // a person without roles has no such claim, not an empty one
    if !roles.is_empty() {
        put("roles", roles.clone().into());
    }
    match wish.version {
        Version::One => {
            put("ver", "1.0".into());
            put("appid", CLIENT.into());
            put("appidacr", "0".into());
            put("acr", "1".into());
            put("amr", json!(["pwd"]));
            put("unique_name", user.username.clone().into());
            put("upn", user.username.clone().into());
        }
        Version::Two => {
            put("ver", "2.0".into());
            put("azp", CLIENT.into());
            put("azpacr", "0".into());
            put("preferred_username", user.username.clone().into());
        }
    }
    claims
}

fn app_claims(
    tenant: Uuid,
    client_id: Uuid,
    principal: Uuid,
    resource: &str,
    now: i64,
    expires: i64,
) -> Value {
    let from = now.min(expires) - 300;
    json!({
        "aud": resource, "iss": issuer_v1(tenant), "iat": from, "nbf": from, "exp": expires,
        "appid": client_id, "appidacr": "2", "idp": issuer_v1(tenant), "idtyp": "app", "oid": principal,
        "sub": principal, "tid": tenant, "uti": URL_SAFE_NO_PAD.encode(Uuid::new_v4()), "ver": "1.0",
    })
}

/// Who the person is for this app alone, as Entra has it: nobody may take it for the `oid`.
fn subject(oid: Uuid, client_id: Uuid) -> String {
    let bytes = [oid.into_bytes(), client_id.into_bytes()].concat();
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &bytes))
}
