//! The JSON body of `workspaces`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::rfc3339;
use crate::domain::{
    member::Member,
    membership::{Brake, Cause, Comparison},
    situation::Situation,
    workspace::Session,
};

/// What `workspaces` answers.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WorkspacesBody {
    /// Null while nobody is kept from being removed.
    pub brake: Option<BrakeBody>,
    /// Null before the first one.
    pub comparison: Option<ComparisonBody>,
    pub people: Vec<PersonBody>,
}

/// The brake on mass removal, while it holds.
#[derive(Debug, JsonSchema, Serialize)]
pub struct BrakeBody {
    /// What is, and what to do about it.
    pub says: String,
    pub since: String,
    pub cause: &'static str,
    /// How many would lose their workspaces.
    pub count: usize,
    /// Who they are, by object id.
    pub members: Vec<String>,
}

/// The last comparison of the group with the cluster.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ComparisonBody {
    pub at: String,
    /// Null where nothing kept it from its end.
    pub fault: Option<String>,
}

/// Somebody who has a namespace of this installation.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PersonBody {
    pub member: String,
    /// What Graph called them when they were provisioned last.
    pub name: Option<String>,
    pub phase: &'static str,
    pub says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub since: Option<String>,
    /// Of the session that runs or waits, or of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionBody>,
    /// When they left the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// When what is kept of them is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
}

/// A session, as admins see it.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SessionBody {
    pub id: String,
    /// Null while it waits for a sign-in.
    pub started: Option<String>,
    /// Who asked for it, by object id.
    pub by: String,
    /// When the sweep looks at its use next; after a warning, when it is stopped. Null: at the next sweep.
    pub look: Option<String>,
    pub warned: Option<String>,
    pub keep: Option<String>,
    /// Why it is kept, or will be stopped, as the last look found.
    pub why: Option<String>,
}

impl WorkspacesBody {
    #[must_use]
    pub fn new(brake: Option<&Brake>, comparison: Option<Comparison>, people: Vec<PersonBody>) -> Self {
        let comparison = comparison.map(|c| ComparisonBody { at: rfc3339(c.at), fault: c.fault });
        Self { brake: brake.map(BrakeBody::new), comparison, people }
    }
}

impl BrakeBody {
    fn new(brake: &Brake) -> Self {
        Self {
            says: brake.to_string(),
            since: rfc3339(brake.since),
            cause: match brake.cause {
                Cause::GroupMissing => "group-missing",
                Cause::GroupEmpty => "group-empty",
                Cause::TooMany { .. } => "too-many",
            },
            count: brake.losers.len(),
            members: brake.losers.iter().map(ToString::to_string).collect(),
        }
    }
}

impl PersonBody {
    #[must_use]
    pub fn new(
        member: Member,
        name: Option<String>,
        situation: Situation,
        session: Option<&Session>,
    ) -> Self {
        Self {
            member: member.to_string(),
            name,
            phase: situation.phase.word(),
            says: situation.says,
            next: situation.next,
            since: situation.since.map(rfc3339),
            profile: session.map(|session| session.profile.clone()),
            session: session.map(|session| SessionBody {
                id: session.id.clone(),
                started: session.started.map(rfc3339),
                by: session.by.to_string(),
                look: session.watch.look.map(rfc3339),
                warned: session.watch.warned.map(rfc3339),
                keep: session.watch.keep.map(rfc3339),
                why: Some(session.watch.why.clone()).filter(|why| !why.is_empty()),
            }),
            left: None,
            kept_until: None,
        }
    }

    /// That they left, and until when what is kept of them is kept.
    #[must_use]
    pub fn left(mut self, at: Option<DateTime<Utc>>, kept_until: Option<DateTime<Utc>>) -> Self {
        self.left = at.map(rfc3339);
        self.kept_until = kept_until.map(rfc3339);
        self
    }
}
