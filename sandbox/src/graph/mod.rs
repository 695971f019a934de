//! Microsoft Graph of the tenant: users, groups, and the subscriptions to them, as its pages say it behaves.
//!
//! The pages are named as `learn: graph/…`. What the world does not have is answered with 501 and remembered.
//! `curl` changes a group as it does in Azure, with a token that the world's control address hands out:
//!
//! ```sh
//! token=$(curl -s -X POST $control/graph/token | jq -r .token)
//! curl --cacert $ca -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
//!   -d "{\"@odata.id\": \"$graph/v1.0/directoryObjects/$person\"}" "$graph/v1.0/groups/$group/members/\$ref"
//! curl --cacert $ca -H "Authorization: Bearer $token" -X DELETE \
//!   "$graph/v1.0/groups/$group/members/$person/\$ref"
//! ```

mod access;
pub mod directory;
mod groups;
mod members;
mod notifications;
mod objects;
mod query;
mod refusal;
mod subscriptions;
mod troubles;
mod users;
mod verbs;

use std::sync::Arc;

use anyhow::Context;
use reqwest::{Client, Url};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use troubles::{Notifications, Pack, Refuse, Stale, Trouble};
pub use verbs::{Forgery, Lifecycle, Whose};

use crate::certificates::Authority;
use crate::entra::Tokens;
use crate::listener::{Answer, Listener, Request};
use crate::strict::Oddities;
use access::Caller;
use directory::{Directory, View};
use notifications::Post;
use refusal::{Outcome, Refusal};
use subscriptions::Subscriptions;
use troubles::Troubles;

/// The Graph of the tenant.
pub struct Graph {
    listener: Listener,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// What all parts of it need.
struct Shared {
    tokens: Arc<Tokens>,
    directory: Arc<Directory>,
    subscriptions: Subscriptions,
    post: Post,
    troubles: Troubles,
    client: Client,
    oddities: Oddities,
}

impl Graph {
    /// Starts it over a directory, whose changes it tells from now on; another Graph can not be told of them.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(
        ca: &Authority,
        tokens: Arc<Tokens>,
        directory: Arc<Directory>,
        oddities: Oddities,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            tokens,
            directory,
            subscriptions: Subscriptions::default(),
            post: Post::default(),
            troubles: Troubles::default(),
            client: ca.client()?,
            oddities,
        });
        let told = Arc::downgrade(&shared);
        shared.directory.watch(Box::new(move |change| {
            if let Some(shared) = told.upgrade() {
                notifications::tell(&shared, change);
            }
        }));
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let post = notifications::carry(shared.clone(), tasks.clone(), stopping.clone());
        tasks.spawn(stopping.clone().run_until_cancelled_owned(post));
        let tls = ca.server_leaf(&["graph.microsoft.com"])?.rustls_server()?;
        let asked = shared.clone();
        let listener = Listener::start(Some(tls), move |request| {
            let shared = asked.clone();
            async move { Ok(answer(&shared, request).await) }
        });
        let listener = listener.await.context("Graph can not start")?;
        Ok(Self { listener, shared, stopping, tasks })
    }

    /// Its address, as `https://graph.microsoft.com/` is.
    ///
    /// # Errors
    /// Never in practice: the address is one that was listened on.
    pub fn url(&self) -> anyhow::Result<Url> {
        self.listener.url()
    }

    /// Closes the port and ends all deliveries.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.listener.stop().await;
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl Shared {
    /// Which moment answers to this caller are about.
    fn view(&self, caller: &Caller) -> View {
        self.troubles.view(caller.app)
    }
}

async fn answer(shared: &Shared, request: Request) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // Graph's own clients write `$ref` either way
    let decoded = path.replace("%24", "$").replace("%40", "@");
    let parts: Vec<&str> = decoded.trim_start_matches('/').split('/').collect();
    route(shared, &parts, request).await.unwrap_or_else(|refusal| {
        if let Some(what) = &refusal.lacks {
            let between = if what.is_empty() { "" } else { ": " };
            shared.oddities.remember(format!("graph: {method} {path}{between}{what}"));
        }
        refusal.answer()
    })
}

async fn route(shared: &Shared, parts: &[&str], request: Request) -> Outcome {
    let caller = Caller::of(&shared.tokens, &request);
    let app = caller.as_ref().map_or(Uuid::nil(), |caller| caller.app);
    if let Some(refusal) = shared.troubles.refuses(app, request.uri().path()) {
        return Err(refusal);
    }
    let caller = caller?;
    match parts {
        ["v1.0", "users", rest @ ..] => users::answer(shared, &caller, rest, request).await,
        ["v1.0", "directoryObjects", _, "checkMemberGroups"] => {
            users::answer(shared, &caller, &parts[2..], request).await
        }
        ["v1.0", "groups", rest @ ..] => groups::answer(shared, &caller, rest, request).await,
        ["v1.0", "subscriptions", rest @ ..] => subscriptions::answer(shared, &caller, rest, request).await,
        _ => Err(Refusal::lacks("")),
    }
}

/// An answer without a body.
fn empty(status: u16) -> Answer {
    let mut answer = Answer::new(reqwest::Body::default());
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    answer
}
