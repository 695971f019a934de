//! The link between a workspace's tunnel and the relay, as the agent sees it.

use chrono::{DateTime, Utc};

/// What the link is, since when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub state: LinkState,
    pub since: DateTime<Utc>,
    /// One sentence for people; empty where the state says it all.
    pub why: String,
}

/// The states of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Nobody has looked yet, or looking failed.
    Unknown,
    /// The tunnel starts and is not at the relay yet.
    Connecting,
    /// An editor can connect.
    Connected,
    /// It was connected; the tunnel tries again by itself.
    Lost,
    /// The relay or the sign-in says no; trying again the same way does not help.
    Refused,
}

/// Why a link is refused, where a program must tell one reason from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no token to sign in with.
    NoToken,
    /// The token that there is was rejected, also after signing in with it once more.
    TokenRejected,
    /// Another machine of the account has the tunnel's name.
    NameInUse,
    /// The account has as many tunnels as it may have.
    TooManyTunnels,
    /// Whoever deployed this did not accept the licence of the VS Code server.
    LicenceNotAccepted,
}

impl Refused {
    /// All reasons, for tables.
    pub const ALL: [Self; 5] =
        [Self::NoToken, Self::TokenRejected, Self::NameInUse, Self::TooManyTunnels, Self::LicenceNotAccepted];

    /// The sentence for it, by which it is known again.
    pub fn why(self) -> &'static str {
        match self {
            Self::NoToken => "there is no token to sign in with",
            Self::TokenRejected => "the sign-in is no longer valid: sign in again",
            Self::NameInUse => "the tunnel's name is in use by another machine of the account: stop that one",
            Self::TooManyTunnels => {
                "too many tunnels on the account: remove one that is not used, at most 10 are allowed"
            }
            Self::LicenceNotAccepted => {
                "the licence of the VS Code server is not accepted: ask an admin to read and accept it"
            }
        }
    }

    /// The reason of a refused link; none for a link in another state, or with a sentence of another version.
    pub fn of(link: &Link) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|reason| reason.why() == link.why);
        known.filter(|_| link.state == LinkState::Refused)
    }
}

impl Link {
    /// A link of that state, from now on.
    pub fn new(state: LinkState, since: DateTime<Utc>, why: impl Into<String>) -> Self {
        Self { state, since, why: why.into() }
    }

    /// The same link, believed no further than `now`: clocks differ and lines can be forged.
    pub fn not_after(mut self, now: DateTime<Utc>) -> Self {
        self.since = self.since.min(now);
        self
    }
}

impl LinkState {
    /// All states, for tables.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Connecting, Self::Connected, Self::Lost, Self::Refused];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_of_its_own() {
        for state in LinkState::ALL {
            assert_eq!(LinkState::parse(state.name()), Some(state));
        }
        assert_eq!(LinkState::parse("Connected"), None);
        assert_eq!(LinkState::parse(""), None);
    }

    #[test]
    fn a_refusal_is_known_again_by_its_sentence() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for reason in Refused::ALL {
            assert_eq!(Refused::of(&Link::new(LinkState::Refused, now, reason.why())), Some(reason));
            assert_eq!(Refused::of(&Link::new(LinkState::Lost, now, reason.why())), None);
        }
        assert_eq!(Refused::of(&Link::new(LinkState::Refused, now, "another reason")), None);
    }

    #[test]
    fn a_link_is_not_believed_to_begin_in_the_future() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = now + chrono::TimeDelta::days(400);
        let earlier = now - chrono::TimeDelta::days(400);
        assert_eq!(Link::new(LinkState::Lost, later, "").not_after(now).since, now);
        assert_eq!(Link::new(LinkState::Lost, earlier, "").not_after(now).since, earlier);
    }
}
