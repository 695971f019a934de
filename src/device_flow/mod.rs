//! Signing in to the tunnel by a code on the screen (RFC 8628): one request begins a flow, one request polls it.
//!
//! Not by crate `oauth2`: it polls in a loop that sleeps, takes GitHub's errors (status 200) for broken tokens, and
//! brings a second reqwest.

mod account;
mod answer;
mod tenant;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Response, header};

pub use crate::config::Secret;
use crate::{
    api::problem::{Code, Problem},
    config::SignInSettings,
    domain::sign_in::{NoToken, Pending, Provider},
    wire::{self, retry_after, told},
};

/// How long one request may take, its answer read whole. It is shorter than the interval of either provider, so that a
/// poll has ended before the next one may begin.
const ONE_REQUEST: Duration = Duration::from_secs(4);

/// No answer that we read is larger.
const LARGEST: usize = 64 * 1024;

pub use tenant::Tenant;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What the VS Code CLI itself says (microsoft/vscode: cli/src/auth.rs): the tunnel's relay takes tokens of no other
/// client. The page of the provider therefore asks for "Visual Studio Code".
struct Client {
    id: &'static str,
    scope: &'static str,
}

const GITHUB: Client = Client { id: "01ab8ac9400c4e429b23", scope: "read:user read:org" };

const MICROSOFT: Client = Client {
    id: "aebc6443-996d-45c2-90f0-388ff96faa56",
    scope: "46da2f7e-b5ef-422a-88d4-2a7f9de6a0b2/.default offline_access profile openid",
};

/// A flow with the secret that polls need.
#[derive(Clone, Debug)]
pub struct Flow {
    pub pending: Pending,
    pub device_code: Secret,
}

/// A token for the tunnel.
#[derive(Clone, Debug)]
pub struct Token {
    pub provider: Provider,
    pub access: Secret,
    /// Microsoft's, whose access token lives for an hour; GitHub has none.
    pub refresh: Option<Secret>,
    /// Who signed in, as Microsoft tells it beside the token.
    id_token: Option<Secret>,
}

/// What a poll brought.
#[derive(Clone, Debug)]
pub enum Outcome {
    Token(Token),
    NoToken(NoToken),
}

/// Why a flow does not begin, or an account is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{provider} is unavailable: {why}")]
    Unavailable { provider: Provider, why: String, wait: Option<Duration> },
    #[error("{provider} refused: {why}")]
    Refused { provider: Provider, why: String },
}

/// Both providers.
#[derive(Clone)]
pub struct DeviceFlow {
    settings: SignInSettings,
    client: reqwest::Client,
}

impl DeviceFlow {
    /// `client` says whom to trust.
    ///
    /// # Errors
    /// When no client can be made; nothing is connected yet.
    pub fn new(settings: &SignInSettings, client: reqwest::ClientBuilder) -> reqwest::Result<Self> {
        Ok(Self { settings: settings.clone(), client: built(client)? })
    }

    /// Begins a flow: the person has a code from now on.
    ///
    /// # Errors
    /// When the provider does not answer as it should, or refuses.
    pub async fn begin(&self, provider: Provider, now: DateTime<Utc>) -> Result<Flow, Error> {
        let Client { id, scope } = client_of(provider);
        let fields = [("client_id", id), ("scope", scope)];
        let (status, wait, body) = post(&self.client, &self.code_url(provider), &fields)
            .await
            .map_err(|why| Error::Unavailable { provider, why, wait: None })?;
        answer::begun(provider, status, wait, &body, now)
    }

    /// Polls a flow once. When it may be polled is decided elsewhere: `plan::sign_in`.
    pub async fn poll(&self, flow: &Flow) -> Outcome {
        let provider = flow.pending.provider;
        let id = client_of(provider).id;
        let code = flow.device_code.reveal();
        let fields = [("client_id", id), ("grant_type", GRANT), ("device_code", code)];
        match post(&self.client, &self.token_url(provider), &fields).await {
            Ok((status, wait, body)) => answer::polled(provider, status, wait, &body),
            Err(why) => {
                tracing::warn!(%provider, why, "a poll brought no answer");
                Outcome::NoToken(NoToken::Unavailable { wait: None })
            }
        }
    }

    fn code_url(&self, provider: Provider) -> String {
        match provider {
            Provider::GitHub => format!("{}/login/device/code", self.settings.github_url),
            Provider::Microsoft => {
                format!("{}/organizations/oauth2/v2.0/devicecode", self.settings.microsoft_url)
            }
        }
    }

    fn token_url(&self, provider: Provider) -> String {
        match provider {
            Provider::GitHub => format!("{}/login/oauth/access_token", self.settings.github_url),
            Provider::Microsoft => format!("{}/organizations/oauth2/v2.0/token", self.settings.microsoft_url),
        }
    }
}

/// A client that codes and tokens may be given to.
fn built(client: reqwest::ClientBuilder) -> reqwest::Result<reqwest::Client> {
    client
        .timeout(ONE_REQUEST)
        // a redirect would take a code or a token to somebody else
        .redirect(reqwest::redirect::Policy::none())
        // GitHub's API answers nobody who has no name
        .user_agent("dcaas")
        .build()
}

async fn post(client: &reqwest::Client, url: &str, fields: &[(&str, &str)]) -> Result<Read, String> {
    let request = client.post(url).header(header::ACCEPT, "application/json").form(fields);
    read(request.send().await.map_err(told)?).await
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unavailable { provider, .. } => Self::new(
                Code::SignInUnavailable,
                format!("{provider} does not answer as it should just now"),
            )
            .next("Nothing is lost. Try again in a minute, or sign in with the other provider."),
            Error::Refused { provider, .. } => {
                Self::new(Code::SignInRefused, format!("{provider} does not let anybody sign in here")).next(
                    "Sign in with the other provider, and tell an admin, who finds the reason in the log.",
                )
            }
        }
        .cause(error)
    }
}

fn client_of(provider: Provider) -> Client {
    match provider {
        Provider::GitHub => GITHUB,
        Provider::Microsoft => MICROSOFT,
    }
}

/// Status, `Retry-After`, and the body whole.
type Read = (u16, Option<Duration>, Vec<u8>);

async fn read(answer: Response) -> Result<Read, String> {
    let (status, wait) = (answer.status().as_u16(), retry_after(answer.headers()));
    let body = wire::read(answer, LARGEST).await.map_err(|unread| unread.to_string())?;
    Ok((status, wait, body))
}
