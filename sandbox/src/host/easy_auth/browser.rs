//! Easy Auth's own pages under `/.auth`: signing in at Entra, the session's cookie, who one is, and signing out.
//!
//! As Microsoft Learn has them ("Customize sign-in and sign-out in Azure App Service authentication"); the cookies'
//! attributes are those that the platform sets, so that another site's requests carry them too. The session is the ID
//! token itself, which the platform would encrypt: it outlives the host, and ends when the token does.

use anyhow::{Context, Result};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Url;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Checker, claim_type};
use crate::{
    host::{
        core::Core,
        http::{empty, not_understood, value},
        log::Level,
    },
    listener::{self, Answer, Request, query},
};

const SESSION: &str = "AppServiceAuthSession";
const NONCE: &str = "Nonce";
const ATTRIBUTES: &str = "path=/; secure; HttpOnly; SameSite=None";
const GONE: &str = "deleted; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT";

/// The session that a browser sends along.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut pairs = value(headers, "cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

impl Checker {
    /// Answers everything under `/.auth`.
    pub async fn page(&self, core: &Core, request: &Request, path: &str) -> Answer {
        let answer = match (request.method().as_str(), path) {
            ("GET", "/.auth/login/aad") => self.begin(request).await,
            ("GET", "/.auth/login/aad/callback") => self.end(request).await,
            ("GET", "/.auth/logout") => self.leave(request).await,
            ("GET", "/.auth/me") => Ok(Some(self.me(request).await)),
            _ => Ok(None),
        };
        match answer {
            Ok(Some(answer)) => answer,
            Ok(None) => not_understood(core, request, "Easy Auth has no such page here, or not with this"),
            // as the platform: the reason is for its log
            Err(error) => {
                core.log.write(Level::Warning, "EasyAuth", &format!("nobody was signed in: {error:#}"));
                empty(StatusCode::UNAUTHORIZED)
            }
        }
    }

    /// Sends the browser to Entra, with a nonce that it has to bring back.
    async fn begin(&self, request: &Request) -> Result<Option<Answer>> {
        let Some(back) = local(query(request, "post_login_redirect_uri")) else { return Ok(None) };
        let nonce = Uuid::new_v4().simple().to_string();
        let mut to = self.endpoint("authorization_endpoint").await?;
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &callback(request)?)
            .append_pair("client_id", &self.auth.client_id.to_string())
            .append_pair("scope", "openid profile email")
            .append_pair("state", &state(&back, &nonce))
            .append_pair("nonce", &nonce);
        redirect(to.as_str(), &[(NONCE, format!("{nonce}; {ATTRIBUTES}"))]).map(Some)
    }

    /// Entra has sent the browser back with a code.
    async fn end(&self, request: &Request) -> Result<Option<Answer>> {
        let field = |name: &str| query(request, name).with_context(|| format!("'{name}' is missing"));
        let (code, state) = (field("code")?, field("state")?);
        let state = Url::parse(&format!("http://any/?{state}"))?;
        let told = |name: &str| state.query_pairs().find(|(key, _)| key == name).map(|(_, v)| v.into_owned());
        let nonce = told("nonce").context("the state has no nonce")?;
        anyhow::ensure!(
            cookie(request.headers(), NONCE) == Some(&nonce),
            "another browser, or another sign-in, began this"
        );
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.auth.client_id.to_string()),
            ("code", &code),
            ("redirect_uri", &callback(request)?),
        ];
        let answer = self.client.post(self.endpoint("token_endpoint").await?).form(&form).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        let token = answer["id_token"].as_str().context("Entra gave no ID token")?;
        let claims = self.check(token).await?;
        anyhow::ensure!(
            claims.get("nonce").and_then(Value::as_str) == Some(&nonce),
            "a token of another sign-in"
        );
        let Some(back) = local(told("redir")) else { return Ok(None) };
        redirect(&back, &[(SESSION, format!("{token}; {ATTRIBUTES}")), (NONCE, GONE.to_owned())]).map(Some)
    }

    async fn leave(&self, request: &Request) -> Result<Option<Answer>> {
        let Some(back) = local(query(request, "post_logout_redirect_uri")) else { return Ok(None) };
        let mut to = self.endpoint("end_session_endpoint").await?;
        to.query_pairs_mut().append_pair("post_logout_redirect_uri", &(own(request)? + &back));
        redirect(to.as_str(), &[(SESSION, GONE.to_owned())]).map(Some)
    }

    async fn me(&self, request: &Request) -> Answer {
        let claims = match session(request.headers()) {
            Some(token) => self.check(token).await.ok(),
            None => None,
        };
        claims.map_or_else(
            || empty(StatusCode::UNAUTHORIZED),
            |claims| listener::json(200, &json!([who(&claims)])),
        )
    }

    async fn endpoint(&self, name: &str) -> Result<Url> {
        let path = format!("/{}/v2.0/.well-known/openid-configuration", self.auth.tenant);
        let discovery = self.client.get(self.auth.authority.join(&path)?).send().await?;
        let discovery: Value = discovery.error_for_status()?.json().await?;
        Ok(Url::parse(discovery[name].as_str().with_context(|| format!("discovery without {name}"))?)?)
    }
}

/// Where a sign-in leads back to: only pages of this app are played.
fn local(path: Option<String>) -> Option<String> {
    path.filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'))
}

/// The app's own address, as the browser knows it.
fn own(request: &Request) -> Result<String> {
    Ok(format!("http://{}", value(request.headers(), "host").context("a request without a host")?))
}

fn callback(request: &Request) -> Result<String> {
    Ok(own(request)? + "/.auth/login/aad/callback")
}

fn state(back: &str, nonce: &str) -> String {
    let pairs = Url::parse_with_params("http://any/", [("redir", back), ("nonce", nonce)]);
    pairs.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn redirect(to: &str, cookies: &[(&str, String)]) -> Result<Answer> {
    let mut answer = empty(StatusCode::FOUND);
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_str(to)?);
    for (name, value) in cookies {
        answer.headers_mut().append(header::SET_COOKIE, HeaderValue::from_str(&format!("{name}={value}"))?);
    }
    Ok(answer)
}

fn who(claims: &Map<String, Value>) -> Value {
    let all = claims.iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!({"typ": claim_type(name), "val": value})
    });
    json!({
        "provider_name": "aad",
        "user_id": claims.get("preferred_username").or_else(|| claims.get("oid")),
        "user_claims": all.collect::<Vec<_>>(),
    })
}
