//! Looks every few seconds at what the workspace does, signal by signal, and tells the voice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::voice::Voice;
use crate::domain::activity::Evidence;

mod cpu;
mod disk;
mod editor;
mod gpu;
mod growth;
pub mod hold;
mod io;
mod network;
mod presence;
mod processes;
mod rate;
mod signal;
mod terminal;

use processes::Look;
use signal::{Signal, Track};

/// So often everything is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A driver that hangs does not answer later either.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Looks for ever. The driver of a GPU may hang, and must not stop the other signals, so it has a thread of its own.
pub async fn watch(voice: Voice, run: &Path) {
    let gpu: Group = vec![Track::new(Box::new(gpu::Gpu::here()))];
    let others: [Box<dyn Signal>; 6] = [
        Box::new(cpu::Cpu::default()),
        Box::new(disk::Disk::default()),
        Box::new(network::Network::default()),
        Box::new(terminal::Terminal),
        Box::new(presence::Presence),
        Box::new(editor::Editor::default()),
    ];
    let others = others.into_iter().map(Track::new).collect();
    tokio::join!(group(voice.clone(), gpu), group(voice.clone(), others), hold::watch(voice, run));
}

type Group = Vec<Track>;
/// What each signal says; none where there is nothing that it could be about.
type Says = Vec<(&'static str, Option<Evidence>)>;

async fn group(voice: Voice, mut signals: Group) {
    let mut look = Look::default();
    let mut again = interval(LOOK_EVERY);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        again.tick().await;
        let names: Vec<_> = signals.iter().map(Track::name).collect();
        let began = Instant::now();
        let mut looking = spawn_blocking(move || {
            look.renew(Utc::now());
            let says = look_at_all(&mut signals, &look);
            (signals, look, says)
        });
        let ended = match timeout(ANSWER_WITHIN, &mut looking).await {
            Ok(ended) => ended,
            Err(_) => {
                let why = format!("it gives no answer (asked {} s ago)", began.elapsed().as_secs());
                let unknown = |name| (name, Some(Evidence::Unknown { why: why.clone() }));
                voice.set_evidence(names.into_iter().map(unknown));
                looking.await
            }
        };
        let Ok((signals_then, look_then, says)) = ended else { return };
        (signals, look) = (signals_then, look_then);
        voice.set_evidence(says);
    }
}

/// One that fails never stops the others.
fn look_at_all(signals: &mut [Track], look: &Look) -> Says {
    let one = |track: &mut Track| {
        let says = catch_unwind(AssertUnwindSafe(|| track.look(look)));
        let failed = || Some(Evidence::Unknown { why: "the look at it failed".into() });
        (track.name(), says.unwrap_or_else(|_| failed()))
    };
    signals.iter_mut().map(one).collect()
}

#[cfg(test)]
mod tests;
