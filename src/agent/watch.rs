//! The link's state from what is heard and seen, and whether the tunnel must be started anew. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::hear::{Heard, Status};
use crate::domain::link::{Link, LinkState, Refused};

/// The CLI tries to reach the relay by itself; after so long it is started anew.
const AWAY_TOO_LONG: TimeDelta = TimeDelta::minutes(2);
/// So many questions in a row without an answer, and nothing of it works any more.
const SILENT_TOO_OFTEN: u8 = 3;
/// A sign-in that held for so long has proved itself: when it is rejected, the same token is worth another one.
const PROVED: TimeDelta = TimeDelta::minutes(1);

/// Why the tunnel must end although it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The sign-in was not accepted: another one is needed.
    Rejected,
    /// It works under a name that is not ours.
    WrongName,
    /// Another start may do better.
    Stuck,
}

/// Follows one tunnel's link.
#[derive(Debug)]
pub struct Watch {
    name: String,
    link: Link,
    error: String,
    silent: u8,
    /// Not at the relay since then.
    away: Option<DateTime<Utc>>,
    /// The sign-in is new, and nothing has proved it yet.
    fresh: bool,
    fault: Option<Fault>,
}

impl Watch {
    /// A tunnel of that name, of which nothing is known yet.
    pub fn new(name: &str, now: DateTime<Utc>) -> Self {
        let link = Link::new(LinkState::Unknown, now, "the agent starts");
        let (error, away, fresh, fault) = (String::new(), None, false, None);
        Self { name: name.to_lowercase(), link, error, silent: 0, away, fresh, fault }
    }

    /// The link as it is known.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the tunnel must be ended and started anew.
    pub fn fault(&self, now: DateTime<Utc>) -> Option<Fault> {
        let away = self.away.is_some_and(|since| now - since >= AWAY_TOO_LONG);
        self.fault.or(away.then_some(Fault::Stuck))
    }

    /// It was signed in. With a token that was not tried before there is hope again, whatever was refused.
    pub fn signed_in(&mut self, new_token: bool, now: DateTime<Utc>) {
        self.fresh = true;
        if new_token && self.link.state != LinkState::Connecting {
            self.to(LinkState::Connecting, "the tunnel signs in", now);
        }
    }

    /// `code tunnel` was started. A refusal stays until something better is seen.
    pub fn started(&mut self, now: DateTime<Utc>) {
        self.error.clear();
        self.silent = 0;
        self.fault = None;
        self.away = Some(now);
        if self.link.state != LinkState::Refused {
            self.to(LinkState::Connecting, "the tunnel starts", now);
        }
    }

    /// It said something.
    pub fn heard(&mut self, heard: Heard, now: DateTime<Utc>) {
        match heard {
            Heard::Address(name) => self.at_relay(Some(&name), now),
            Heard::Lost(why) => self.away(&why, now),
            Heard::AsksToSignIn | Heard::Refused(Refused::TokenRejected) => self.rejected(now),
            Heard::Refused(why) => {
                self.fault = (why == Refused::NameInUse).then_some(Fault::WrongName).or(self.fault);
                self.refused(why.why(), now);
            }
            Heard::Error(why) => self.error = why,
        }
    }

    /// Its status was asked.
    pub fn seen(&mut self, status: Status, now: DateTime<Utc>) {
        let was_there = matches!(self.link.state, LinkState::Connected | LinkState::Lost);
        match status {
            Status::Running { name, connected, why } => {
                self.silent = 0;
                if connected { self.at_relay(name.as_deref(), now) } else { self.away(&why, now) }
            }
            // before it is at the relay the CLI does not answer; that says nothing
            Status::NotRunning | Status::Unknown(_) if !was_there => {}
            Status::NotRunning => self.silent("`code tunnel status` finds no tunnel", now),
            Status::Unknown(why) => self.silent(&why, now),
        }
    }

    /// It ended, in the given way; what it complained about last says why.
    pub fn ended(&mut self, how: &str, now: DateTime<Utc>) {
        let why = if self.error.is_empty() { how.to_owned() } else { format!("{} ({how})", self.error) };
        match self.link.state {
            LinkState::Refused => {}
            _ => self.to(LinkState::Lost, &why, now),
        }
    }

    /// Something says no.
    pub fn refused(&mut self, why: &str, now: DateTime<Utc>) {
        self.to(LinkState::Refused, why, now);
    }

    /// The workspace stops.
    pub fn stops(&mut self, now: DateTime<Utc>) {
        self.to(LinkState::Unknown, "the workspace stops", now);
    }

    fn at_relay(&mut self, name: Option<&str>, now: DateTime<Utc>) {
        if name.is_some_and(|name| name.to_lowercase() != self.name) {
            self.fault = Some(Fault::WrongName);
            self.refused(Refused::NameInUse.why(), now);
            return;
        }
        self.away = None;
        self.to(LinkState::Connected, "", now);
        self.fresh &= now - self.link.since < PROVED;
    }

    fn away(&mut self, why: &str, now: DateTime<Utc>) {
        self.away.get_or_insert(now);
        match self.link.state {
            LinkState::Connected | LinkState::Lost => self.to(LinkState::Lost, why, now),
            LinkState::Unknown | LinkState::Connecting => self.to(LinkState::Connecting, why, now),
            LinkState::Refused => {}
        }
    }

    /// One that does not answer can not say either that it lost its relay.
    fn silent(&mut self, why: &str, now: DateTime<Utc>) {
        self.silent = self.silent.saturating_add(1);
        if self.silent >= SILENT_TOO_OFTEN {
            self.fault = Some(Fault::Stuck);
            self.away(why, now);
        }
    }

    /// A sign-in that was good for long enough may be rejected by a fault of the CLI's or the relay's: the same
    /// token is tried once more before anybody is asked for another.
    fn rejected(&mut self, now: DateTime<Utc>) {
        self.fault = Some(Fault::Rejected);
        if self.fresh {
            self.refused(Refused::TokenRejected.why(), now);
        } else {
            self.away("the sign-in is no longer accepted and is made once more", now);
        }
    }

    /// `since` is when the state began; a new reason does not change it.
    fn to(&mut self, state: LinkState, why: &str, now: DateTime<Utc>) {
        if self.link.state == state {
            if !why.is_empty() {
                why.clone_into(&mut self.link.why);
            }
        } else {
            self.link = Link::new(state, now, why);
        }
    }
}

#[cfg(test)]
mod tests;
