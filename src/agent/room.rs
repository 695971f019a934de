//! Whether there is room on the home disk: what does not fit there is lost, and programs say so only to themselves.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::voice::Voice;

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A disk is full when less than one part in so many is free: 64 MiB of 64 GiB, …
const PARTS: u64 = 1000;
/// … and in any case when it is less than so many bytes.
const LEAST: u64 = 1 << 20;

/// Looks for ever, and says on the log when there is no room any more, and when there is some again.
pub async fn watch(home: PathBuf, voice: Voice) {
    let mut full = false;
    loop {
        let disk = home.clone();
        // a disk may hang, and the agent has one thread only; what can not be read says nothing
        let now = spawn_blocking(move || is_full(&disk)).await.ok().and_then(io::Result::ok).unwrap_or(full);
        if now != full {
            full = now;
            voice.say(if full {
                "the home disk is full: nothing more can be written there. `du -xh ~ | sort -h | tail` says what is large"
            } else {
                "there is room on the home disk again"
            });
            voice.set_full(full);
        }
        sleep(LOOK_EVERY).await;
    }
}

fn is_full(home: &Path) -> io::Result<bool> {
    let disk = statvfs(home)?;
    let block = disk.fragment_size();
    Ok(leaves_no_room(disk.blocks() * block, disk.blocks_available() * block))
}

/// Of so many bytes in all, so many are free.
fn leaves_no_room(all: u64, free: u64) -> bool {
    // a disk that does not say how large it is has no bound
    all > 0 && free < (all / PARTS).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_when_next_to_nothing_is_free() {
        const MIB: u64 = 1 << 20;
        let table = [
            (64 << 30, 1 << 30, false),
            (64 << 30, 66 * MIB, false),
            (64 << 30, 65 * MIB, true),
            (64 << 30, 0, true),
            (64 * MIB, MIB, false),
            (64 * MIB, MIB - 1, true),
            (0, 0, false),
        ];
        for (all, free, full) in table {
            assert_eq!(leaves_no_room(all, free), full, "{free} of {all}");
        }
        assert!(is_full(Path::new("/nowhere")).is_err());
        assert!(is_full(Path::new("/proc")).is_ok_and(|full| !full), "one without blocks is never full");
    }
}
