//! A caller from a bearer token of the tenant, in Entra's v2 or v1 form.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

use crate::{
    api::problem::{Code, Problem},
    config::EntraSettings,
    domain::{caller::Caller, member::Member},
    identity::keys::{Keys, NoKeys},
};

/// How far clocks may differ, in seconds; what Microsoft's own libraries allow.
const LEEWAY: u64 = 300;

/// Checks tokens of one tenant.
#[derive(Clone)]
pub struct Entra {
    keys: Keys,
    settings: EntraSettings,
}

/// What we read of a token. Names and addresses in it are nobody's key, so they are not read.
#[derive(Deserialize)]
struct Claims {
    oid: String,
    tid: String,
    #[serde(default)]
    roles: Vec<String>,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Bad(String),
    #[error(transparent)]
    NoKeys(#[from] NoKeys),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            // which check failed helps a forger only: it goes to the log
            Error::Bad(_) => Self::new(Code::BadToken, "your token does not count here")
                .next("Sign in again for this application, and send the new token."),
            Error::NoKeys(_) => Self::new(
                Code::EntraUnavailable,
                "the directory that vouches for you does not answer just now",
            )
            .next("Try again in a few seconds."),
        }
        .cause(error)
    }
}

impl Entra {
    #[must_use]
    pub fn new(settings: &EntraSettings, client: reqwest::Client) -> Self {
        let keys = format!("{}/{}/discovery/v2.0/keys", settings.authority, settings.tenant);
        Self { keys: Keys::new(keys, client), settings: settings.clone() }
    }

    /// The caller whom a token names.
    ///
    /// # Errors
    /// When it does not count, or that can not be found out.
    pub async fn caller(&self, token: &str) -> Result<Caller, Error> {
        let header = decode_header(token).map_err(|e| Error::Bad(format!("no token: {e}")))?;
        // the header is the caller's word: it may choose among keys, never the algorithm
        if header.alg != Algorithm::RS256 {
            return Err(Error::Bad(format!("algorithm {:?}", header.alg)));
        }
        let id = header.kid.ok_or_else(|| Error::Bad("no key id".to_owned()))?;
        let key = self.keys.find(&id).await?.ok_or_else(|| Error::Bad("unknown key".to_owned()))?;
        let claims =
            decode::<Claims>(token, &key, &self.validation()).map_err(|e| Error::Bad(e.to_string()))?.claims;
        if claims.tid != self.settings.tenant {
            return Err(Error::Bad("another tenant".to_owned()));
        }
        let member = Member::parse(&claims.oid).map_err(|e| Error::Bad(e.to_string()))?;
        Ok(Caller { member, admin: claims.roles.contains(&self.settings.admin_role) })
    }

    fn validation(&self) -> Validation {
        let EntraSettings { authority, tenant, client_id, .. } = &self.settings;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.set_audience(&[client_id.clone(), format!("api://{client_id}")]);
        validation.set_issuer(&[
            format!("{authority}/{tenant}/v2.0"),
            format!("https://sts.windows.net/{tenant}/"),
        ]);
        validation
    }
}
