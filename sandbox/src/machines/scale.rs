//! When the autoscaler brings and removes machines: a pure decision over what was seen.

use super::{
    fit::{Shape, misfit},
    pools::Pool,
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A machine that has just become free is left to the scheduler for so long before another is brought.
const SETTLE: Duration = Duration::from_secs(10);

/// How long the cloud takes.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// Between the wish for a machine and the start of its node.
    pub bring: Duration,
    /// How long a machine stays without a pod.
    pub unneeded: Duration,
    /// Until the cloud says that a lost machine is gone.
    pub lost: Duration,
}

impl Delays {
    /// Minutes, as with AKS (though nearer to one than to ten).
    pub const USUAL: Self = Self {
        bring: Duration::from_secs(75),
        unneeded: Duration::from_secs(120),
        lost: Duration::from_secs(300),
    };
    /// Seconds, for tests and for the tour.
    pub const FAST: Self = Self {
        bring: Duration::from_secs(1),
        unneeded: Duration::from_secs(5),
        lost: Duration::from_secs(60),
    };
}

/// A pod that the scheduler could not place.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub uid: String,
    pub shape: Shape,
}

/// One machine as it was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    pub node: String,
    pub pool: String,
    pub state: State,
    pub pods: usize,
    pub empty_since: Instant,
    /// The pod that this machine was brought for, or is kept for.
    pub kept_for: Option<String>,
}

/// Where a machine is in its life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Coming,
    Ready { since: Instant },
    Lost { since: Instant },
    Going,
}

/// Why a pool brings no machine now; the text is the autoscaler's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    Backoff,
    Full,
}

impl Closed {
    fn text(self) -> &'static str {
        match self {
            Self::Backoff => "in backoff after failed scale-up",
            Self::Full => "max node group size reached",
        }
    }
}

/// One thing to do; nothing about it is left to choose.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Keep { node: String, pod: String },
    Bring { pool: String, pod: String, from: usize, to: usize, max: usize },
    Refuse { pod: String, text: String },
    Remove { node: String },
    Forget { node: String },
}

/// What to do about pods that wait, and about machines nobody needs.
#[must_use]
pub fn decide(
    pools: &[Pool],
    machines: &[Seen],
    waiting: &[Waiting],
    closed: &BTreeMap<String, Closed>,
    delays: &Delays,
    now: Instant,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let waits = |uid: &str| waiting.iter().any(|pod| pod.uid == uid);
    let mut kept: Vec<Option<String>> = machines
        .iter()
        .map(|machine| machine.kept_for.clone().filter(|uid| waits(uid) && may_take(machine, now)))
        .collect();
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for machine in machines {
        *sizes.entry(&machine.pool).or_default() += 1;
    }
    for pod in waiting {
        if kept.iter().any(|uid| uid.as_ref() == Some(&pod.uid)) {
            continue;
        }
        let fits =
            |name: &str| pools.iter().any(|pool| pool.name == name && misfit(&pod.shape, pool).is_none());
        let free = (0..machines.len())
            .find(|&at| kept[at].is_none() && may_take(&machines[at], now) && fits(&machines[at].pool));
        if let Some(at) = free {
            kept[at] = Some(pod.uid.clone());
            steps.push(Step::Keep { node: machines[at].node.clone(), pod: pod.uid.clone() });
            continue;
        }
        match choose(pools, &sizes, &pod.shape, closed) {
            Ok(pool) => {
                let size = sizes.entry(&pool.name).or_default();
                let (pool, from, max) = (pool.name.clone(), *size, pool.max);
                *size += 1;
                steps.push(Step::Bring { pool, pod: pod.uid.clone(), from, to: from + 1, max });
            }
            Err(text) => steps.push(Step::Refuse { pod: pod.uid.clone(), text }),
        }
    }
    for (machine, kept) in machines.iter().zip(&kept) {
        let node = machine.node.clone();
        match machine.state {
            State::Lost { since } if now.duration_since(since) >= delays.lost => {
                steps.push(Step::Forget { node })
            }
            State::Ready { since }
                if machine.pods == 0
                    && kept.is_none()
                    && now.duration_since(machine.empty_since.max(since)) >= delays.unneeded =>
            {
                steps.push(Step::Remove { node });
            }
            _ => (),
        }
    }
    steps
}

/// Whether a pod that waits may still be placed here by the scheduler, so that no other is needed.
fn may_take(machine: &Seen, now: Instant) -> bool {
    match machine.state {
        State::Coming => true,
        State::Ready { since } => {
            machine.pods == 0 && now.duration_since(machine.empty_since.max(since)) < SETTLE
        }
        State::Lost { .. } | State::Going => false,
    }
}

/// The first pool that fits and is open, or the autoscaler's sentence about all of them.
fn choose<'a>(
    pools: &'a [Pool],
    sizes: &BTreeMap<&str, usize>,
    shape: &Shape,
    closed: &BTreeMap<String, Closed>,
) -> Result<&'a Pool, String> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for pool in pools {
        let full = sizes.get(pool.name.as_str()).is_some_and(|size| *size >= pool.max);
        let reason = match (misfit(shape, pool), closed.get(&pool.name)) {
            (Some(misfit), _) => misfit.to_string(),
            (None, Some(closed)) => closed.text().to_owned(),
            (None, None) if full => Closed::Full.text().to_owned(),
            (None, None) => return Ok(pool),
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    let list: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    Err(format!("pod didn't trigger scale-up: {}", list.join(", ")))
}
