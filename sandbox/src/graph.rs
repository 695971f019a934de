//! Microsoft Graph, as far as the world needs it.

use std::sync::Arc;

use anyhow::Context;
use reqwest::Url;
use serde_json::json;
use uuid::Uuid;

use crate::certificates::Authority;
use crate::entra::{Tokens, User};
use crate::listener::{self, Answer, Listener, Request};
use crate::strict::Oddities;

const AUDIENCE: &str = "https://graph.microsoft.com";

/// Who is in a group, at the moment; none if there is no such group.
pub type Members = Arc<dyn Fn(Uuid) -> Option<Vec<User>> + Send + Sync>;

/// The Graph of the tenant.
pub struct Graph(Listener);

impl Graph {
    /// Starts it; it asks `members` for every answer anew.
    pub async fn start(
        ca: &Authority,
        tokens: Arc<Tokens>,
        members: Members,
        oddities: Oddities,
    ) -> anyhow::Result<Self> {
        let tls = ca.server_leaf(&["graph.microsoft.com"])?.rustls_server()?;
        let listener = Listener::start(Some(tls), move |request| {
            std::future::ready(Ok(answer(&tokens, &members, &oddities, &request)))
        });
        Ok(Self(listener.await.context("Graph can not start")?))
    }

    /// Its address, as `https://graph.microsoft.com/` is.
    pub fn url(&self) -> anyhow::Result<Url> {
        self.0.url()
    }

    /// Closes the port.
    pub async fn stop(&self) {
        self.0.stop().await;
    }
}

fn answer(tokens: &Tokens, members: &Members, oddities: &Oddities, request: &Request) -> Answer {
    let path = request.uri().path();
    let Some(group) = group_of(path).filter(|_| request.method() == http::Method::GET) else {
        oddities.remember(format!("graph: {} {path}", request.method()));
        return error(501, "notImplemented", "the world's Graph lacks this");
    };
    let Some(token) = listener::bearer(request) else {
        return error(401, "InvalidAuthenticationToken", "Access token is empty.");
    };
    if let Err(why) = tokens.check(token, AUDIENCE) {
        tracing::debug!("graph: a token is refused: {why:#}");
        return error(401, "InvalidAuthenticationToken", "Access token validation failure.");
    }
    match group.parse().ok().and_then(|id| members(id)) {
        Some(users) => listener::json(200, &page(request, users)),
        None => {
            let says = format!(
                "Resource '{group}' does not exist or one of its queried reference-property objects are not present."
            );
            error(404, "Request_ResourceNotFound", &says)
        }
    }
}

/// One page of users (learn: graph/api/group-list-transitivemembers).
fn page(request: &Request, users: Vec<User>) -> serde_json::Value {
    let user = |user: &User| {
        json!({
            "id": user.oid, "displayName": user.name, "userPrincipalName": user.username, "accountEnabled": true,
        })
    };
    json!({
        "@odata.context": format!("{}/v1.0/$metadata#users", listener::called_as(request)),
        "@odata.count": users.len(),
        "value": users.iter().map(user).collect::<Vec<_>>(),
    })
}

fn group_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1.0/groups/")?;
    rest.strip_suffix("/transitiveMembers/microsoft.graph.user").filter(|group| !group.contains('/'))
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let id = Uuid::new_v4();
    let inner = json!({"date": chrono::Utc::now(), "request-id": id, "client-request-id": id});
    listener::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
}
