//! The use of a workspace: looked at when it is due, warned of, ended; and kept where a member asks for it.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{
    api::{
        body::{LifeBody, rfc3339},
        problem::{Code, Problem},
    },
    app::Ready,
    cluster::{Error, Look},
    domain::{
        idleness::{Testimony, Watch},
        workspace::{Ended, EndedBy, Occupancy, Session},
    },
    plan::{
        idle::{self, Bound, Case, Judgement, Next, Verdict, judge},
        lifecycle::Step,
    },
    pod::Notice,
    turn::{
        act::act,
        door::Asks,
        membership,
        workspace::{self, Outcome},
    },
};

/// How often a wish is tried when somebody else changed the workspace in between.
const LOOKS: usize = 3;

/// What a look at a workspace's use came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It goes on as it did.
    GoesOn(String),
    /// It goes on, and something of it was noted, or its people were told.
    Noted(String),
    Stopped {
        why: String,
        by: Bound,
    },
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoesOn(what) | Self::Noted(what) => f.write_str(what),
            Self::Stopped { why, .. } => write!(f, "stopped: {why}"),
        }
    }
}

/// Looks at the use of a workspace whose session is on, and does what follows. None where somebody started, stopped or
/// kept it meanwhile: that is newer than what was seen.
///
/// # Errors
/// What the cluster met; the next sweep looks again.
pub async fn look_after(app: &Ready, seen: &Occupancy, session: &Session) -> Result<Option<Looked>, Problem> {
    match look_at(app, seen, session).await {
        Err(Error::Changed | Error::NotFound) => Ok(None),
        done => Ok(done?),
    }
}

async fn look_at(app: &Ready, seen: &Occupancy, session: &Session) -> Result<Option<Looked>, Error> {
    let heard = app.cluster.hear(seen.member, session, &seen.pods, seen.state.as_ref(), app.now()).await?;
    let Some((next, judged)) = decide(app, session, &heard) else { return Ok(None) };
    let done = match next {
        Next::Nothing => return Ok(Some(Looked::GoesOn(goes_on(session, &judged)))),
        Next::Note { watch, take_back } => {
            let why = watch.why.clone();
            note(app, seen, session, watch).await?;
            if take_back {
                tell(app, seen, session, &Notice { why: why.clone(), ..Notice::default() }).await?;
                format!("the warning is taken back: {why}")
            } else {
                format!("kept: {why}")
            }
        }
        Next::Warn { watch, stop } => {
            let why = watch.why.clone();
            let notice = Notice { stop: Some(stop), keep: None, why: why.clone() };
            // in this order: nobody is stopped whom nobody told
            tell(app, seen, session, &notice).await?;
            note(app, seen, session, watch).await?;
            format!("warned: {why}")
        }
        // once more: a use or a wish of the last moment wins
        Next::Stop { .. } => {
            let heard = app.cluster.hear_again(seen, session, app.now()).await?;
            let Some((Next::Stop { why, by }, _)) = decide(app, session, &heard) else { return Ok(None) };
            let (at, by_whom) = (Some(app.now()), Some(EndedBy::Sweep));
            let ended = Ended { at, by: by_whom, why: why.clone(), recorded: false };
            act(app, seen.member, &Step::End { saw: seen.seen.clone(), ended }).await?;
            return Ok(Some(Looked::Stopped { why, by }));
        }
    };
    Ok(Some(Looked::Noted(done)))
}

fn decide(app: &Ready, session: &Session, testimony: &Testimony) -> Option<(Next, Judgement)> {
    let case = case(app, session, testimony)?;
    let judged = judge(case);
    Some((idle::next(case, &judged), judged))
}

fn goes_on(session: &Session, judged: &Judgement) -> String {
    match (&judged.verdict, session.watch.look) {
        (Verdict::Keep { until, why }, _) => format!("goes on until {}: {why}", rfc3339(*until)),
        (Verdict::Stop { why }, Some(stop)) => format!("is stopped at {}: {why}", rfc3339(stop)),
        (Verdict::Stop { why }, None) => format!("will be stopped: {why}"),
    }
}

fn case<'a>(app: &'a Ready, session: &'a Session, testimony: &'a Testimony) -> Option<Case<'a>> {
    let workspaces = &app.settings.workspaces;
    Some(Case {
        policy: workspaces.idle.of(&session.profile),
        night: workspaces.idle.night.as_ref(),
        started: session.started?,
        watch: &session.watch,
        testimony,
        gpu: workspaces.profiles.get(&session.profile).is_none_or(|profile| profile.gpus > 0),
        now: app.now(),
    })
}

async fn note(app: &Ready, seen: &Occupancy, session: &Session, watch: Watch) -> Result<(), Error> {
    app.cluster.note(seen.member, &seen.seen, &Session { watch, ..session.clone() }).await.map(|_| ())
}

async fn tell(app: &Ready, seen: &Occupancy, session: &Session, notice: &Notice) -> Result<(), Error> {
    app.cluster.notify(seen.member, session, &seen.pods, notice).await.map(|_| ())
}

/// When and why a workspace ends by itself, as far as it is on.
#[must_use]
pub fn life(app: &Ready, look: &Look) -> Option<LifeBody> {
    let session = look.workspace.current()?;
    life_of(app, session, &look.testimony(session, app.now()))
}

/// The same of a session, from what is known of its use.
#[must_use]
pub fn life_of(app: &Ready, session: &Session, testimony: &Testimony) -> Option<LifeBody> {
    let case = case(app, session, testimony)?;
    Some(LifeBody::new(judge(case), &session.watch, case.policy.warn_before, case.now))
}

/// Keeps a member's workspace until then, within the cap: what holds now.
///
/// # Errors
/// When nothing runs that could be kept, or what the cluster met.
pub async fn keep(app: &Ready, asks: Asks, wished: DateTime<Utc>) -> Result<Outcome, Problem> {
    for _ in 0..LOOKS {
        let seen = membership::admitted(app, asks.member).await?;
        let running = seen.current().and_then(|session| Some((session, session.started?)));
        let Some((session, started)) = running else {
            return Err(Problem::new(Code::NotRunning, "there is no workspace that runs")
                .next("Start it first; then it can be kept."));
        };
        let policy = app.settings.workspaces.idle.of(&session.profile);
        let until = idle::keep_until(policy, started, wished, app.now());
        let unknown = session.watch.unknown;
        let watch = Watch { keep: Some(until), unknown, ..Watch::default() };
        let kept = Session { watch, ..session.clone() };
        match app.cluster.note(asks.member, &seen.seen, &kept).await {
            Ok(_) => {}
            Err(Error::Changed) => continue,
            Err(e) => return Err(e.into()),
        }
        let notice = Notice { stop: None, keep: Some(until), why: "a member asked for it".to_owned() };
        let told = async {
            let pods = app.cluster.pods(asks.member).await?;
            app.cluster.notify(asks.member, &kept, &pods, &notice).await
        };
        // it holds, whether the agent is told or not
        if let Err(e) = told.await {
            tracing::warn!(member = %asks.member, error = %e, "keep: the agent is not told");
        }
        tracing::info!(member = %asks.member, %until, "keep");
        return workspace::status(app, asks).await;
    }
    Err(Error::Changed.into())
}
