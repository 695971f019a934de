//! Looks every few seconds at what the workspace does, signal by signal, and tells the voice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::terminals::Terminals;
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
mod stats;
mod tcp;
mod terminal;

pub use processes::Look;
pub use terminal::open as open_terminals;

use signal::{Signal, Track};

/// So often everything is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// And so often while a stop is announced: whoever begins to work then is in a hurry.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// A driver that hangs does not answer later either.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Looks for ever, more often while a stop is announced. The driver of a GPU may hang, and must not stop the other
/// signals, so it has a thread of its own.
pub async fn watch(voice: Voice, run: &Path, terminals: Terminals, warned: watch::Receiver<bool>) {
    let gpu: Group = vec![Track::new(Box::new(gpu::Gpu::here()))];
    let others: [Box<dyn Signal>; 6] = [
        Box::new(cpu::Cpu::default()),
        Box::new(disk::Disk::default()),
        Box::new(network::Network::default()),
        Box::new(terminal::Terminal(terminals)),
        Box::new(presence::Presence),
        Box::new(editor::Editor::default()),
    ];
    let others = others.into_iter().map(Track::new).collect();
    tokio::join!(
        group(voice.clone(), gpu, warned.clone()),
        group(voice.clone(), others, warned),
        hold::watch(voice, run)
    );
}

type Group = Vec<Track>;
/// What each signal says; none where there is nothing that it could be about.
type Says = Vec<(&'static str, Option<Evidence>)>;

async fn group(voice: Voice, mut signals: Group, mut warned: watch::Receiver<bool>) {
    let mut look = Look::default();
    loop {
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
        let pause = if *warned.borrow_and_update() { LOOK_SOON } else { LOOK_EVERY };
        let _ = timeout(pause, announced(&mut warned)).await;
    }
}

/// Until a stop is announced, or is no more.
async fn announced(warned: &mut watch::Receiver<bool>) {
    if warned.changed().await.is_err() {
        std::future::pending().await
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
