//! One workspace's turns: start, stop, and what is.

use crate::{
    api::{body::StatusBody, exchange::Reply, problem::Problem},
    app::Ready,
    cluster::{Error, diagnose},
    domain::{
        link::LinkState,
        member::Member,
        sign_in::SignIn,
        situation::{Phase, Situation},
        workspace::{Pod, Workspace},
    },
    plan::lifecycle::{self, Offer, Plan, StartWish, Why},
    turn::{act::act, door::not_a_member, membership},
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

/// Starts the member's workspace, or finds it started.
///
/// # Errors
/// A refusal with its next step, or what the cluster met.
pub async fn start(app: &Ready, member: Member, wish: &StartWish) -> Result<Outcome, Problem> {
    for _ in 0..LOOKS {
        match start_once(app, member, wish).await? {
            Some((Why::Starts { .. }, workspace)) => {
                let asked = workspace.as_ref().and_then(|w| w.session.as_ref()).map(|s| s.asked);
                let says = "Your workspace starts: a machine is asked for.";
                let situation = Situation::new(Phase::Starting, says, asked).usually("3 to 10 minutes");
                return Ok(Outcome::new(situation, workspace.as_ref(), None));
            }
            Some((Why::RunsAlready, _)) => return status(app, member).await,
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
) -> Result<Option<(Why, Option<Workspace>)>, Problem> {
    let cluster = &app.cluster;
    let seen = membership::admitted(app, member).await?;
    let sign_in = async { if seen.on { Ok(SignIn::Done) } else { cluster.sign_in(member).await } };
    let pods =
        async { if pods_are_gone(&seen) { Ok(Vec::<Pod>::new()) } else { cluster.pods(member).await } };
    let (sign_in, pods) = futures::try_join!(sign_in, pods)?;
    let offer =
        Offer { profiles: &app.settings.workspaces.profiles, images: &app.settings.workspaces.images };
    let plan = lifecycle::start(&seen, &pods, sign_in, wish, offer, app.now())?;
    tracing::info!(%member, why = %plan.why, steps = plan.steps.len(), "start");
    let workspace = carry_out(app, member, &plan).await?;
    Ok(workspace.map(|w| (plan.why, w)))
}

fn pods_are_gone(seen: &Workspace) -> bool {
    !seen.on && seen.settled
}

/// Takes the steps in order; none when one of them saw what is no more.
async fn carry_out(app: &Ready, member: Member, plan: &Plan) -> Result<Option<Option<Workspace>>, Problem> {
    let mut workspace = None;
    for step in &plan.steps {
        match act(app, member, step).await {
            Ok(changed) => workspace = changed.or(workspace),
            Err(Error::Changed) => return Ok(None),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(Some(workspace))
}

/// Stops the member's workspace, whatever it does, or finds it stopped. One request while anything runs.
///
/// # Errors
/// What the cluster met.
pub async fn stop(app: &Ready, member: Member, by: Member) -> Result<Outcome, Problem> {
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
        if found.0.phase == Phase::Stopped || found.0.phase == Phase::Stopping {
            return Ok(Outcome::new(found.0, Some(&found.1), None));
        }
    }
    Err(Error::Changed.into())
}

/// Where the member's workspace stands.
///
/// # Errors
/// When there is none, or the cluster can not tell.
pub async fn status(app: &Ready, member: Member) -> Result<Outcome, Problem> {
    let (situation, workspace, address) = look(app, member).await?;
    Ok(Outcome::new(situation, Some(&workspace), address))
}

async fn look(app: &Ready, member: Member) -> Result<(Situation, Workspace, Option<String>), Problem> {
    let look = match app.cluster.look(member).await? {
        Some(look) => look,
        None => {
            membership::admitted(app, member).await?;
            app.cluster.look(member).await?.ok_or_else(not_a_member)?
        }
    };
    let situation = diagnose(Some(&look), app.now());
    let connected = look.line.as_ref().is_some_and(|line| line.link.state == LinkState::Connected);
    // the name is the control plane's own, never the pod's word
    let address = connected.then(|| format!("https://vscode.dev/tunnel/{}", member.tunnel()));
    Ok((situation, look.workspace, address))
}
