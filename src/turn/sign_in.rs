//! Signing in to the tunnel, whoever looks: a flow begins, is moved by one poll, and lets a waiting start go on.

mod messages;

use chrono::{DateTime, Utc};

use crate::{
    api::problem::{Code, Problem},
    app::Ready,
    cluster::{Error, KeptFlow, NewToken, Owner},
    device_flow::{Flow, Outcome, Token},
    domain::{
        member::Member,
        sign_in::{Account, Kept, Pending, Provider},
        workspace::Workspace,
    },
    plan::{
        lifecycle,
        sign_in::{self, After, Ending, Move, Wanted, Whose},
    },
    turn::{act::carry_out, membership},
};
use messages::come_again;
pub use messages::look_in_the_end;

/// How often a turn looks again when somebody else changed what it saw.
const LOOKS: usize = 3;

/// What a look at a flow came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is none.
    None,
    /// It waits for the person.
    Waits(Pending),
    /// There is a token now.
    Done,
    /// It brought none.
    Ended(Ending, Provider),
}

/// The flow that a start or a wish to sign in goes on with: the one that is there, or a new one.
///
/// # Errors
/// What the provider, the cluster or the queue met.
pub async fn begin(app: &Ready, member: Member, asked: Option<Provider>) -> Result<Pending, Problem> {
    for _ in 0..LOOKS {
        let seen = app.cluster.flow(member).await?;
        let there = seen.as_ref().map(|kept| &kept.pending);
        let provider = match sign_in::wanted(there, asked, app.settings.sign_in.provider, app.now()) {
            Wanted::Same => match seen {
                Some(kept) => return Ok(kept.pending),
                None => continue,
            },
            Wanted::New(provider) => provider,
        };
        let Flow { pending, device_code } = app.device_flow.begin(provider, app.now()).await?;
        // first: a flow without a message would wait for somebody to look
        come_again(app, member, &pending).await?;
        let owner = Owner { member, settings: &app.settings };
        if app.cluster.keep_flow(owner, seen.as_ref(), &pending, &device_code).await? {
            // the message may have come before there was a flow
            if app.now() >= pending.next_poll {
                come_again(app, member, &pending).await?;
            }
            tracing::info!(%member, %provider, "sign-in: a flow begins");
            return Ok(pending);
        }
    }
    Err(Error::Changed.into())
}

/// A message's look at a flow: what became of it, for the log. Each look puts the next one on the queue before its own
/// message goes, and nobody else puts any: whoever is killed anywhere, one message is there as long as the flow is.
///
/// # Errors
/// What the provider, the cluster or the queue met; the message comes again.
pub async fn look_at(app: &Ready, member: Member, flow: &str) -> Result<String, Problem> {
    let Some(seen) = app.cluster.flow(member).await?.filter(|kept| kept.pending.id == flow) else {
        settle(app, member).await?;
        return Ok(format!("the sign-in of {member} is over"));
    };
    let progress = move_on(app, member, seen).await?;
    if let Progress::Waits(pending) = &progress {
        come_again(app, member, pending).await?;
    }
    Ok(told(member, &progress))
}

/// A sweep's look at the sign-in of a start that waits, whose message may be lost: what became of it, for the log.
///
/// # Errors
/// What the provider, the cluster or the queue met.
pub async fn visit(app: &Ready, member: Member) -> Result<String, Problem> {
    let progress = look(app, member).await?;
    if progress == Progress::None {
        settle(app, member).await?;
        return Ok(format!("the sign-in of {member} is over"));
    }
    Ok(told(member, &progress))
}

fn told(member: Member, progress: &Progress) -> String {
    match progress {
        Progress::None => format!("somebody else looks at the sign-in of {member}"),
        Progress::Waits(_) => format!("the sign-in of {member} waits"),
        Progress::Done => format!("{member} has signed in"),
        Progress::Ended(ending, provider) => {
            format!("the sign-in of {member} with {provider} ended: {ending}")
        }
    }
}

/// Moves the member's flow on, if there is one and it is time.
///
/// # Errors
/// What the provider, the cluster or the queue met.
pub async fn look(app: &Ready, member: Member) -> Result<Progress, Problem> {
    match app.cluster.flow(member).await? {
        Some(seen) => move_on(app, member, seen).await,
        None => Ok(Progress::None),
    }
}

/// A start that waits for a flow which is gone: whoever was killed in between has kept the token, or has not.
///
/// # Errors
/// What the cluster met.
pub async fn settle(app: &Ready, member: Member) -> Result<(), Problem> {
    if go_on(app, member).await? || app.cluster.flow(member).await?.is_some() {
        return Ok(());
    }
    let Some(seen) = app.cluster.workspace(member).await? else {
        return Ok(());
    };
    let waits = seen.current().and_then(|session| session.waits.clone());
    let why = "the sign-in that it waited for is gone".to_owned();
    let step = waits.and_then(|flow| lifecycle::give_up(&seen, &flow, why, app.now()));
    // one that changed meanwhile is another turn's
    carry_out(app, member, step.as_slice()).await?;
    Ok(())
}

async fn move_on(app: &Ready, member: Member, seen: KeptFlow) -> Result<Progress, Problem> {
    let (claim, latest) = match sign_in::next(&seen.pending, app.now()) {
        Move::Wait { .. } => return Ok(Progress::Waits(seen.pending)),
        Move::End(ending) => return end(app, member, &seen, ending).await,
        Move::Poll { claim, latest } => (claim, latest),
    };
    // of all who saw the same, one polls
    let Some(claimed) = app.cluster.move_flow(member, &seen, &claim).await? else {
        return Ok(Progress::Waits(seen.pending));
    };
    if app.now() > latest {
        return Ok(Progress::Waits(claim));
    }
    let flow = Flow { pending: claim.clone(), device_code: claimed.device_code.clone() };
    match app.device_flow.poll(&flow).await {
        Outcome::Token(token) => keep(app, member, &claimed, token).await,
        Outcome::NoToken(answer) => match sign_in::after(&claim, &answer, app.now()) {
            After::End(ending) => end(app, member, &claimed, ending).await,
            After::Wait { pending } => {
                if pending != claim {
                    app.cluster.move_flow(member, &claimed, &pending).await?;
                }
                Ok(Progress::Waits(pending))
            }
        },
    }
}

/// The token is kept first: it can not be had a second time. Whose it is, Microsoft has told beside it, and GitHub is
/// asked then.
async fn keep(app: &Ready, member: Member, flow: &KeptFlow, token: Token) -> Result<Progress, Problem> {
    let before = app.cluster.kept(member).await?.and_then(|kept| kept.account);
    let mut account = match token.provider {
        Provider::Microsoft => app.device_flow.account(&token).await.ok(),
        Provider::GitHub => None,
    };
    if let Some(known) = &account
        && sign_in::whose(member, &app.settings.entra.tenant, before.as_ref(), known) == Whose::Another
    {
        return end(app, member, flow, Ending::AnotherPerson).await;
    }
    let id = &flow.pending.id;
    save(app, member, &token, id, account.as_ref()).await?;
    if token.provider == Provider::GitHub {
        match app.device_flow.account(&token).await {
            Ok(known) => {
                if let Whose::Changed { .. } =
                    sign_in::whose(member, &app.settings.entra.tenant, before.as_ref(), &known)
                {
                    tracing::info!(%member, "sign-in: another account than before");
                }
                save(app, member, &token, id, Some(&known)).await?;
                account = Some(known);
            }
            Err(e) => tracing::warn!(%member, error = %e, "sign-in: whose account it is, is not told"),
        }
    }
    app.cluster.end_flow(member, flow).await?;
    tracing::info!(%member, provider = %token.provider, known = account.is_some(), "sign-in: done");
    go_on(app, member).await?;
    Ok(Progress::Done)
}

async fn save(
    app: &Ready,
    member: Member,
    token: &Token,
    flow: &str,
    account: Option<&Account>,
) -> Result<(), Problem> {
    let owner = Owner { member, settings: &app.settings };
    let (access, refresh) = (&token.access, token.refresh.as_ref());
    let new = NewToken { provider: token.provider, access, refresh, account, flow, since: app.now() };
    Ok(app.cluster.keep_token(owner, new).await?)
}

/// Lets a start that waits go on, if one does and there is a token that may be used; whether none waits any more.
async fn go_on(app: &Ready, member: Member) -> Result<bool, Problem> {
    for _ in 0..LOOKS {
        let Some(seen) = unless_gone(app, member).await? else {
            return Ok(true);
        };
        if seen.current().is_none_or(|session| session.started.is_some()) {
            return Ok(true);
        }
        let (kept, pods) = futures::try_join!(usable(app, member), app.cluster.pods(member))?;
        let profiles = &app.settings.workspaces.profiles;
        let plan = kept.and_then(|kept| lifecycle::go_on(&seen, &pods, &kept, profiles, app.now()));
        let Some(plan) = plan else {
            return Ok(false);
        };
        tracing::info!(%member, why = %plan.why, "start: goes on after the sign-in");
        if carry_out(app, member, &plan.steps).await?.is_some() {
            return Ok(true);
        }
    }
    Err(Error::Changed.into())
}

/// The member's workspace. From somebody who left the group while they signed in, what that brought is taken away again.
async fn unless_gone(app: &Ready, member: Member) -> Result<Option<Workspace>, Problem> {
    match membership::admitted(app, member).await {
        Ok(seen) => Ok(Some(seen)),
        Err(problem) if problem.code == Code::NotAMember => {
            app.cluster.delete_secrets(member).await?;
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

/// Ends a flow that brings no token: the start that waits for it first, so that whoever breaks off here is followed by
/// somebody who finds the flow again.
async fn end(app: &Ready, member: Member, flow: &KeptFlow, ending: Ending) -> Result<Progress, Problem> {
    let Pending { id, provider, .. } = &flow.pending;
    // whoever used the code was killed before they were done with it, and had kept what it brought
    let kept = async || Ok::<_, Error>(usable(app, member).await?.and_then(|kept| kept.flow));
    if ending == Ending::Lost && kept().await?.as_ref() == Some(id) {
        app.cluster.end_flow(member, flow).await?;
        go_on(app, member).await?;
        return Ok(Progress::Done);
    }
    let why = ending.why(*provider);
    for _ in 0..LOOKS {
        let seen = app.cluster.workspace(member).await?;
        let step = seen.and_then(|seen| lifecycle::give_up(&seen, id, why.clone(), app.now()));
        if carry_out(app, member, step.as_slice()).await?.is_some() {
            break;
        }
    }
    app.cluster.end_flow(member, flow).await?;
    tracing::info!(%member, %provider, %ending, "sign-in: ended");
    Ok(Progress::Ended(ending, *provider))
}

/// Notes that the relay has rejected the token, as the agent said; the next start then asks for another one. A word about
/// an older token does not count.
///
/// # Errors
/// What the cluster met.
pub async fn rejected(app: &Ready, member: Member, at: DateTime<Utc>) -> Result<(), Error> {
    match app.cluster.kept(member).await? {
        Some(kept) if !kept.rejected && kept.since.is_some_and(|since| at > since) => {
            tracing::info!(%member, "sign-in: the relay rejected the token");
            app.cluster.reject_token(member, &kept, app.now()).await
        }
        _ => Ok(()),
    }
}

/// What is known of the token, if there is one that a start may use.
///
/// # Errors
/// What the cluster met.
pub async fn usable(app: &Ready, member: Member) -> Result<Option<Kept>, Error> {
    Ok(app.cluster.kept(member).await?.filter(|kept| !kept.rejected))
}
