//! Whose account a token opens: GitHub is asked, Microsoft has told it beside the token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::header;
use serde::Deserialize;

use super::{DeviceFlow, Error, Token, read};
use crate::{
    domain::sign_in::{Account, Provider},
    wire::told,
};

#[derive(Deserialize)]
struct WireUser {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct WireClaims {
    oid: String,
    tid: String,
}

impl DeviceFlow {
    /// Whose account it is. To be asked when the token is kept already: it can not be had a second time.
    ///
    /// # Errors
    /// When the provider does not tell; the token may be good all the same, except where it is `Refused`.
    pub async fn account(&self, token: &Token) -> Result<Account, Error> {
        match token.provider {
            Provider::GitHub => self.github_account(token).await,
            Provider::Microsoft => microsoft_account(token),
        }
    }

    async fn github_account(&self, token: &Token) -> Result<Account, Error> {
        let provider = Provider::GitHub;
        let url = format!("{}/user", self.settings.github_api_url);
        let unavailable = |why, wait| Error::Unavailable { provider, why, wait };
        let request = self
            .client
            .get(url)
            .bearer_auth(token.access.reveal())
            .header(header::ACCEPT, "application/json");
        let answer = request.send().await.map_err(|e| unavailable(told(e), None))?;
        let (status, wait, body) = read(answer).await.map_err(|why| unavailable(why, None))?;
        match (status, serde_json::from_slice::<WireUser>(&body)) {
            (200, Ok(WireUser { id, login })) if is_login(&login) => Ok(Account::GitHub { id, login }),
            (401, _) => Err(Error::Refused { provider, why: "the token counts no more".to_owned() }),
            _ => Err(unavailable(format!("status {status}, and not who it is"), wait)),
        }
    }
}

/// The claims came from the token endpoint itself, so that their signature needs no check
/// (OpenID Connect Core, 3.1.3.7).
fn microsoft_account(token: &Token) -> Result<Account, Error> {
    let claims = || {
        let part = token.id_token.as_ref()?.reveal().split('.').nth(1)?;
        let claims: WireClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
        let id = |text: &str| uuid::Uuid::try_parse(text).is_ok().then(|| text.to_lowercase());
        Some(Account::Microsoft { tenant: id(&claims.tid)?, oid: id(&claims.oid)? })
    };
    claims().ok_or_else(|| Error::Unavailable {
        provider: Provider::Microsoft,
        why: "it did not say who signed in".to_owned(),
        wait: None,
    })
}

fn is_login(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_[]".contains(c))
}
