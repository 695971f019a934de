//! Joining: whoever the group holds gets their things, and nothing that runs is stopped, started or restarted.

use std::{collections::BTreeMap, time::Duration};

use futures::future::try_join_all;

use crate::{
    api::{
        message::Message,
        problem::{Code, Problem},
    },
    app::Ready,
    cluster::{
        Found, Manifest, Owner, allowance, bounds, claims, namespace, role_binding, volume, workspace,
    },
    domain::{
        member::Member,
        membership::{Allowance, Person, Standing},
        workspace::Workspace,
    },
    plan::membership::is_leaving,
    turn::{door::not_a_member, leaving},
};

/// Graph's answers may be minutes old: after how long a look that changed nothing comes again, by how many were made.
const AGAIN: [Duration; 2] = [Duration::from_secs(2 * 60), Duration::from_secs(15 * 60)];

/// How many looks a difference needs that we found ourselves: none comes again.
pub const LAST_LOOK: u8 = 2;

/// How long the queue may take for one message.
pub const QUEUE: Duration = Duration::from_secs(10);

/// Looks at one person because of a message: what was found, for the log.
///
/// # Errors
/// What Graph, the cluster, storage or the queue met; the message comes again.
pub async fn look_at(app: &Ready, member: Member, after: u8) -> Result<String, Problem> {
    app.sent_for.forget(member);
    let person = app.graph.person(member).await?;
    let (found, changed) = match &person.standing {
        Standing::Member => {
            let changed = provision(app, &person).await?;
            (format!("provisioned {member}"), changed)
        }
        Standing::Stranger => leaving::look_at(app, member).await?,
        Standing::Unknown { why } => (format!("whether {member} is in the group is unknown: {why}"), false),
    };
    if let Some(delay) = AGAIN.get(usize::from(after)).filter(|_| !changed) {
        let next = Message::Member { member, after: after + 1, flow: None };
        app.queue.put(&next, *delay, QUEUE).await?;
    }
    Ok(found)
}

/// The workspace of somebody who calls. A member who calls before their message was handled gets it now.
///
/// # Errors
/// When they are no member, or that can not be found out.
pub async fn admitted(app: &Ready, member: Member) -> Result<Workspace, Problem> {
    // where leaving has begun, the workspace says nothing about membership any more
    if let Some(workspace) = app.cluster.workspace(member).await?.filter(|seen| !is_leaving(seen)) {
        return Ok(workspace);
    }
    let person = app.graph.person(member).await?;
    match &person.standing {
        Standing::Member => provision(app, &person).await?,
        Standing::Stranger => return Err(not_a_member()),
        Standing::Unknown { why } => {
            return Err(Problem::new(
                Code::GraphUnavailable,
                "whether you are a member can not be found out now",
            )
            .next("Try again in a few minutes; if it goes on, tell an admin.")
            .cause(why));
        }
    };
    app.cluster.workspace(member).await?.ok_or_else(not_a_member)
}

/// Brings a member's things to what they should be. Repeating it changes nothing; whether they are new or back.
///
/// # Errors
/// What the cluster or storage met; what was made until then stays, and the next turn goes on from there.
async fn provision(app: &Ready, person: &Person) -> Result<bool, Problem> {
    let owner = Owner { member: person.member, settings: &app.settings };
    let allowance = allowance(owner, open_to(app, person));
    let open = allowance.profiles.as_deref();
    let found = app.cluster.apply_namespace(&namespace(owner, person.name.as_deref())).await?;
    app.cluster.apply(&role_binding(owner)).await?;
    // what needs no binding comes first: the authorizer learns meanwhile of the one that was just made
    let (volume, container) = (volume(owner), app.storage.ensure_container(person.member));
    let container = async { Ok::<_, Problem>(container.await?) };
    let belongs_to = async { Ok(app.cluster.apply_volume(&volume).await?) };
    let (belongs_to, ()) = futures::try_join!(belongs_to, container)?;
    provision_claims(app, owner, found, &volume, belongs_to).await?;
    try_join_all(bounds(owner, open).iter().map(|m| app.cluster.apply(m))).await?;
    if found == Found::Namespace && app.cluster.set_allowance(person.member, &allowance).await? {
        return Ok(false);
    }
    // last: where the StatefulSet is, everything else is
    let made = app.cluster.create(&workspace(owner, &allowance)).await?.is_some();
    if !made {
        app.cluster.set_allowance(person.member, &allowance).await?;
    }
    Ok(made || found == Found::Left)
}

/// The profiles that a person may start, as the settings have it now; none means all.
fn open_to(app: &Ready, person: &Person) -> Option<Vec<String>> {
    let workspaces = &app.settings.workspaces;
    workspaces.gates.open_to(&person.groups, &workspaces.profiles)
}

/// What each person may use, as the settings have it now. All to whom the same profiles are open may use the same, so
/// that the bounds are made a few times and not for everybody.
pub fn allowed(app: &Ready) -> impl FnMut(&Person) -> Allowance {
    let mut made = BTreeMap::new();
    move |person| {
        let open = open_to(app, person);
        let owner = Owner { member: person.member, settings: &app.settings };
        made.entry(open.clone()).or_insert_with(|| allowance(owner, open)).clone()
    }
}

/// Both claims; `belongs_to` is the claim that the volume has met.
async fn provision_claims(
    app: &Ready,
    owner: Owner<'_>,
    found: Found,
    volume: &Manifest,
    belongs_to: Option<String>,
) -> Result<(), crate::cluster::Error> {
    let (cluster, [home, data]) = (&app.cluster, claims(owner));
    let (_, data) =
        futures::try_join!(cluster.create_missing(&home, found), cluster.create_missing(&data, found))?;
    match belongs_to {
        // the namespace was deleted and is there again: the volume waits for a claim that is no more
        Some(earlier) if data.is_some_and(|data| data != earlier) => {
            cluster.free_volume(volume, &earlier).await
        }
        _ => Ok(()),
    }
}
