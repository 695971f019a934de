//! A member's things: everything is made or mended, and nothing is stopped, started or restarted.

use futures::future::try_join_all;

use crate::{
    api::problem::Problem,
    app::Ready,
    cluster::{Owner, bounds, claims, first_objects, volume, workspace},
    domain::member::Member,
};

/// Brings a member's things to what they should be. Repeating it changes nothing.
///
/// # Errors
/// What the cluster or storage met; what was made until then stays, and the next turn goes on from there.
pub async fn provision(app: &Ready, member: Member) -> Result<(), Problem> {
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
    cluster.create(&workspace(owner)).await?;
    Ok(())
}
