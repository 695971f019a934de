//! The identity endpoint of App Service and Functions: managed identities' tokens for whoever has the header.
//!
//! As in learn: app-service/overview-managed-identity, "REST endpoint reference", protocol 2019-08-01.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use reqwest::Url;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tokens::Tokens;
use crate::listener::{self, Answer, Request};
use crate::strict::Oddities;

const GRAPH: &str = "https://graph.microsoft.com";
/// What a managed identity may ask a token for, each also with a slash at the end: AKS, storage, Graph, ARM.
const RESOURCES: [&str; 4] = [
    "6dae42f8-4368-4678-94ff-3960e28e3630",
    "https://storage.azure.com",
    GRAPH,
    "https://management.azure.com",
];
/// A managed identity's token is good for a day.
const LIFETIME: Duration = Duration::from_hours(24);

/// The managed identities, each with the header that opens the endpoint for it.
#[derive(Default)]
pub(super) struct Identities(Mutex<Vec<Identity>>);

struct Identity {
    client_id: Uuid,
    principal: Uuid,
    header: String,
    lifetime: Duration,
    /// What it may do at Graph.
    roles: Vec<String>,
    /// Tokens of another issuer, by resource: the token and when it ends.
    foreign: BTreeMap<String, (String, i64)>,
}

/// A request that passed, before there is a token.
struct Question {
    client_id: Uuid,
    principal: Uuid,
    resource: String,
    lifetime: Duration,
    roles: Vec<String>,
    foreign: Option<(String, i64)>,
}

/// A status and what it says.
type Refusal = (u16, String);

impl Identities {
    /// Adds one, and says which header opens the endpoint for it.
    pub fn add(&self, client_id: Uuid, principal: Uuid) -> String {
        let header = new_header();
        let (lifetime, roles, foreign) = (LIFETIME, Vec::new(), BTreeMap::new());
        let identity = Identity { client_id, principal, header: header.clone(), lifetime, roles, foreign };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(identity);
        header
    }

    /// Gives one another header; the old one opens nothing any more.
    pub fn rotate(&self, client_id: Uuid) -> anyhow::Result<String> {
        self.change(client_id, |identity| {
            identity.header = new_header();
            identity.header.clone()
        })
    }

    /// How long one's tokens are good.
    pub fn live(&self, client_id: Uuid, lifetime: Duration) -> anyhow::Result<()> {
        self.change(client_id, |identity| identity.lifetime = lifetime)
    }

    /// What one's tokens for Graph let it do; tokens that are out already stay as they are.
    pub fn grant(&self, client_id: Uuid, roles: Vec<String>) -> anyhow::Result<()> {
        self.change(client_id, |identity| identity.roles = roles)
    }

    /// From now on hands out this token for the resource.
    pub fn hand_out(
        &self,
        client_id: Uuid,
        resource: &str,
        token: String,
        expires: i64,
    ) -> anyhow::Result<()> {
        let resource = resource.trim_end_matches('/').to_owned();
        self.change(client_id, |identity| _ = identity.foreign.insert(resource, (token, expires)))
    }

    /// A token for the resource, as the endpoint hands it out to whoever has the header.
    pub fn token(&self, tokens: &Tokens, client_id: Uuid, resource: &str) -> anyhow::Result<String> {
        let known = RESOURCES.contains(&resource.trim_end_matches('/'));
        anyhow::ensure!(known, "no managed identity gets a token for {resource:?}; there are {RESOURCES:?}");
        let question = self.change(client_id, |identity| identity.question(resource))?;
        let answer = hand_over(tokens, &question)?;
        Ok(answer["access_token"].as_str().context("an answer without a token")?.to_owned())
    }

    /// Answers one request to the endpoint.
    pub fn answer(&self, tokens: &Tokens, oddities: &Oddities, request: &Request) -> Answer {
        if request.uri().path() != "/msi/token" || request.method() != http::Method::GET {
            oddities.remember(format!("identity: {} {}", request.method(), request.uri().path()));
            return refuse((501, "the world's identity endpoint lacks this".into()));
        }
        let header = request.headers().get("x-identity-header").and_then(|value| value.to_str().ok());
        let answered =
            self.question(header, request.uri().query().unwrap_or(""), oddities).and_then(|question| {
                let failed = |error: anyhow::Error| (500, format!("{error:#}"));
                hand_over(tokens, &question).map_err(failed)
            });
        answered.map_or_else(refuse, |body| listener::json(200, &body))
    }

    /// The rules of the endpoint, in the order in which it looks.
    fn question(&self, header: Option<&str>, query: &str, oddities: &Oddities) -> Result<Question, Refusal> {
        let url = Url::parse(&format!("http://any/?{query}")).map_err(|error| (400, error.to_string()))?;
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let identities = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_header = |identity: &&Identity| header == Some(identity.header.as_str());
        let identity = identities.iter().find(of_header).ok_or((401, "Unauthorized".to_owned()))?;
        match asked.get("api-version").map(String::as_str) {
            Some("2019-08-01") => {}
            other => {
                return Err((400, format!("The API version {:?} is not supported.", other.unwrap_or(""))));
            }
        }
        for (name, value) in &asked {
            let mine = match name.as_str() {
                "api-version" | "resource" => continue,
                "client_id" => identity.client_id,
                "principal_id" | "object_id" => identity.principal,
                _ => {
                    oddities.remember(format!("identity: a token is asked for with {name:?}"));
                    return Err((501, "the world's identity endpoint lacks this".into()));
                }
            };
            if value.parse() != Ok(mine) {
                return Err(no_such_identity());
            }
        }
        if !["client_id", "principal_id", "object_id"].iter().any(|name| asked.contains_key(*name)) {
            // without a name it is the app's own, system-assigned one, which no installation has
            return Err(no_such_identity());
        }
        let resource = asked.get("resource").filter(|resource| !resource.is_empty());
        let resource = resource.ok_or((400, "The parameter resource is missing.".to_owned()))?;
        if !RESOURCES.contains(&resource.trim_end_matches('/')) {
            oddities.remember(format!("identity: a token is asked for the resource {resource:?}"));
            let says = "was not found in the tenant";
            return Err((400, format!("AADSTS500011: The resource principal named {resource} {says}.")));
        }
        Ok(identity.question(resource))
    }

    fn change<T>(&self, client_id: Uuid, change: impl FnOnce(&mut Identity) -> T) -> anyhow::Result<T> {
        let mut identities = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = identities.iter_mut().find(|identity| identity.client_id == client_id);
        identity.map(change).with_context(|| format!("no managed identity has the client id {client_id}"))
    }
}

impl Identity {
    fn question(&self, resource: &str) -> Question {
        let Self { client_id, principal, lifetime, .. } = *self;
        let bare = resource.trim_end_matches('/');
        let foreign = self.foreign.get(bare).cloned();
        let roles = if bare == GRAPH { self.roles.clone() } else { Vec::new() };
        Question { client_id, principal, resource: resource.to_owned(), lifetime, roles, foreign }
    }
}

fn hand_over(tokens: &Tokens, question: &Question) -> anyhow::Result<Value> {
    let Question { client_id, principal, resource, lifetime, roles, foreign } = question;
    let now = chrono::Utc::now().timestamp();
    let (token, expires) = match foreign {
        Some(foreign) => foreign.clone(),
        None => {
            let expires = now + i64::try_from(lifetime.as_secs())?;
            (tokens.issue_app_with(*client_id, *principal, resource, expires, roles)?, expires)
        }
    };
    Ok(json!({
        "access_token": token,
        "client_id": client_id.to_string().to_uppercase(),
        "expires_on": expires.to_string(),
        "not_before": (now.min(expires) - 300).to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
}

fn no_such_identity() -> Refusal {
    (
        400,
        "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
            .into(),
    )
}

/// The shape that App Service's errors have in reports (azure-docs issue 43543).
fn refuse((status, message): Refusal) -> Answer {
    listener::json(
        status,
        &json!({"StatusCode": status, "Message": message, "CorrelationId": Uuid::new_v4()}),
    )
}

fn new_header() -> String {
    Uuid::new_v4().simple().to_string().to_uppercase()
}
