//! Signing in with a browser: the authorization code flow, as a web app with Easy Auth before it uses it.
//!
//! As in learn: entra/identity-platform/v2-oauth2-auth-code-flow and v2-protocols-oidc, "Send a sign-out request".
//! The person says who they are and needs no password; the app's own secret is not played.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use reqwest::Url;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::refusal::Refusal;
use super::tokens::{Tokens, User, Wish};
use crate::device_flows::{form, secret};
use crate::listener::{self, Answer, Request};
use crate::strict::Oddities;

/// So many accounts are offered; who is not among them types their name.
const OFFERED: usize = 20;

/// Those who may sign in, and the codes that are under way.
pub(super) struct Browsers {
    tokens: Arc<Tokens>,
    oddities: Oddities,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By user name, in lower case.
    people: BTreeMap<String, User>,
    codes: BTreeMap<String, Granted>,
}

/// What a code stands for, once.
struct Granted {
    user: User,
    asked: Asked,
}

/// What an app asks of a browser that it sends here.
#[derive(Clone)]
struct Asked {
    client_id: Uuid,
    redirect: Url,
    state: String,
    nonce: String,
}

impl Browsers {
    pub fn new(tokens: Arc<Tokens>, oddities: Oddities) -> Self {
        Self { tokens, oddities, state: Mutex::default() }
    }

    /// Somebody who can sign in from now on, or who is somebody else now.
    pub fn know(&self, user: User) {
        self.state().people.insert(user.username.to_lowercase(), user);
    }

    /// Whether a request comes from a browser.
    pub fn are_meant(request: &Request) -> bool {
        let page = request.uri().path()[1..].split_once('/').map_or("", |(_, page)| page);
        page == "oauth2/v2.0/authorize" || (page == "oauth2/v2.0/logout" && request.method() == Method::GET)
    }

    /// Answers such a request.
    pub async fn answer(&self, request: Request) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let query = form(request.uri().query().unwrap_or_default().as_bytes());
        if path[1..].split_once('/').is_none_or(|(tenant, _)| tenant != self.tokens.tenant.to_string()) {
            return self.not_understood(&format!("{method} {path}: a browser of another tenant"));
        }
        if path.ends_with("/logout") {
            return match query.get("post_logout_redirect_uri").and_then(|to| local(to)) {
                Some(to) => redirect(&to),
                None => self.not_understood(&format!("{method} {path}: a sign-out that leads nowhere")),
            };
        }
        let asked = match self.asked(&query) {
            Ok(asked) => asked,
            Err(why) => return self.not_understood(&format!("{method} {path}: {why}")),
        };
        match method {
            Method::GET => self.page(None),
            Method::POST => {
                let Ok(body) = request.into_body().collect().await else {
                    return listener::text(400, "text/plain", "");
                };
                let login = form(&body.to_bytes()).remove("login").unwrap_or_default();
                let known = self.state().people.get(&login.trim().to_lowercase()).cloned();
                match known {
                    Some(user) => self.grant(user, asked),
                    None => self.page(Some(&login)),
                }
            }
            _ => self.not_understood(&format!("{method} {path}")),
        }
    }

    /// Only what Easy Auth asks for is understood.
    fn asked(&self, query: &BTreeMap<String, String>) -> Result<Asked, String> {
        let field = |name: &str| query.get(name).cloned().ok_or_else(|| format!("'{name}' is missing"));
        let client_id = field("client_id")?.parse().map_err(|_| "client_id is no GUID".to_owned())?;
        if !self.tokens.knows(client_id) {
            return Err(format!("AADSTS700016: Application with identifier '{client_id}' was not found"));
        }
        if field("response_type")? != "code" || query.get("response_mode").is_some_and(|mode| mode != "query")
        {
            return Err("only response_type=code by query is played".to_owned());
        }
        if !field("scope")?.split(' ').any(|scope| scope == "openid") {
            return Err("a scope without openid signs nobody in".to_owned());
        }
        let redirect = field("redirect_uri")?;
        let redirect = local(&redirect)
            .filter(|url| url.path() == "/.auth/login/aad/callback")
            .ok_or_else(|| format!("AADSTS50011: The redirect URI '{redirect}' is not registered"))?;
        Ok(Asked { client_id, redirect, state: field("state")?, nonce: field("nonce")? })
    }

    fn grant(&self, user: User, asked: Asked) -> Answer {
        let code = format!("1.{}", secret(120));
        let mut to = asked.redirect.clone();
        to.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked.state);
        self.state().codes.insert(code, Granted { user, asked });
        redirect(&to)
    }

    /// Whose a code is, told as an ID token; it counts once.
    pub fn redeem(&self, fields: &BTreeMap<String, String>) -> Result<Value, Refusal> {
        let field = |name: &str| fields.get(name).ok_or_else(|| Refusal::missing(name));
        let code = field("code")?;
        let (client, redirect) = (field("client_id")?, field("redirect_uri")?);
        let bad = |number, says: &str| Refusal::new("invalid_grant", number, says);
        let Some(Granted { user, asked }) = self.state().codes.remove(code) else {
            return Err(bad(70000, "The provided value for the 'code' parameter is not valid."));
        };
        if client.parse() != Ok(asked.client_id) || *redirect != asked.redirect.as_str() {
            return Err(bad(
                500_112,
                "The reply address does not match the one that the code was asked for with.",
            ));
        }
        let claims: Map<String, Value> =
            [("nonce".to_owned(), asked.nonce.into()), ("scp".to_owned(), Value::Null)].into_iter().collect();
        let wish = Wish { claims, ..Wish::default() };
        let token = self.tokens.issue(&user, asked.client_id, &wish);
        let token = token.map_err(|error| Refusal::new("server_error", 50000, format!("{error:#}")))?;
        Ok(
            json!({"token_type": "Bearer", "scope": "openid profile email", "expires_in": 3599, "id_token": token}),
        )
    }

    /// Where a person says who they are.
    fn page(&self, unknown: Option<&str>) -> Answer {
        let mut offered = String::new();
        for name in self.state().people.keys().take(OFFERED) {
            let _ =
                write!(offered, "<li><button name=\"login\" value=\"{0}\">{0}</button></li>", escaped(name));
        }
        let sorry = unknown.map_or(String::new(), |name| {
            format!("<p role=\"alert\">Nobody here is called '{}'.</p>", escaped(name))
        });
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign in</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><h1>Sign in to the world's Entra</h1>{sorry}\
             <form method=\"post\"><label>Account <input name=\"login\" autofocus></label> <button>Next</button></form>\
             <form method=\"post\"><ul>{offered}</ul></form></html>"
        );
        listener::text(200, "text/html; charset=utf-8", page)
    }

    fn not_understood(&self, what: &str) -> Answer {
        self.oddities.remember(format!("entra: {what}"));
        listener::text(501, "text/plain; charset=utf-8", format!("the world's Entra lacks this: {what}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address on this machine: apps elsewhere are not registered.
fn local(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.host_str(), Some("127.0.0.1" | "localhost")))
}

fn redirect(to: &Url) -> Answer {
    let mut answer = listener::text(StatusCode::FOUND.as_u16(), "text/plain", "");
    if let Ok(to) = HeaderValue::from_str(to.as_str()) {
        answer.headers_mut().insert(header::LOCATION, to);
    }
    answer
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
