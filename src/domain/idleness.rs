//! How long a workspace may be idle, what is known of its use, and what is noted of both between two looks.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::activity::Activity;

/// When a workspace ends by itself. All are lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdlePolicy {
    /// After its last use.
    pub idle_after: TimeDelta,
    /// After its last use, while an editor's window is open.
    pub presence_after: TimeDelta,
    /// After its last use, at night, however open a window is.
    pub night_after: TimeDelta,
    /// After its start, and after each time that its tunnel was connected, at the earliest.
    pub grace_after_start: TimeDelta,
    /// After its start, whatever it does.
    pub longest_life: TimeDelta,
    /// How long it is kept while its use can not be known.
    pub unknown_for: TimeDelta,
    /// From the warning to the stop, at least.
    pub warn_before: TimeDelta,
    /// How far ahead a member may ask to be kept.
    pub keep_cap: TimeDelta,
}

/// The night of a team, by the clock on their wall: the same times every day. It ends on the next day where its end is
/// not later than its begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// From then on only what works stays.
    pub from: NaiveTime,
    /// Then what works goes, too.
    pub until: NaiveTime,
    pub zone: Tz,
}

/// The policies of an installation: one for all profiles, those of profiles with their own, and the night of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdlePolicies {
    pub usual: IdlePolicy,
    pub of_profiles: BTreeMap<String, IdlePolicy>,
    pub night: Option<Night>,
}

impl IdlePolicies {
    /// The policy of a profile; a profile that is gone has the usual one.
    #[must_use]
    pub fn of(&self, profile: &str) -> &IdlePolicy {
        self.of_profiles.get(profile).unwrap_or(&self.usual)
    }
}

/// What is noted of a session from one look to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// A member asked for it to be kept until then.
    pub keep: Option<DateTime<Utc>>,
    /// When the sweep looks next; after a warning, when it stops the workspace. None: at once.
    pub look: Option<DateTime<Utc>>,
    /// When its people were warned, if they were.
    pub warned: Option<DateTime<Utc>>,
    /// Since when its use can not be known, or nothing of it runs.
    pub unknown: Option<DateTime<Utc>>,
    /// Why it is kept, or why it will be stopped.
    pub why: String,
}

/// What somebody asked for inside the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// To be kept until then.
    pub until: DateTime<Utc>,
    /// When it was asked, from where its cap counts.
    pub asked: DateTime<Utc>,
}

/// What could be learnt of a workspace's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Testimony {
    /// The agent's newest line, believed no further than now.
    Heard { at: DateTime<Utc>, connected: Option<DateTime<Utc>>, activity: Activity, hold: Option<Wish> },
    /// There is none, and why: a clause that follows "its use can not be known: ".
    Silence { why: &'static str },
    /// It holds a machine, and nothing of it runs, so that no work is lost with it: why, as a clause.
    Halted { why: String },
    /// No machine has taken it: it holds none, and nothing of it runs.
    Unplaced,
}
