//! Starting and stopping: which steps bring a workspace from what was seen to what was asked.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{
    idleness::Watch,
    member::Member,
    profile::{AllowedImages, Profile, Profiles},
    sign_in::Kept,
    workspace::{Ended, EndedBy, Pod, Seen, Session, Workspace},
};

/// What a caller asks for when they start a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartWish {
    pub by: Member,
    pub profile: Option<String>,
    pub image: Option<String>,
    /// The id that the session gets if this start makes one.
    pub id: String,
}

/// What may be started here.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub profiles: &'a Profiles,
    pub images: &'a AllowedImages,
}

/// One change. It names what it saw, so that it can be repeated and can not undo what it did not see.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// One replica, of this profile, for this session.
    SwitchOn { saw: Seen, session: Session, profile: Box<Profile> },
    /// The wish to start is kept until its sign-in brings a token; no replica, and so no machine, waits with it.
    Wait { saw: Seen, session: Session },
    /// No replica, unless session or end have changed since they were seen.
    End { saw: Seen, ended: Ended },
    /// No replica, whichever session runs or waits.
    Stop { ended: Ended },
    /// A pod of another session goes, if it is still that pod.
    DeletePod { name: String, uid: String },
}

/// What to do, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub why: Why,
}

/// The reason for a plan, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was off, and starts.
    Starts { profile: String },
    /// There is no token for the tunnel, and no sign-in that would bring one.
    NeedsSignIn,
    /// The wish to start waits for a sign-in.
    Waits { profile: String },
    /// It runs already as it was asked for.
    RunsAlready,
    /// Another profile or image was asked for before the first container ran: this session ends, the next look starts.
    TakesThePlaceOf { profile: String },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starts { profile } => write!(f, "starts with profile '{profile}'"),
            Self::NeedsSignIn => write!(f, "needs a sign-in first"),
            Self::Waits { profile } => write!(f, "waits for a sign-in, to start with profile '{profile}'"),
            Self::RunsAlready => write!(f, "is on already, as asked"),
            Self::TakesThePlaceOf { profile } => {
                write!(f, "another start takes the place of one with '{profile}'")
            }
        }
    }
}

/// Why a start is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownProfile { asked: String, known: Vec<String> },
    ProfileNotYours { asked: String, yours: Vec<String> },
    ImageNotAllowed { asked: String, allowed: Vec<String> },
    RunsAnother { profile: String, image: String },
}

/// What a start finds of the member's sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A token that nobody has rejected, as far as is known.
    Token(&'a Kept),
    /// A sign-in that is under way, by its id.
    Flow(&'a str),
    Nothing,
}

/// Decides a start.
///
/// # Errors
/// A refusal that a person can act on.
pub fn start(
    seen: &Workspace,
    pods: &[Pod],
    entry: Entry,
    wish: &StartWish,
    offer: Offer,
    now: DateTime<Utc>,
) -> Result<Plan, Refusal> {
    if let Some(current) = seen.current() {
        return while_on(seen, current, pods, entry, wish, offer, now);
    }
    let (profile, image) = choose(seen, wish, offer)?;
    let session = Session {
        id: wish.id.clone(),
        asked: now,
        started: None,
        waits: None,
        by: wish.by,
        profile: profile.name.clone(),
        image,
        account: None,
        watch: Watch::default(),
    };
    Ok(begin(seen, session, pods, entry, profile, now))
}

/// Starts a session, or lets it wait for its sign-in.
fn begin(
    seen: &Workspace,
    session: Session,
    pods: &[Pod],
    entry: Entry,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Plan {
    let (saw, name) = (seen.seen.clone(), profile.name.clone());
    match entry {
        Entry::Nothing => Plan { steps: vec![], why: Why::NeedsSignIn },
        Entry::Flow(id) if session.waits.as_deref() == Some(id) => {
            Plan { steps: vec![], why: Why::Waits { profile: name } }
        }
        Entry::Flow(id) => {
            let session = Session { waits: Some(id.to_owned()), ..session };
            Plan { steps: vec![Step::Wait { saw, session }], why: Why::Waits { profile: name } }
        }
        Entry::Token(kept) => {
            let account = kept.account.as_ref().map(ToString::to_string);
            let session = Session { started: Some(now), waits: None, account, ..session };
            let others = strangers(pods, &session.id).collect::<Vec<_>>();
            let mut steps = vec![Step::SwitchOn { saw, session, profile: Box::new(profile.clone()) }];
            steps.extend(others);
            Plan { steps, why: Why::Starts { profile: name } }
        }
    }
}

/// Lets a start that waited go on, now that there is a token. None where no start waits. Nothing is asked anew: it was
/// allowed when it was asked for, and only a profile that is gone since ends it.
#[must_use]
pub fn go_on(
    seen: &Workspace,
    pods: &[Pod],
    kept: &Kept,
    profiles: &Profiles,
    now: DateTime<Utc>,
) -> Option<Plan> {
    let session = seen.current().filter(|session| session.started.is_none())?;
    let Some(profile) = profiles.get(&session.profile) else {
        let why = format!("the profile '{}' is gone", session.profile);
        return Some(Plan { steps: vec![end_of_wait(seen, why, now)], why: Why::NeedsSignIn });
    };
    Some(begin(seen, session.clone(), pods, Entry::Token(kept), profile, now))
}

/// Ends a start whose sign-in came to nothing. None where no start waits for that one.
#[must_use]
pub fn give_up(seen: &Workspace, flow: &str, why: String, now: DateTime<Utc>) -> Option<Step> {
    let waits = seen.current()?.waits.as_deref()?;
    (waits == flow).then(|| end_of_wait(seen, why, now))
}

fn end_of_wait(seen: &Workspace, why: String, now: DateTime<Utc>) -> Step {
    // it never ran: there is nothing to record
    let ended = Ended { at: Some(now), by: Some(EndedBy::SignIn), why, recorded: true };
    Step::End { saw: seen.seen.clone(), ended }
}

/// What a stop of a member's workspace writes; it needs no look.
#[must_use]
pub fn stop(member: Member, by: Member, now: DateTime<Utc>) -> Step {
    let why = if by == member { "you asked for it" } else { "an admin asked for it" };
    Step::Stop {
        ended: Ended { at: Some(now), by: Some(EndedBy::Member(by)), why: why.to_owned(), recorded: false },
    }
}

fn while_on(
    seen: &Workspace,
    current: &Session,
    pods: &[Pod],
    entry: Entry,
    wish: &StartWish,
    offer: Offer,
    now: DateTime<Utc>,
) -> Result<Plan, Refusal> {
    let asks_nothing = wish.profile.is_none() && wish.image.is_none();
    let same = asks_nothing || {
        let (profile, image) = choose(seen, wish, offer)?;
        profile.name == current.profile && image == current.image
    };
    if same && current.started.is_none() {
        let profile = offer.profiles.get(&current.profile).ok_or_else(|| Refusal::UnknownProfile {
            asked: current.profile.clone(),
            known: offer.profiles.names(),
        })?;
        return Ok(begin(seen, current.clone(), pods, entry, profile, now));
    }
    if same {
        return Ok(Plan { steps: strangers(pods, &current.id).collect(), why: Why::RunsAlready });
    }
    if pods.iter().any(|p| p.session.as_deref() == Some(&current.id) && p.has_run) {
        return Err(Refusal::RunsAnother { profile: current.profile.clone(), image: current.image.clone() });
    }
    let ended = Ended {
        at: Some(now),
        by: Some(EndedBy::Start(wish.by)),
        why: "another profile or image was asked for".to_owned(),
        recorded: false,
    };
    Ok(Plan {
        steps: vec![Step::End { saw: seen.seen.clone(), ended }],
        why: Why::TakesThePlaceOf { profile: current.profile.clone() },
    })
}

fn choose<'a>(
    seen: &Workspace,
    wish: &StartWish,
    offer: Offer<'a>,
) -> Result<(&'a Profile, String), Refusal> {
    let profile = match &wish.profile {
        None => offer.profiles.default(),
        Some(asked) => offer
            .profiles
            .get(asked)
            .ok_or_else(|| Refusal::UnknownProfile { asked: asked.clone(), known: offer.profiles.names() })?,
    };
    if let Some(yours) = seen.profiles.as_ref().filter(|yours| !yours.contains(&profile.name)) {
        return Err(Refusal::ProfileNotYours { asked: profile.name.clone(), yours: yours.clone() });
    }
    match &wish.image {
        Some(asked) if *asked != profile.image && !offer.images.allows(asked) => {
            Err(Refusal::ImageNotAllowed { asked: asked.clone(), allowed: offer.images.patterns().to_vec() })
        }
        Some(asked) => Ok((profile, asked.clone())),
        None => Ok((profile, profile.image.clone())),
    }
}

fn strangers(pods: &[Pod], session: &str) -> impl Iterator<Item = Step> {
    pods.iter()
        .filter(move |p| p.session.as_deref() != Some(session))
        .map(|p| Step::DeletePod { name: p.name.clone(), uid: p.uid.clone() })
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
