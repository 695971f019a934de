//! Bytes that the workspace's processes read and write: a data set on its way in, a checkpoint on its way out.

use std::collections::HashMap;
use std::path::Path;

use super::growth::{Id, Total, Totals, growth};
use super::io;
use super::processes::{Look, Role};
use super::rate::{self, Rate};
use super::signal::{Reading, Signal};

/// Bytes a second over half a minute, from which on it is work.
const BYTES: f64 = 1e6;

/// The signal `disk`.
#[derive(Default)]
pub struct Disk {
    before: Option<Totals>,
    /// What each process had run, in ticks, when its bytes were read: one that has not run since has moved none.
    ran: HashMap<Id, u64>,
    group: Option<u64>,
    rate: Rate,
}

impl Signal for Disk {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let processes = look.processes()?;
        let before = self.before.take();
        let known = |id| before.as_ref().and_then(|before| before.get(id)).map(|total| total.used);
        let (mut hidden, mut ran) = (false, HashMap::new());
        let mut now = Totals::new();
        for one in &processes.all {
            let counts = one.role == Role::Work;
            let rests = || known(&one.id).filter(|_| self.ran.get(&one.id) == Some(&one.ticks));
            // one that ended keeps what it had until its parent takes it over
            let used = match counts && one.alive {
                true => rests().or_else(|| io::moved_or_stored(one)),
                false => known(&one.id),
            };
            ran.insert(one.id, one.ticks);
            hidden |= counts && one.alive && used.is_none();
            if let Some(used) = used.or_else(|| known(&one.id)) {
                now.insert(one.id, Total { parent: one.parent, counts, used });
            }
        }
        let mut used = before.as_ref().map_or(0, |before| growth(before, &now));
        (self.before, self.ran) = (Some(now), ran);
        // somebody else's processes, by sudo for example, are seen by the container's sum only
        let group = hidden.then(|| group_bytes(Path::new("/sys/fs/cgroup"))).flatten();
        if let (Some(before), Some(now)) = (self.group, group) {
            used = used.max(now.saturating_sub(before));
        }
        self.group = group;
        let rate = self.rate.add(look.instant(), used);
        Ok(Some(Reading::now(look, rate >= BYTES, rate::bytes(rate))))
    }
}

/// What the container's control group read from and wrote to disks, of version 2 or 1. There is no crate for these two
/// files alone.
fn group_bytes(root: &Path) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).ok();
    match read("io.stat") {
        Some(text) => Some(version_2(&text)),
        None => read("blkio/blkio.throttle.io_service_bytes").map(|text| version_1(&text)),
    }
}

/// `8:0 rbytes=90 wbytes=10 rios=…`
fn version_2(text: &str) -> u64 {
    let bytes = |field: &str| {
        let number = field.strip_prefix("rbytes=").or_else(|| field.strip_prefix("wbytes="))?;
        number.parse::<u64>().ok()
    };
    text.split_whitespace().filter_map(bytes).fold(0, u64::saturating_add)
}

/// `8:0 Read 90`, a line each
fn version_1(text: &str) -> u64 {
    let bytes = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        matches!(words.next()?, "Read" | "Write").then_some(())?;
        words.next()?.parse::<u64>().ok()
    };
    text.lines().filter_map(bytes).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_say_what_was_read_and_written() {
        let second = "8:0 rbytes=90 wbytes=10 rios=5 wios=1 dbytes=7 dios=0\n259:1 rbytes=1 wbytes=0\n7:0 \n";
        assert_eq!(version_2(second), 101);
        let first =
            "8:0 Read 90\n8:0 Write 10\n8:0 Sync 60\n8:0 Async 40\n8:0 Total 100\n259:1 Read 1\nTotal 101\n";
        assert_eq!(version_1(first), 101);
        assert_eq!((version_1(""), version_2("nonsense rbytes=x")), (0, 0));
        assert_eq!(group_bytes(Path::new("/nowhere")), None);
    }

    #[test]
    fn the_groups_files_are_found_in_each_layout() {
        let first = ("blkio/blkio.throttle.io_service_bytes", "8:0 Read 90\n8:0 Write 10\nTotal 100\n");
        // on a hybrid machine version 2 is there, too, without a controller
        let hybrid = ("unified/cgroup.controllers", "\n");
        let second = ("io.stat", "8:0 rbytes=60 wbytes=7\n");
        for (name, files, expected) in [
            ("version 1", &[first][..], Some(100)),
            ("hybrid", &[first, hybrid], Some(100)),
            ("version 2", &[("cgroup.controllers", "cpu io memory\n"), second], Some(67)),
            ("version 2, without its controller of disks", &[("cgroup.controllers", "cpu\n")], None),
        ] {
            let root = std::env::temp_dir().join(format!("dcaas-groups-{}-{name}", std::process::id()));
            for (file, text) in files {
                std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
                std::fs::write(root.join(file), text).unwrap();
            }
            assert_eq!(group_bytes(&root), expected, "{name}");
            std::fs::remove_dir_all(root).unwrap();
        }
    }
}
