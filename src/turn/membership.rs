//! A member's things: everything is made or mended, and nothing is stopped, started or restarted.

use futures::future::try_join_all;

use crate::{
    api::problem::Problem,
    app::Ready,
    cluster::{Owner, bounds, claims, first_objects, workspace},
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
    let (bounds, claims) = (bounds(owner), claims(owner));
    let applied =
        async { Ok::<_, Problem>(try_join_all(bounds.iter().map(|m| app.cluster.apply(m))).await?) };
    let claimed =
        async { Ok::<_, Problem>(try_join_all(claims.iter().map(|m| app.cluster.create_missing(m))).await?) };
    let container = async { Ok::<_, Problem>(app.storage.ensure_container(member).await?) };
    futures::try_join!(applied, claimed, container)?;
    // last: where the StatefulSet is, everything else is
    app.cluster.create(&workspace(owner)).await?;
    Ok(())
}
