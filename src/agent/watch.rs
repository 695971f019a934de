//! The link's state from what is heard and seen, and whether the tunnel must be started anew. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::hear::{Heard, NAME_IN_USE, REJECTED, Status};
use crate::domain::link::{Link, LinkState};

/// The CLI tries to reach the relay by itself; after so long it is started anew.
const LOST_TOO_LONG: TimeDelta = TimeDelta::minutes(2);
/// So many silent answers in a row make the link unknown.
const SILENT_TOO_OFTEN: u8 = 3;

/// Why the tunnel must end although it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The sign-in was not accepted: a new one is needed.
    Rejected,
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
    fault: Option<Fault>,
}

impl Watch {
    /// A tunnel of that name, of which nothing is known yet.
    pub fn new(name: &str, now: DateTime<Utc>) -> Self {
        let link = Link::new(LinkState::Unknown, now, "the agent starts");
        Self { name: name.to_lowercase(), link, error: String::new(), silent: 0, fault: None }
    }

    /// The link as it is known.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the tunnel must be ended and started anew.
    pub fn fault(&self, now: DateTime<Utc>) -> Option<Fault> {
        let lost = self.link.state == LinkState::Lost && now - self.link.since >= LOST_TOO_LONG;
        self.fault.or(lost.then_some(Fault::Stuck))
    }

    /// `code tunnel` was started. A refusal stays until something better is seen.
    pub fn started(&mut self, now: DateTime<Utc>) {
        self.error.clear();
        self.silent = 0;
        self.fault = None;
        if self.link.state != LinkState::Refused {
            self.to(LinkState::Connecting, "the tunnel starts", now);
        }
    }

    /// It said something.
    pub fn heard(&mut self, heard: Heard, now: DateTime<Utc>) {
        match heard {
            Heard::Address(name) => self.at_relay(Some(&name), now),
            Heard::Lost(why) => self.away(&why, now),
            Heard::AsksToSignIn => self.rejected(REJECTED, now),
            Heard::Refused(why) if why == REJECTED => self.rejected(&why, now),
            Heard::Refused(why) => {
                self.fault = (why == NAME_IN_USE).then_some(Fault::Stuck).or(self.fault);
                self.refused(&why, now);
            }
            Heard::Error(why) => self.error = why,
        }
    }

    /// Its status was asked.
    pub fn seen(&mut self, status: Status, now: DateTime<Utc>) {
        self.silent = if matches!(status, Status::Unknown(_)) { self.silent.saturating_add(1) } else { 0 };
        match status {
            Status::Running { name, connected: true, .. } => self.at_relay(name.as_deref(), now),
            Status::Running { connected: false, why, .. } => self.away(&why, now),
            Status::NotRunning if self.link.state == LinkState::Connected => {
                self.to(LinkState::Unknown, "`code tunnel status` finds no tunnel", now);
            }
            Status::NotRunning => {}
            // before it is at the relay the CLI does not answer; that says nothing
            Status::Unknown(why)
                if self.silent >= SILENT_TOO_OFTEN
                    && matches!(self.link.state, LinkState::Connected | LinkState::Lost) =>
            {
                self.to(LinkState::Unknown, &why, now);
            }
            Status::Unknown(_) => {}
        }
    }

    /// It ended, in the given way; what it complained about last says why.
    pub fn ended(&mut self, how: &str, now: DateTime<Utc>) {
        let why = if self.error.is_empty() { how.to_owned() } else { format!("{how}: {}", self.error) };
        match self.link.state {
            LinkState::Refused => {}
            _ => self.to(LinkState::Lost, &why, now),
        }
    }

    /// Something other than the tunnel says no.
    pub fn refused(&mut self, why: &str, now: DateTime<Utc>) {
        self.to(LinkState::Refused, why, now);
    }

    /// The workspace stops.
    pub fn stops(&mut self, now: DateTime<Utc>) {
        self.to(LinkState::Unknown, "the workspace stops", now);
    }

    fn at_relay(&mut self, name: Option<&str>, now: DateTime<Utc>) {
        if name.is_some_and(|name| name.to_lowercase() != self.name) {
            self.fault = Some(Fault::Stuck);
            self.refused(NAME_IN_USE, now);
        } else {
            self.to(LinkState::Connected, "", now);
        }
    }

    fn away(&mut self, why: &str, now: DateTime<Utc>) {
        match self.link.state {
            LinkState::Connected | LinkState::Lost => self.to(LinkState::Lost, why, now),
            LinkState::Unknown | LinkState::Connecting => self.to(LinkState::Connecting, why, now),
            LinkState::Refused => {}
        }
    }

    fn rejected(&mut self, why: &str, now: DateTime<Utc>) {
        self.fault = Some(Fault::Rejected);
        self.refused(why, now);
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
