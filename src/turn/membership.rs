//! Joining: whoever the group holds gets their things, and nothing that runs is stopped, started or restarted.

use futures::future::try_join_all;

use std::{collections::HashSet, time::Duration};

use crate::{
    api::{
        message::Message,
        problem::{Code, Problem},
    },
    app::Ready,
    cluster::{Owner, bounds, claims, first_objects, volume, workspace},
    domain::{member::Member, membership::Standing, workspace::Workspace},
    turn::door::not_a_member,
};

/// Graph's answers may be minutes old: after how long a look that changed nothing comes again, by how many were made.
const AGAIN: [Duration; 2] = [Duration::from_secs(2 * 60), Duration::from_secs(15 * 60)];

/// How many looks a difference needs that we found ourselves: none comes again.
const LAST_LOOK: u8 = 2;

/// How long the queue may take for one message.
const QUEUE: Duration = Duration::from_secs(10);

/// Looks at one person because of a message: what was found, for the log.
///
/// # Errors
/// What Graph, the cluster, storage or the queue met; the message comes again.
pub async fn look_at(app: &Ready, member: Member, after: u8) -> Result<String, Problem> {
    let (found, changed) = match app.graph.standing(member).await? {
        Standing::Member => {
            let made = provision(app, member).await?;
            (format!("provisioned {member}"), made)
        }
        Standing::Stranger => (format!("{member} is not in the group, so nothing is made"), false),
        Standing::Unknown { why } => (format!("whether {member} is in the group is unknown: {why}"), false),
    };
    if let Some(delay) = AGAIN.get(usize::from(after)).filter(|_| !changed) {
        let next = Message::Member { member, after: after + 1, flow: None };
        app.queue.put(&next.render(), *delay, QUEUE).await?;
    }
    Ok(found)
}

/// Looks at the whole group: everybody of it who has no workspace gets a message of their own.
///
/// # Errors
/// What Graph, the cluster or the queue met; the message comes again.
pub async fn look_at_group(app: &Ready) -> Result<String, Problem> {
    let people = app.graph.members().await?;
    let there: HashSet<Member> = app.cluster.members().await?.into_iter().collect();
    let missing: Vec<Member> = people
        .iter()
        .filter(|p| p.standing == Standing::Member && !there.contains(&p.member))
        .map(|p| p.member)
        .collect();
    for member in &missing {
        let message = Message::Member { member: *member, after: LAST_LOOK, flow: None };
        app.queue.put(&message.render(), Duration::ZERO, QUEUE).await?;
    }
    Ok(format!("the group has {} people, {} of them new", people.len(), missing.len()))
}

/// The workspace of somebody who calls. A member who calls before their message was handled gets it now.
///
/// # Errors
/// When they are no member, or that can not be found out.
pub async fn admitted(app: &Ready, member: Member) -> Result<Workspace, Problem> {
    if let Some(workspace) = app.cluster.workspace(member).await? {
        return Ok(workspace);
    }
    match app.graph.standing(member).await? {
        Standing::Member => provision(app, member).await?,
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

/// Brings a member's things to what they should be. Repeating it changes nothing; whether the workspace is new.
///
/// # Errors
/// What the cluster or storage met; what was made until then stays, and the next turn goes on from there.
async fn provision(app: &Ready, member: Member) -> Result<bool, Problem> {
    let owner = Owner { member, settings: &app.settings };
    for manifest in first_objects(owner) {
        app.cluster.apply(&manifest).await?;
    }
    let (volume, [home, data], bounds) = (volume(owner), claims(owner), bounds(owner));
    let cluster = &app.cluster;
    let claims = async {
        let (belongs_to, _, data) = futures::try_join!(
            cluster.apply_volume(&volume),
            cluster.create_missing(&home),
            cluster.create_missing(&data)
        )?;
        match belongs_to {
            // the namespace was deleted and is there again: the volume waits for a claim that is no more
            Some(earlier) if data.is_some_and(|data| data != earlier) => {
                cluster.free_volume(&volume, &earlier).await
            }
            _ => Ok(()),
        }
    };
    let claims = async { Ok::<_, Problem>(claims.await?) };
    let container = async { Ok::<_, Problem>(app.storage.ensure_container(member).await?) };
    futures::try_join!(claims, container)?;
    try_join_all(bounds.iter().map(|m| cluster.apply(m))).await?;
    // last: where the StatefulSet is, everything else is
    Ok(cluster.create(&workspace(owner)).await?.is_some())
}
