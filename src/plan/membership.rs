//! Who comes and who goes: what the whole group and the whole cluster say together, and the brake on mass removal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

use crate::domain::{
    member::Member,
    membership::{Allowance, Brake, Cause, Left, Person, Resident, Standing},
    workspace::{Ended, EndedBy, Workspace},
};

/// The brake counts everybody who left within this time.
const LATELY: TimeDelta = TimeDelta::hours(24);

/// So many may always go within that time: a team of four loses one without anybody's confirmation.
const ALWAYS: usize = 3;

/// Or one in so many of those who have a workspace.
const ONE_IN: usize = 10;

/// What is known of everybody. The residents were looked at first: whoever joined in between is no loser.
#[derive(Clone, Copy, Debug)]
pub struct Everybody<'a> {
    pub residents: &'a [Resident],
    /// The people of the group, whole; none where the group does not exist.
    pub group: Option<&'a [Person]>,
}

/// Who loses their workspace now, or why nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    Go {
        losers: BTreeSet<Member>,
        /// Whether the brake would hold, had a person not confirmed it.
        confirmed: bool,
    },
    Held(Brake),
}

/// Decides who leaves. `held` is the brake as it was left by an earlier turn, `confirmed` the moment that a person
/// named; it stands for that brake and its people alone.
#[must_use]
pub fn leaving(
    everybody: Everybody,
    held: Option<&Brake>,
    confirmed: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Leaving {
    let losers: BTreeSet<Member> = losers(everybody);
    let go = |confirmed| Leaving::Go { losers: losers.clone(), confirmed };
    let Some(cause) = cause(everybody, &losers, now) else {
        return go(false);
    };
    match held.filter(|held| losers.is_subset(&held.losers)) {
        Some(held) if confirmed == Some(held.since) => go(true),
        Some(held) => Leaving::Held(Brake { since: held.since, cause, losers }),
        // somebody more would lose: what was confirmed before does not count for them
        None => {
            let since = now.trunc_subsecs(0);
            // nor by chance, within the same second
            let since = held.map_or(since, |held| since.max(held.since + TimeDelta::seconds(1)));
            Leaving::Held(Brake { since, cause, losers })
        }
    }
}

/// Everybody who is not in the group and has something to lose, or whose leaving has not come to its end.
fn losers(Everybody { residents, group }: Everybody) -> BTreeSet<Member> {
    let is_stranger = strangers(group.unwrap_or_default());
    residents
        .iter()
        .filter(|r| is_stranger(r) && (r.workspace || r.left.is_none()))
        .map(|r| r.member)
        .collect()
}

/// Says of a resident whether the group does not hold them. Who is unknown is no stranger.
fn strangers(people: &[Person]) -> impl Fn(&Resident) -> bool {
    let standings: BTreeMap<Member, &Standing> = people.iter().map(|p| (p.member, &p.standing)).collect();
    move |resident| matches!(standings.get(&resident.member), None | Some(Standing::Stranger))
}

fn cause(
    Everybody { residents, group }: Everybody,
    losers: &BTreeSet<Member>,
    now: DateTime<Utc>,
) -> Option<Cause> {
    let Some(people) = group else {
        return Some(Cause::GroupMissing).filter(|_| !losers.is_empty());
    };
    if losers.is_empty() {
        return None;
    }
    // of whom Graph does not tell enough may well be a member
    if people.iter().all(|p| p.standing == Standing::Stranger) {
        return Some(Cause::GroupEmpty);
    }
    let recent = |left: &Left| !left.confirmed && now - left.at < LATELY;
    let lately = residents
        .iter()
        .filter(|r| !losers.contains(&r.member) && r.left.as_ref().is_some_and(recent))
        .count();
    let of = residents.iter().filter(|r| r.workspace).count() + lately;
    (losers.len() + lately > ALWAYS.max(of / ONE_IN)).then_some(Cause::TooMany { lately, of })
}

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let losers = self.losers.len();
        let would = if losers == 1 {
            "1 person would lose their workspace".to_owned()
        } else {
            format!("{losers} people would lose their workspaces")
        };
        write!(f, "Nobody is removed since {since}: {would}, and ")?;
        match self.cause {
            Cause::GroupMissing => write!(f, "the group does not exist.")?,
            Cause::GroupEmpty => write!(f, "the group has no member whose account is enabled.")?,
            Cause::TooMany { lately, of } => write!(
                f,
                "{lately} more left within 24 hours, of {of} with a workspace: more than the larger of {ALWAYS} and \
                 10 %."
            )?,
        }
        write!(f, " If that is right, set LEAVING_CONFIRMED to {since}; if it is not, mend the group.")
    }
}

/// What else is to be done, once the leavers are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// People of the group whose things are missing, who came back, or who may use something else now.
    pub joins: Vec<Member>,
    /// Those who left so long ago that what was kept of them goes.
    pub expired: Vec<Resident>,
}

/// What the group and the cluster do not agree in, leavers apart. People whose standing is unknown are in neither list.
/// `allowed` says what a person may use.
#[must_use]
pub fn differences(
    people: &[Person],
    residents: &[Resident],
    mut allowed: impl FnMut(&Person) -> Allowance,
    retention: Duration,
    now: DateTime<Utc>,
) -> Differences {
    let there: BTreeMap<Member, &Resident> = residents.iter().map(|r| (r.member, r)).collect();
    let is_stranger = strangers(people);
    let mut whole = |p: &Person| {
        there.get(&p.member).is_some_and(|r| r.workspace && r.left.is_none() && r.allowance == allowed(p))
    };
    let joins = people.iter().filter(|p| p.standing == Standing::Member && !whole(p));
    let is_over = |left: &Left| kept_until(*left, retention) <= now;
    let expired =
        residents.iter().filter(|r| is_stranger(r) && !r.workspace && r.left.as_ref().is_some_and(is_over));
    Differences { joins: joins.map(|p| p.member).collect(), expired: expired.cloned().collect() }
}

/// Until when what is kept of somebody who left is kept.
#[must_use]
pub fn kept_until(left: Left, retention: Duration) -> DateTime<Utc> {
    let retention = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX);
    left.at.checked_add_signed(retention).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How a session ends whose member left; none where none runs or waits.
#[must_use]
pub fn last_end(seen: &Workspace, now: DateTime<Utc>) -> Option<Ended> {
    seen.ended.is_none().then(|| Ended {
        at: Some(now),
        by: Some(EndedBy::Leaving),
        why: "you are no longer in the group".to_owned(),
        recorded: false,
    })
}

/// Whether a workspace is one that leaving has begun to take away: whoever asks for it is looked up at Graph first.
#[must_use]
pub fn is_leaving(seen: &Workspace) -> bool {
    seen.ended.as_ref().is_some_and(|ended| ended.by == Some(EndedBy::Leaving))
}

#[cfg(test)]
#[path = "membership_tests.rs"]
mod tests;
