//! Entra's device flow, version 2.0: its two endpoints, whose errors come with status 400 and a number.
//!
//! As in learn: entra/identity-platform/v2-oauth2-device-code; the numbers are those of
//! entra/identity-platform/reference-error-codes where that page has them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::browser::Browsers;
use super::refusal::{Refusal, refuse};
use super::tokens::{Tokens, User, Wish};
use crate::device_flows::{Flows, Pace, Polled, form, secret, user_code};
use crate::listener::{self, Answer, Request};
use crate::strict::Oddities;

/// The VS Code CLI (microsoft/vscode: cli/src/auth.rs).
const CLIENT: Uuid = Uuid::from_u128(0xaebc_6443_996d_45c2_90f0_388f_f96f_aa56);

/// What it asks tokens for: the tunnels' relay.
const RELAY: &str = "46da2f7e-b5ef-422a-88d4-2a7f9de6a0b2";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An access token is good for an hour here; in Azure for 60 to 90 minutes.
const LIFETIME: i64 = 3600;

const PAGE: &str = "Here people enter the code of a device.\n\n\
    In this world you say it in a terminal:\n\n  \
    cargo local -- approve CODE --as PERSON\n  \
    cargo local -- decline CODE\n";

/// The device flows of the tenant, and the tokens that came of them.
pub(super) struct Devices {
    pub flows: Flows<User>,
    tokens: Arc<Tokens>,
    browsers: Arc<Browsers>,
    oddities: Oddities,
    grants: Mutex<Grants>,
}

#[derive(Default)]
struct Grants {
    /// By refresh token.
    refresh: BTreeMap<String, Grant>,
    /// Whose each access token is.
    access: BTreeMap<String, Uuid>,
}

#[derive(Clone)]
struct Grant {
    user: User,
    client: Uuid,
    scope: String,
    revoked: bool,
}

impl Devices {
    pub fn new(tokens: Arc<Tokens>, browsers: Arc<Browsers>, oddities: Oddities) -> Self {
        // Microsoft does not document `slow_down`: a poll that comes too early is counted alone
        Self {
            flows: Flows::new("microsoft", false, Pace::USUAL),
            tokens,
            browsers,
            oddities,
            grants: Mutex::default(),
        }
    }

    /// Whether a request is about a device flow.
    pub fn are_meant(request: &Request) -> bool {
        let page = request.uri().path()[1..].split_once('/').map_or("", |(_, page)| page);
        match *request.method() {
            Method::POST => ["oauth2/v2.0/devicecode", "oauth2/v2.0/token"].contains(&page),
            Method::GET => page == "oauth2/deviceauth",
            _ => false,
        }
    }

    /// Answers such a request.
    pub async fn answer(&self, request: Request) -> Answer {
        if request.method() == Method::GET {
            return listener::text(200, "text/plain; charset=utf-8", PAGE);
        }
        let (called, path) = (listener::called_as(&request), request.uri().path().to_owned());
        let (tenant, page) = path[1..].split_once('/').unwrap_or_default();
        // without personal accounts, these are all the same
        if !["organizations", "common", &self.tokens.tenant.to_string()].contains(&tenant) {
            return self.not_understood(&format!("POST {path}: a device flow of another tenant"));
        }
        let Ok(body) = request.into_body().collect().await else {
            return listener::text(400, "text/plain", "");
        };
        let fields = form(&body.to_bytes());
        let outcome = if page.ends_with("devicecode") {
            self.begin(&fields, &called)
        } else {
            match fields.get("grant_type").map(String::as_str) {
                None => Err(Refusal::missing("grant_type")),
                Some(GRANT) => self.poll(&fields),
                Some("refresh_token") => self.refresh(&fields),
                // both flows end at the same address
                Some("authorization_code") => self.browsers.redeem(&fields),
                Some(other @ ("client_credentials" | "password")) => {
                    return self.not_understood(&format!("POST {path}: a token by {other}"));
                }
                Some(_) => Err(Refusal::new(
                    "unsupported_grant_type",
                    70003,
                    "The app returned an unsupported grant type.",
                )),
            }
        };
        outcome.map_or_else(|refusal| refuse(&refusal), |answer| listener::json(200, &answer))
    }

    fn begin(&self, fields: &BTreeMap<String, String>, called: &str) -> Result<Value, Refusal> {
        let client = self.client(fields)?;
        let scope = fields.get("scope").ok_or_else(|| Refusal::missing("scope"))?;
        for part in scope.split_whitespace() {
            let known = ["offline_access", "profile", "openid", &format!("{}/.default", resource(client))]
                .contains(&part);
            if !known {
                let says = format!(
                    "The provided value for the input parameter 'scope' isn't valid. The scope {part} isn't valid."
                );
                return Err(Refusal::new("invalid_scope", 70011, says));
            }
        }
        let begun = self.flows.begin(&client.to_string(), scope, called, secret(180), user_code(9));
        let page = format!("{called}/common/oauth2/deviceauth");
        let message = format!(
            "To sign in, use a web browser to open the page {page} and enter the code {} to authenticate.",
            begun.user_code
        );
        Ok(json!({
            "user_code": begun.user_code, "device_code": begun.device_code, "verification_uri": page,
            "expires_in": begun.pace.expires_in, "interval": begun.pace.interval, "message": message,
        }))
    }

    fn poll(&self, fields: &BTreeMap<String, String>) -> Result<Value, Refusal> {
        let client = self.client(fields)?;
        let code = fields.get("device_code").ok_or_else(|| Refusal::missing("device_code"))?;
        let (error, number, says) = match self.flows.poll(code, &client.to_string()) {
            Polled::Approved { account, scope } => return self.hand_out(account, client, scope),
            Polled::Waiting | Polled::TooEarly { .. } => (
                "authorization_pending",
                70016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            ),
            // no page has the number of this one: it is made up
            Polled::Declined => ("authorization_declined", 70017, "The user declined the authorization."),
            // the number as in azure-docs issue 92366
            Polled::Expired => (
                "expired_token",
                70020,
                "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
            ),
            Polled::Unknown => ("bad_verification_code", 70018, "Invalid verification code."),
        };
        Err(Refusal::new(error, number, says))
    }

    /// learn: entra/identity-platform/v2-oauth2-auth-code-flow, "Refresh the access token": the old refresh token
    /// stays good.
    fn refresh(&self, fields: &BTreeMap<String, String>) -> Result<Value, Refusal> {
        let client = self.client(fields)?;
        let token = fields.get("refresh_token").ok_or_else(|| Refusal::missing("refresh_token"))?;
        let grant = self.grants().refresh.get(token).cloned();
        match grant {
            Some(grant) if grant.client != client => {
                Err(Refusal::new("invalid_grant", 70000, "The refresh token was issued to another client."))
            }
            Some(grant) if !grant.revoked => self.hand_out(grant.user, client, grant.scope),
            Some(_) => Err(Refusal::new(
                "invalid_grant",
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            )),
            None => Err(Refusal::new("invalid_grant", 70000, "The refresh token isn't valid.")),
        }
    }

    /// A token for what the client asks for, with what the scopes bring along.
    fn hand_out(&self, user: User, client: Uuid, scope: String) -> Result<Value, Refusal> {
        let issue = |audience: Option<&str>, claims: Value| {
            let claims: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
            let wish = Wish {
                audience: audience.map(str::to_owned),
                expires_in: Some(LIFETIME),
                // app roles are those at the resource: an API that asks for itself has its people's own
                roles: (client == CLIENT).then(Vec::new),
                claims,
                ..Wish::default()
            };
            let issued = self.tokens.issue(&user, client, &wish);
            issued.map_err(|error| Refusal::new("server_error", 50000, format!("{error:#}")))
        };
        let scp = if client == CLIENT { "All" } else { "user_impersonation" };
        let access = issue(Some(&resource(client)), json!({"azp": client, "scp": scp}))?;
        let has = |part: &str| scope.split_whitespace().any(|one| one == part);
        let mut answer = json!({
            "token_type": "Bearer", "scope": scope, "expires_in": LIFETIME - 1, "ext_expires_in": LIFETIME - 1,
            "access_token": access,
        });
        if has("openid") {
            answer["id_token"] = issue(None, json!({"scp": null, "azp": null, "azpacr": null}))?.into();
        }
        let mut grants = self.grants();
        grants.access.insert(access, user.oid);
        if has("offline_access") {
            let refresh = format!("1.{}", secret(200));
            answer["refresh_token"] = refresh.clone().into();
            grants.refresh.insert(refresh, Grant { user, client, scope, revoked: false });
        }
        Ok(answer)
    }

    /// Whose a token is, while it is good.
    pub fn whose(&self, token: &str) -> Option<Uuid> {
        let grants = self.grants();
        let refresh = grants.refresh.get(token).filter(|grant| !grant.revoked).map(|grant| grant.user.oid);
        grants.access.get(token).copied().or(refresh)
    }

    /// Revokes one token; whether it was good.
    pub fn revoke(&self, token: &str) -> bool {
        let mut grants = self.grants();
        let access = grants.access.remove(token).is_some();
        let refresh = grants.refresh.get_mut(token);
        refresh.is_some_and(|grant| !std::mem::replace(&mut grant.revoked, true)) || access
    }

    /// Revokes all tokens of a person; says how many.
    pub fn revoke_all(&self, oid: Uuid) -> usize {
        let mut grants = self.grants();
        let before = grants.access.len();
        grants.access.retain(|_, owner| *owner != oid);
        let access = before - grants.access.len();
        let mine = grants.refresh.values_mut().filter(|grant| grant.user.oid == oid && !grant.revoked);
        access + mine.map(|grant| grant.revoked = true).count()
    }

    fn not_understood(&self, what: &str) -> Answer {
        self.oddities.remember(format!("entra: {what}"));
        listener::json(
            501,
            &json!({"error": "not_implemented", "error_description": "the world's Entra lacks this"}),
        )
    }

    /// The public client that asks: the VS Code CLI, or an API's own app registration that lets people's programs
    /// sign in to it.
    fn client(&self, fields: &BTreeMap<String, String>) -> Result<Uuid, Refusal> {
        let client = fields.get("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
        let known = |id: &Uuid| *id == CLIENT || self.tokens.knows(*id);
        client.parse().ok().filter(known).ok_or_else(|| {
            let says = format!("Application with identifier '{client}' was not found in the directory.");
            Refusal::new("unauthorized_client", 700_016, says)
        })
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client asks tokens for.
fn resource(client: Uuid) -> String {
    if client == CLIENT { RELAY.to_owned() } else { client.to_string() }
}
