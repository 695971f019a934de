//! The sweep: all workspaces are listed, and each gets what is left to do for it.

use std::{fmt, time::Duration};

use futures::{StreamExt, stream};

use crate::{
    api::problem::Problem,
    app::Ready,
    cluster::{End, Error},
    domain::workspace::{Occupancy, Session},
    plan::{
        idle::due,
        sweep::{Chore, chores, strange},
    },
    turn::{
        idle::{self, Looked},
        sign_in,
    },
};

/// Workspaces that are seen to at once.
const AT_ONCE: usize = 16;

/// How long all ends of a turn may take to be told by events, which nothing waits for.
const TELLING: Duration = Duration::from_secs(20);

/// At whose use a turn looks, of those that are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that are due.
    Due,
    /// All, and it says of each what goes on, and why.
    All,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Due => "sweep",
            Self::All => "nightly",
        }
    }
}

/// What a turn did for one workspace.
#[derive(Default)]
struct Done {
    things: usize,
    goes_on: bool,
    stopped: Option<End>,
}

/// What a turn did, in words.
struct Report {
    scope: Scope,
    listed: usize,
    touched: usize,
    things: usize,
    stopped: usize,
    on: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, listed, touched, things, stopped, on } = self;
        write!(f, "{listed} workspaces: {things} things done for {touched} of them, {stopped} stopped")?;
        if *scope == Scope::All { write!(f, ", {on} go on") } else { Ok(()) }
    }
}

/// Goes through all workspaces: what was done, for the log. Each is seen to whatever became of the others.
///
/// # Errors
/// What the lists met, or the first of the workspaces; the next sweep finds again what was left.
pub async fn sweep(app: &Ready, scope: Scope) -> Result<String, Problem> {
    let now = app.now();
    let all = app.cluster.occupancies(now).await?;
    let listed = all.len();
    let profiles = &app.settings.workspaces.profiles;
    for (seen, why) in all.iter().filter_map(|seen| Some((seen, strange(seen, now)?))) {
        tracing::warn!(member = %seen.member, why, "{}: left as it is, for an admin to look at", scope.word());
    }
    let todo = all.into_iter().flat_map(|seen| {
        let chores = chores(&seen, profiles);
        let look = to_look_at(app, scope, &seen).is_some();
        (look || !chores.is_empty()).then_some((seen, chores))
    });
    let results: Vec<Result<Done, Problem>> = stream::iter(todo)
        .map(|(seen, chores)| async move { see_to(app, scope, &seen, &chores).await })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    tell(app, results.iter().flatten().filter_map(|done| done.stopped.as_ref())).await;
    let touched = results.len();
    let done: Vec<Done> = results.into_iter().collect::<Result<_, _>>()?;
    let report = Report {
        scope,
        listed,
        touched,
        things: done.iter().map(|done| done.things).sum(),
        stopped: done.iter().filter(|done| done.stopped.is_some()).count(),
        on: done.iter().filter(|done| done.goes_on).count(),
    };
    Ok(report.to_string())
}

/// The session whose use a turn looks at, if there is one.
fn to_look_at<'a>(app: &Ready, scope: Scope, seen: &'a Occupancy) -> Option<&'a Session> {
    let on = seen.current().filter(|session| session.started.is_some());
    on.filter(|session| scope == Scope::All || due(session, app.now()))
}

async fn see_to(app: &Ready, scope: Scope, seen: &Occupancy, chores: &[Chore]) -> Result<Done, Problem> {
    let (member, turn) = (seen.member, scope.word());
    for chore in chores {
        match take(app, seen, chore).await {
            Ok(what) => tracing::info!(%member, what, "{turn}"),
            Err(problem) => {
                tracing::warn!(%member, what = %chore, error = %problem, "{turn}");
                return Err(problem);
            }
        }
    }
    let mut done = Done { things: chores.len(), ..Done::default() };
    let Some(session) = to_look_at(app, scope, seen) else { return Ok(done) };
    let looked = idle::look_after(app, seen, session).await.inspect_err(|problem| {
        tracing::warn!(%member, what = "its use is looked at", error = %problem, "{turn}");
    })?;
    let Some(looked) = looked else { return Ok(done) };
    // what goes on as it did is told only by a turn that tells of all
    if scope == Scope::All || !matches!(looked, Looked::GoesOn(_)) {
        tracing::info!(%member, what = %looked, "{turn}");
    }
    match looked {
        Looked::GoesOn(_) => done.goes_on = true,
        Looked::Noted(_) => (done.goes_on, done.things) = (true, done.things + 1),
        Looked::Stopped { why, by } => {
            done.things += 1;
            let (uid, session) = (seen.uid.clone(), session.id.clone());
            done.stopped = Some(End { member, uid, session, at: app.now(), by, why });
        }
    }
    Ok(done)
}

/// Tells of what was stopped by events, once all of it is: none of them keeps a machine on a moment longer, and none
/// that fails fails anything else.
async fn tell(app: &Ready, ends: impl Iterator<Item = &End>) {
    let told = stream::iter(ends).for_each_concurrent(AT_ONCE, |end| async move {
        if let Err(error) = app.cluster.tell_of(end).await {
            tracing::warn!(member = %end.member, %error, "no event tells that it was stopped");
        }
    });
    if tokio::time::timeout(TELLING, told).await.is_err() {
        tracing::warn!("not every event that tells of a stop was written in time");
    }
}

/// Does one thing, in words: what it came to.
async fn take(app: &Ready, seen: &Occupancy, chore: &Chore) -> Result<String, Problem> {
    let member = seen.member;
    match chore {
        Chore::DeletePod { name, uid } => app.cluster.delete_pod(member, name, uid).await?,
        Chore::Record(usage) => {
            app.storage.record(usage).await?;
            let Some(ended) = &seen.ended else { return Ok(chore.to_string()) };
            match app.cluster.note_recorded(member, &seen.seen, ended).await {
                // a start since then has recorded it, too; or the member has left
                Ok(()) | Err(Error::Changed | Error::NotFound) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Chore::SignIn => return sign_in::visit(app, member).await,
    }
    Ok(chore.to_string())
}
