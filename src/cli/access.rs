//! A token: from the environment, from an earlier login, or from the Azure CLI, in this order.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use reqwest::Url;
use serde::Deserialize;
use tokio::process::Command;

use super::{
    client::{Api, address},
    fault::{Fault, NOT_SIGNED_IN, REFUSED, UNAVAILABLE},
    kept::{self, Kept},
};
use crate::{
    device_flow::{Outcome, Secret, Tenant},
    domain::sign_in::NoToken,
};

/// So many seconds before its end a token is not used any more.
const MARGIN: i64 = 60;

/// Where dcaas is, as it is said or was kept.
pub fn base(said: Option<&str>) -> Result<Url, Fault> {
    match said.filter(|url| !url.trim().is_empty()) {
        Some(url) => address(url),
        None => match kept::read() {
            Some(kept) => address(&kept.url),
            None => Err(Fault::new(REFUSED, "it is not known where dcaas is")
                .next("Run `dcaas login --url https://…` once, or set DCAAS_URL.")),
        },
    }
}

/// A token for the API at this address.
pub async fn token(api: &Api) -> Result<String, Fault> {
    if let Some(token) = std::env::var("DCAAS_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
        return Ok(token.trim().to_owned());
    }
    let of_here = kept::read().filter(|kept| address(&kept.url).is_ok_and(|url| url == *api.base()));
    if let Some(kept) = of_here
        && let Some(token) = renewed(kept).await?
    {
        return Ok(token);
    }
    match of_azure_cli(api).await? {
        Some(token) => Ok(token),
        None => Err(Fault::new(NOT_SIGNED_IN, "you are not signed in")
            .next("Run `dcaas login`, or `az login`, or give a token in DCAAS_TOKEN.")),
    }
}

/// The token that is kept, renewed where its time is over; none where the person has to sign in again.
async fn renewed(kept: Kept) -> Result<Option<String>, Fault> {
    if ends(&kept.access).is_some_and(|ends| ends > Utc::now().timestamp() + MARGIN) {
        return Ok(Some(kept.access));
    }
    let Some(refresh) = kept.refresh.as_deref() else { return Ok(None) };
    match tenant(&kept.token_url, &kept.client_id)?.refresh(&Secret::from(refresh)).await {
        Outcome::Token(token) => {
            let access = token.access.reveal().to_owned();
            let refresh = token.refresh.map(|secret| secret.reveal().to_owned()).or(kept.refresh);
            kept::write(&Kept { access: access.clone(), refresh, ..kept })?;
            Ok(Some(access))
        }
        Outcome::NoToken(NoToken::Unavailable { .. }) => {
            Err(Fault::new(UNAVAILABLE, "the tenant does not answer").next("Try again in a minute."))
        }
        Outcome::NoToken(_) => Ok(None),
    }
}

/// When a token ends, as it says itself. dcaas checks it; here it is only looked at.
fn ends(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&part).ok().map(|claims| claims.exp)
}

/// A client for signing in.
pub fn tenant(token_url: &str, client_id: &str) -> Result<Tenant, Fault> {
    address(token_url)?;
    Tenant::new(token_url, client_id, reqwest::Client::builder())
        .map_err(|e| Fault::new(UNAVAILABLE, format!("no client for signing in can be made: {e}")))
}

/// Where people sign in, and for which client: what the description of the API says.
pub async fn described(api: &Api) -> Result<(String, String), Fault> {
    let document = api.get("openapi", &[]).await?.body;
    let flow = &document["components"]["securitySchemes"]["entra"]["flows"]["authorizationCode"];
    let scope = flow["scopes"].as_object().and_then(|scopes| scopes.keys().next());
    let client = scope.and_then(|scope| scope.strip_suffix("/.default"));
    match (flow["tokenUrl"].as_str(), client) {
        (Some(url), Some(client)) => Ok((url.to_owned(), client.to_owned())),
        _ => Err(Fault::new(UNAVAILABLE, "dcaas does not say where to sign in")
            .next("It may be of another version: look for a newer command line.")),
    }
}

/// What the Azure CLI gives; none where it is not there, or nobody is signed in to it.
async fn of_azure_cli(api: &Api) -> Result<Option<String>, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        access_token: String,
    }
    // the question costs a request: only where somebody is there to be asked. To ask `az` itself would take a second
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&paths).any(|folder| folder.join("az").is_file()) {
        return Ok(None);
    }
    let (_, client_id) = described(api).await?;
    let scope = format!("{client_id}/.default");
    let asked = Command::new("az")
        .args(["account", "get-access-token", "--output", "json", "--scope", &scope])
        .output()
        .await;
    let given = asked.ok().filter(|output| output.status.success());
    Ok(given
        .and_then(|output| serde_json::from_slice::<Given>(&output.stdout).ok())
        .map(|given| given.access_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_ends() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(ends(&token(r#"{"exp":1800000000,"oid":"x"}"#)), Some(1_800_000_000));
        for text in ["", "nonsense", "a.b.c", &token("{}"), &token("[]")] {
            assert_eq!(ends(text), None, "{text}");
        }
    }
}
