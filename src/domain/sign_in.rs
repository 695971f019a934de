//! Signing in to the tunnel: whether a member has, with whom, and what a flow that waits for them knows.
//! The control plane's business, not the pod's.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

/// A token for the tunnel that is kept, as far as everybody may know it: never the token itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// When the person signed in; none where somebody else put the token there.
    pub since: Option<DateTime<Utc>>,
    /// Whose account it opens, where the provider told.
    pub account: Option<Account>,
    /// The flow that brought it; none where somebody else put the token there.
    pub flow: Option<String>,
    /// Whether the relay has rejected it: a start then asks for another one.
    pub rejected: bool,
    /// The Secret's version, for a change that names what was seen.
    pub version: String,
}

/// Who signs people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    GitHub,
    Microsoft,
}

impl Provider {
    /// Both, for tables.
    pub const ALL: [Self; 2] = [Self::GitHub, Self::Microsoft];

    /// The word for it, as settings, requests and the VS Code CLI write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Microsoft => "microsoft",
        }
    }

    /// The provider of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.word() == word)
    }

    /// The one that is not this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::GitHub => Self::Microsoft,
            Self::Microsoft => Self::GitHub,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::Microsoft => "Microsoft",
        })
    }
}

/// What a person types at the provider's page. Whoever sees it can sign in in their place, so logs do not.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A code that can be shown and typed: up to 32 letters, digits and hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good =
            (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        good.then(|| Self(text.to_owned()))
    }

    /// The code itself, for the person whom it was made for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode")
    }
}

/// A flow that waits for a person, without the secret that polls need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Tells it from other flows of the same member; no secret.
    pub id: String,
    pub provider: Provider,
    pub user_code: UserCode,
    /// Where the person types it.
    pub page: String,
    /// The code is good until then.
    pub expires: DateTime<Utc>,
    /// The least time between two polls, as the provider wants it.
    pub interval: Duration,
    /// Nobody polls before this.
    pub next_poll: DateTime<Utc>,
    /// How many polls in a row brought no answer.
    pub misses: u32,
}

/// Why a poll brought no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// The person has not decided yet.
    Waiting,
    /// It came too early; the interval that counts from now on, where the provider says it.
    SlowDown { interval: Option<Duration> },
    /// The person said no.
    Declined,
    /// The code's time is over.
    Expired,
    /// The provider does not know the code, or knows that it was used.
    UnknownCode,
    /// It will never bring one; why, in the provider's word for programs.
    Refused { why: String },
    /// The provider is down, busy, or talks nonsense; how long it wants to be left in peace, where it says so.
    Unavailable { wait: Option<Duration> },
}

/// Whose account a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    GitHub { id: u64, login: String },
    Microsoft { tenant: String, oid: String },
}

/// As a person knows it, to sign an editor in with.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub { login, .. } => write!(f, "GitHub as {login}"),
            Self::Microsoft { .. } => f.write_str("Microsoft"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_a_word_of_its_own() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.word()), Some(provider));
            assert_eq!(provider.other().other(), provider);
        }
        for word in ["", "GitHub", "gitlab"] {
            assert_eq!(Provider::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_code_for_people_can_be_typed_and_is_not_printed() {
        for (text, good) in [
            ("WDJB-MJHT", true),
            ("FJC3TC3C9", true),
            ("", false),
            ("a b", false),
            ("<b>", false),
            (&"x".repeat(33), false),
        ] {
            assert_eq!(UserCode::parse(text).is_some(), good, "{text}");
        }
        assert_eq!(format!("{:?}", UserCode::parse("WDJB-MJHT").unwrap()), "UserCode");
    }
}
