//! GitHub, as far as signing in to a tunnel meets it: the device flow of `github.com`, and `GET /user` of
//! `api.github.com`, both at one address.
//!
//! As in github/docs: apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, "Device flow". Errors come with
//! status 200, and answers as a form unless JSON is asked for. An account is called as the one who approves says:
//! GitHub knows nothing of the tenant's people.

mod answer;
mod tokens;

use std::sync::Arc;

use anyhow::Context;
use http::{Method, header};
use http_body_util::BodyExt;
use reqwest::Url;
use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::device_flows::{Flows, Pace, Polled, form, secret, user_code};
use crate::listener::{self, Answer, Listener, Request};
use crate::strict::Oddities;
use answer::Format;
use tokens::Tokens;

/// The OAuth apps that it knows: the VS Code CLI's alone (microsoft/vscode: cli/src/auth.rs).
const APPS: [&str; 1] = ["01ab8ac9400c4e429b23"];

/// The one grant type of the device flow.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// GitHub's address, its flows and its tokens.
pub struct GitHub {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    flows: Flows<String>,
    tokens: Tokens,
    oddities: Oddities,
}

impl GitHub {
    /// Starts without flows and tokens.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(ca: &Authority, oddities: Oddities) -> anyhow::Result<Self> {
        let flows = Flows::new("github", true, Pace::USUAL);
        let shared = Arc::new(Shared { flows, tokens: Tokens::default(), oddities });
        let tls = ca.server_leaf(&["github.com", "api.github.com"])?.rustls_server()?;
        let all = shared.clone();
        let listener = Listener::start(Some(tls), move |request| {
            let all = all.clone();
            async move { Ok(all.answer(request).await) }
        });
        Ok(Self { listener: listener.await.context("GitHub can not start")?, shared })
    }

    /// Its address.
    ///
    /// # Errors
    /// Never, in a world that is up.
    pub fn url(&self) -> anyhow::Result<Url> {
        self.listener.url()
    }

    /// The flows, for whoever plays the person at the browser; an account is its login.
    #[must_use]
    pub fn flows(&self) -> &Flows<String> {
        &self.shared.flows
    }

    /// Whose account a token opens, if it is good.
    #[must_use]
    pub fn whose(&self, token: &str) -> Option<String> {
        self.shared.tokens.whose(token)
    }

    /// Revokes one token; whether it was good.
    pub fn revoke(&self, token: &str) -> bool {
        self.shared.tokens.revoke(token)
    }

    /// Revokes all tokens of an account; says how many.
    pub fn revoke_all(&self, login: &str) -> usize {
        self.shared.tokens.revoke_all(login)
    }

    /// Closes the port.
    pub async fn stop(&self) {
        self.listener.stop().await;
    }
}

impl Shared {
    async fn answer(&self, request: Request) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        match (&method, path.as_str()) {
            (&Method::GET, "/user") => self.user(&request),
            (&Method::GET, "/login/device") => listener::text(200, "text/plain; charset=utf-8", answer::PAGE),
            (&Method::POST, "/login/device/code" | "/login/oauth/access_token") => {
                let called = listener::called_as(&request);
                let (head, body) = request.into_parts();
                let Some(format) = Format::asked(&head.headers) else {
                    return self
                        .not_understood(format!("{method} {path} asks for an answer of another kind"));
                };
                let json =
                    head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
                if json || head.uri.query().is_some() {
                    return self.not_understood(format!("{method} {path} is not asked by a form"));
                }
                let Ok(body) = body.collect().await else { return listener::text(400, "text/plain", "") };
                let fields = form(&body.to_bytes());
                let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
                let begins = path.ends_with("code");
                let known: &[&str] = if begins {
                    &["client_id", "scope"]
                } else {
                    &["client_id", "device_code", "grant_type"]
                };
                if let Some(other) = fields.keys().find(|name| !known.contains(&name.as_str())) {
                    return self.not_understood(format!("{method} {path} is asked with {other:?}"));
                }
                let (status, answer) = if begins {
                    self.begin(field("client_id"), field("scope"), &called)
                } else {
                    (200, self.poll(field("client_id"), field("device_code"), field("grant_type")))
                };
                format.answer(status, &answer)
            }
            _ => self.not_understood(format!("{method} {path}")),
        }
    }

    fn begin(&self, client: &str, scope: &str, called: &str) -> (u16, Value) {
        if !APPS.contains(&client) {
            return (404, json!({"error": "Not Found"}));
        }
        let letters = user_code(8);
        let code = format!("{}-{}", &letters[..4], &letters[4..]);
        let begun = self.flows.begin(client, scope, called, secret(40), code);
        let answer = json!({
            "device_code": begun.device_code, "user_code": begun.user_code,
            "verification_uri": format!("{called}/login/device"),
            "expires_in": begun.pace.expires_in, "interval": begun.pace.interval,
        });
        (200, answer)
    }

    fn poll(&self, client: &str, device_code: &str, grant: &str) -> Value {
        if grant != GRANT {
            return answer::error("unsupported_grant_type", None);
        }
        if !APPS.contains(&client) {
            return answer::error("incorrect_client_credentials", None);
        }
        match self.flows.poll(device_code, client) {
            Polled::Unknown => answer::error("incorrect_device_code", None),
            Polled::TooEarly { interval } => answer::error("slow_down", Some(interval)),
            Polled::Expired => answer::error("expired_token", None),
            Polled::Waiting => answer::error("authorization_pending", None),
            Polled::Declined => answer::error("access_denied", None),
            Polled::Approved { account, scope } => {
                let token = self.tokens.issue(&account, client, &scope);
                // sorted, and separated by commas
                let mut scopes: Vec<&str> = scope.split_whitespace().collect();
                scopes.sort_unstable();
                json!({"access_token": token, "token_type": "bearer", "scope": scopes.join(",")})
            }
        }
    }

    /// github/docs: rest/users, "Get the authenticated user", with the few fields that say who it is.
    fn user(&self, request: &Request) -> Answer {
        if !request.headers().contains_key(header::USER_AGENT) {
            // github/docs: rest/using-the-rest-api/troubleshooting-the-rest-api, "User agent required"
            let says = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
            return listener::text(403, "text/html; charset=utf-8", says);
        }
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            ["bearer", "token"].contains(&scheme.to_lowercase().as_str()).then_some(token)
        });
        match (value, token.and_then(|token| self.tokens.whose(token))) {
            (_, Some(login)) => {
                listener::json(200, &json!({"login": login, "id": tokens::number(&login), "type": "User"}))
            }
            (Some(_), None) => answer::refuse(401, "Bad credentials"),
            (None, None) => answer::refuse(401, "Requires authentication"),
        }
    }

    fn not_understood(&self, what: String) -> Answer {
        self.oddities.remember(format!("github: {what}"));
        answer::refuse(501, "the world's GitHub lacks this")
    }
}
