//! One workspace's turns: start, stop, and what is.

use crate::{
    api::{
        body::{LifeBody, SignInBody, StatusBody},
        exchange::Reply,
        problem::Problem,
    },
    app::Ready,
    cluster::{Error, diagnose},
    domain::{
        link::{LinkState, Refused},
        member::Member,
        sign_in::{Kept, Pending, Provider},
        situation::{Phase, Situation},
        usage::Usage,
        workspace::{Pod, Workspace},
    },
    plan::{
        lifecycle::{self, Entry, Offer, StartWish, Why},
        sign_in::{Wanted, waits, wanted},
    },
    pod::Line,
    turn::{
        act::{act, carry_out},
        door::{Asks, not_a_member},
        idle, membership,
        sign_in::{self, Progress},
        usage,
    },
};

/// How often a turn looks again when somebody else changed the workspace in between.
const LOOKS: usize = 3;

/// After how many seconds asking again makes sense.
pub const POLL: u64 = 5;

/// What a turn found or did, and whether it is still under way.
pub struct Outcome {
    pub body: StatusBody,
    pub under_way: bool,
}

impl Outcome {
    fn new(situation: Situation, workspace: Option<&Workspace>, address: Option<String>) -> Self {
        let under_way = matches!(situation.phase, Phase::Starting | Phase::Stopping | Phase::SignIn);
        Self {
            body: StatusBody::new(situation, workspace.and_then(|w| w.session.as_ref()), address),
            under_way,
        }
    }

    /// Of a look, without a sign-in.
    fn of(found: Found) -> Self {
        let mut outcome = Self::new(found.situation, Some(&found.workspace), found.address);
        if let Some(line) = found.line {
            outcome.body = outcome.body.with_activity(&line.activity, line.hold.map(|wish| wish.until));
        }
        outcome.body.life = found.life;
        outcome
    }

    /// With the code that the person signs in with; nobody else sees it, as it would open their workspace to them.
    fn with_sign_in(mut self, app: &Ready, asks: Asks, pending: &Pending) -> Self {
        self.under_way = true;
        if asks.own() {
            self.body.sign_in = Some(SignInBody::new(pending, app.now()));
        }
        self
    }

    /// The reply of a function that was asked for a change: 202 while it is under way.
    #[must_use]
    pub fn reply(self) -> Reply {
        if self.under_way {
            Reply::json(202, &self.body).retry_after(POLL)
        } else {
            Reply::json(200, &self.body)
        }
    }
}

/// Starts the member's workspace, or finds it started. `provider` is whom they want to sign in with, if they have to.
///
/// # Errors
/// A refusal with its next step, or what the cluster met.
pub async fn start(
    app: &Ready,
    asks: Asks,
    wish: &StartWish,
    provider: Option<Provider>,
) -> Result<Outcome, Problem> {
    for _ in 0..LOOKS {
        match start_once(app, asks.member, wish, provider).await? {
            Some((Why::Starts { .. }, workspace)) => {
                let asked = workspace.as_ref().and_then(|w| w.session.as_ref()).map(|s| s.asked);
                let says = "Your workspace starts: a machine is asked for.";
                let situation = Situation::new(Phase::Starting, says, asked).usually("3 to 10 minutes");
                let mut outcome = Outcome::new(situation, workspace.as_ref(), None);
                if let Some(workspace) = &workspace {
                    outcome.body.budget = usage::warning(app, asks.member, workspace).await;
                }
                return Ok(outcome);
            }
            Some((Why::RunsAlready | Why::Waits { .. }, _)) => return status(app, asks).await,
            // there is one when the next look is made
            Some((Why::NeedsSignIn, _)) => {
                sign_in::begin(app, asks.member, provider).await?;
            }
            // the old session has ended, or somebody else was faster: look again
            Some((Why::TakesThePlaceOf { .. }, _)) | None => {}
        }
    }
    Err(Error::Changed.into())
}

/// One look, one decision; none when the workspace changed in between.
async fn start_once(
    app: &Ready,
    member: Member,
    wish: &StartWish,
    provider: Option<Provider>,
) -> Result<Option<(Why, Option<Workspace>)>, Problem> {
    let cluster = &app.cluster;
    let seen = membership::admitted(app, member).await?;
    let kept = async { if seen.on { Ok(Some(Kept::default())) } else { sign_in::usable(app, member).await } };
    let pods =
        async { if pods_are_gone(&seen) { Ok(Vec::<Pod>::new()) } else { cluster.pods(member).await } };
    let (kept, pods) = futures::try_join!(kept, pods)?;
    let flow = if kept.is_none() { cluster.flow(member).await?.map(|flow| flow.pending) } else { None };
    let goes_on = wanted(flow.as_ref(), provider, app.settings.sign_in.provider, app.now()) == Wanted::Same;
    let entry = match (&kept, &flow) {
        (Some(kept), _) => Entry::Token(kept),
        (None, Some(flow)) if goes_on => Entry::Flow(&flow.id),
        _ => Entry::Nothing,
    };
    let workspaces = &app.settings.workspaces;
    let images = workspaces.images.of(member);
    let offer = Offer { profiles: &workspaces.profiles, images: &images };
    let plan = lifecycle::start(&seen, &pods, entry, wish, offer, app.now())?;
    if !plan.steps.is_empty() || plan.why == Why::NeedsSignIn {
        usage::within_budget(app, member, &seen).await?;
    }
    // before its end is overwritten
    if let Some(usage) =
        Usage::to_record(&seen, member, &workspaces.profiles).filter(|_| !plan.steps.is_empty())
    {
        app.storage.record(&usage).await?;
    }
    if let (Why::Waits { .. }, Some(flow), false) = (&plan.why, &flow, plan.steps.is_empty()) {
        sign_in::look_in_the_end(app, member, flow).await?;
    }
    tracing::info!(%member, why = %plan.why, steps = plan.steps.len(), "start");
    let workspace = carry_out(app, member, &plan.steps).await?;
    Ok(workspace.map(|w| (plan.why, w)))
}

fn pods_are_gone(seen: &Workspace) -> bool {
    !seen.on && seen.settled
}

/// Stops the member's workspace, whatever it does, or finds it stopped. One request while anything runs.
///
/// # Errors
/// What the cluster met.
pub async fn stop(app: &Ready, Asks { by, member }: Asks) -> Result<Outcome, Problem> {
    for _ in 0..LOOKS {
        match act(app, member, &lifecycle::stop(member, by, app.now())).await {
            Ok(workspace) => {
                let at = workspace.as_ref().and_then(|w| w.ended.as_ref()).and_then(|e| e.at);
                let says = "Your workspace ends. Home and data are kept.";
                let situation = Situation::new(Phase::Stopping, says, at).usually("under a minute");
                tracing::info!(%member, %by, "stop");
                return Ok(Outcome::new(situation, workspace.as_ref(), None));
            }
            // nothing to stop: the look below says whether they are a member at all
            Err(Error::NotFound | Error::Changed) => {}
            Err(e) => return Err(e.into()),
        }
        let found = look(app, member).await?;
        if found.situation.phase == Phase::Stopped || found.situation.phase == Phase::Stopping {
            return Ok(Outcome::new(found.situation, Some(&found.workspace), None));
        }
    }
    Err(Error::Changed.into())
}

/// Begins a sign-in, also where there is a token and while a workspace runs: it takes the place of that one.
///
/// # Errors
/// When they are no member, or what the provider, the cluster or the queue met.
pub async fn sign_in(app: &Ready, asks: Asks, provider: Option<Provider>) -> Result<Outcome, Problem> {
    membership::admitted(app, asks.member).await?;
    sign_in::begin(app, asks.member, provider).await?;
    status(app, asks).await
}

/// Where the member's workspace stands. A sign-in that is under way is moved on by that.
///
/// # Errors
/// When there is none, or the cluster can not tell.
pub async fn status(app: &Ready, asks: Asks) -> Result<Outcome, Problem> {
    let mut found = look(app, asks.member).await?;
    let waited = |w: &Workspace| w.current().is_some_and(|session| session.waits.is_some());
    let progress = sign_in::look(app, asks.member).await?;
    match progress {
        Progress::None if waited(&found.workspace) => {
            sign_in::settle(app, asks.member).await?;
            found = look(app, asks.member).await?;
        }
        Progress::Done | Progress::Ended(..) => found = look(app, asks.member).await?,
        Progress::None | Progress::Waits(_) => {}
    }
    let budget = usage::warning(app, asks.member, &found.workspace).await;
    let mut outcome = match progress {
        Progress::Waits(pending) => {
            let session = found.workspace.current().filter(|session| session.waits.is_some());
            let asked = session.map_or_else(|| app.now(), |session| session.asked);
            if session.is_some() && asks.own() {
                found.situation = waits(&pending, true, asked, app.now());
            }
            Outcome::of(found).with_sign_in(app, asks, &pending)
        }
        Progress::Ended(ending, provider) => {
            found.situation = found.situation.next(ending.next(provider));
            Outcome::of(found)
        }
        Progress::None | Progress::Done => Outcome::of(found),
    };
    outcome.body.budget = budget;
    Ok(outcome)
}

/// What one look found.
struct Found {
    situation: Situation,
    workspace: Workspace,
    address: Option<String>,
    /// The agent's newest, believed no further than now.
    line: Option<Line>,
    /// When and why it ends by itself.
    life: Option<LifeBody>,
}

async fn look(app: &Ready, member: Member) -> Result<Found, Problem> {
    let look = match app.cluster.look(member).await? {
        Some(look) => look,
        None => {
            membership::admitted(app, member).await?;
            app.cluster.look(member).await?.ok_or_else(not_a_member)?
        }
    };
    if let Some(link) = look.line.as_ref().map(|line| &line.link)
        && Refused::of(link) == Some(Refused::TokenRejected)
    {
        sign_in::rejected(app, member, link.since).await?;
    }
    let mut situation = diagnose(Some(&look), app.now());
    let life = idle::life(app, &look);
    if let Some(warning) = life.as_ref().and_then(LifeBody::warning) {
        situation = situation.also(&warning).next("Use it, or ask for it to be kept (POST /api/keep).");
    }
    let connected = look.line.as_ref().is_some_and(|line| line.link.state == LinkState::Connected);
    // the name is the control plane's own, never the pod's word
    let vscode = &app.settings.workspaces.vscode_url;
    let address = connected.then(|| format!("{vscode}/tunnel/{}", member.tunnel()));
    let line = look.line.map(|line| line.not_after(app.now()));
    Ok(Found { situation, workspace: look.workspace, address, line, life })
}
