//! Reading what the providers answer: GitHub's errors with status 200, Microsoft's with 400, and nonsense. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Error, Flow, Outcome, Token};
use crate::{
    config::Secret,
    domain::sign_in::{NoToken, Pending, Provider, UserCode},
};

/// Where the provider says no interval (RFC 8628, 3.2).
const USUAL_INTERVAL: u64 = 5;

/// A code that is good for longer, or an interval that is longer, is cut to this many seconds.
const LONGEST_LIFE: u64 = 3600;
const LONGEST_INTERVAL: u64 = 300;

#[derive(Deserialize)]
struct WireFlow {
    device_code: String,
    user_code: String,
    // as older services spell it
    #[serde(alias = "verification_url")]
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct WireError {
    error: String,
    /// GitHub's, with `slow_down`.
    interval: Option<u64>,
    /// Microsoft's numbers.
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// Reads the answer to a beginning.
pub(super) fn begun(
    provider: Provider,
    status: u16,
    wait: Option<Duration>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Flow, Error> {
    let unavailable = |why: String| Error::Unavailable { provider, why, wait };
    if is_busy(status) {
        return Err(unavailable(format!("status {status}")));
    }
    // first: GitHub's errors have a good status
    if let Ok(error) = serde_json::from_slice::<WireError>(body) {
        let why = reason(&error);
        return Err(match error.error.as_str() {
            "temporarily_unavailable" | "server_error" | "slow_down" => unavailable(why),
            _ => Error::Refused { provider, why: format!("{why}, status {status}") },
        });
    }
    if !(200..300).contains(&status) {
        return Err(unavailable(format!("status {status} without a reason")));
    }
    let wire: WireFlow = serde_json::from_slice(body).map_err(|_| unavailable(unreadable(body)))?;
    let page = &wire.verification_uri;
    let shown =
        page.starts_with("https://") && page.len() <= 200 && page.chars().all(|c| c.is_ascii_graphic());
    let user_code = UserCode::parse(&wire.user_code);
    let (Some(user_code), true, true) = (user_code, shown, is_secret(&wire.device_code)) else {
        return Err(unavailable("codes that nobody can use".to_owned()));
    };
    let seconds = |seconds: u64, longest: u64| Duration::from_secs(seconds.clamp(1, longest));
    let interval = seconds(wire.interval.unwrap_or(USUAL_INTERVAL), LONGEST_INTERVAL);
    let pending = Pending {
        id: Uuid::new_v4().simple().to_string(),
        provider,
        user_code,
        page: wire.verification_uri,
        expires: now + seconds(wire.expires_in, LONGEST_LIFE),
        interval,
        next_poll: now + interval,
        misses: 0,
    };
    Ok(Flow { pending, device_code: Secret::from(wire.device_code.as_str()) })
}

/// Reads the answer to a poll.
pub(super) fn polled(provider: Provider, status: u16, wait: Option<Duration>, body: &[u8]) -> Outcome {
    if is_busy(status) {
        tracing::warn!(%provider, status, "a poll was not answered");
        return Outcome::NoToken(NoToken::Unavailable { wait });
    }
    if let Ok(error) = serde_json::from_slice::<WireError>(body) {
        return Outcome::NoToken(no_token(provider, &error, wait));
    }
    let token = serde_json::from_slice::<WireToken>(body).ok().filter(|token| is_secret(&token.access_token));
    match token {
        Some(token) if (200..300).contains(&status) => {
            let secret =
                |text: Option<String>| text.filter(|text| is_secret(text)).map(|text| Secret::from(&*text));
            Outcome::Token(Token {
                provider,
                access: Secret::from(token.access_token.as_str()),
                refresh: secret(token.refresh_token),
                id_token: secret(token.id_token),
            })
        }
        _ => {
            tracing::warn!(%provider, status, why = unreadable(body), "a poll was answered with nonsense");
            Outcome::NoToken(NoToken::Unavailable { wait })
        }
    }
}

/// Both providers' words (github/docs: "Error codes for the device flow"; learn: v2-oauth2-device-code, "Expected
/// errors"), and those of RFC 8628, 3.5.
fn no_token(provider: Provider, error: &WireError, wait: Option<Duration>) -> NoToken {
    match error.error.as_str() {
        "authorization_pending" => NoToken::Waiting,
        "slow_down" => {
            let interval = error.interval.map(|seconds| Duration::from_secs(seconds.min(LONGEST_INTERVAL)));
            NoToken::SlowDown { interval }
        }
        "access_denied" | "authorization_declined" => NoToken::Declined,
        // GitHub's table has the one name, and the sentence beside it the other
        "expired_token" | "token_expired" | "code_expired" => NoToken::Expired,
        "incorrect_device_code" | "bad_verification_code" => NoToken::UnknownCode,
        "temporarily_unavailable" | "server_error" => NoToken::Unavailable { wait },
        _ => {
            let why = reason(error);
            tracing::warn!(%provider, why, "a sign-in is refused");
            NoToken::Refused { why }
        }
    }
}

fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// What goes into a Secret, a file and an environment as it is.
fn is_secret(text: &str) -> bool {
    (1..=16 * 1024).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

/// The word and the numbers of an error. Its sentence may name a person, so it stays unread.
fn reason(error: &WireError) -> String {
    let word = error.error.as_str();
    let good = word.len() <= 60 && word.chars().all(|c| c.is_ascii_alphanumeric() || " _-".contains(c));
    let word = if good { word } else { "an error without a word" };
    match error.error_codes.as_slice() {
        [] => word.to_owned(),
        numbers => format!("{word} {numbers:?}"),
    }
}

/// What kind of nonsense it is, without a word of it: there may be a token in it.
fn unreadable(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => {
            format!("JSON with {} fields, not the expected ones", map.len())
        }
        Ok(_) => "JSON that is no object".to_owned(),
        Err(_) => format!("{} bytes that are no JSON", body.len()),
    }
}
