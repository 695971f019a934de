//! What a world looks at while it is up: orphans to bury, and parts that have ended by themselves.

use super::{World, remains::Undertaker};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// Looks once a second until the world is gone.
pub fn begin(world: &Arc<World>) {
    let world = Arc::downgrade(world);
    tokio::spawn(async move {
        let (mut undertaker, mut told) = (Undertaker::default(), None);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            undertaker.look();
            let Some(world) = Weak::upgrade(&world) else {
                return;
            };
            let broken = world.cluster.broken().filter(|_| !world.ending.is_cancelled());
            if broken != told
                && let Some(part) = &broken
            {
                tracing::error!("{part}; its log is in {}", world.folder.display());
            }
            told = broken;
        }
    });
}
