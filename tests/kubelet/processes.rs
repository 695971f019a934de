//! The processes of this computer, those in machines and pods among them, as its root sees them.

use std::{collections::BTreeSet, fs};

use nix::unistd::Pid;

/// A process, also after its number was given to another: number and start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pub pid: i32,
    start: u64,
}

impl Process {
    pub fn pid(self) -> Pid {
        Pid::from_raw(self.pid)
    }

    /// Whether it is there and has not ended.
    pub fn lives(self) -> bool {
        stat(self.pid).is_some_and(|now| now.start == self.start && !now.zombie)
    }
}

/// The words of a process's command line.
pub fn words(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).split_terminator('\0').map(str::to_owned).collect()
}

/// The processes whose command line has these words, one after the other, behind the program's name.
pub fn that_run(wanted: &[&str]) -> Vec<Pid> {
    let has = |pid: &i32| {
        words(*pid).iter().skip(1).collect::<Vec<_>>().windows(wanted.len()).any(|some| some == wanted)
    };
    all().filter(has).map(Pid::from_raw).collect()
}

/// A process and all that came from it, in whatever namespaces.
pub fn family(first: Pid) -> BTreeSet<Process> {
    let all: Vec<(i32, Stat)> = all().filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let mut found = BTreeSet::from([first.as_raw()]);
    loop {
        let before = found.len();
        let more: Vec<i32> =
            all.iter().filter(|(_, stat)| found.contains(&stat.parent)).map(|(pid, _)| *pid).collect();
        found.extend(more);
        if found.len() == before {
            break;
        }
    }
    let ours = all.into_iter().filter(|(pid, _)| found.contains(pid));
    ours.map(|(pid, stat)| Process { pid, start: stat.start }).collect()
}

pub fn all() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

struct Stat {
    parent: i32,
    start: u64,
    zombie: bool,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name stands in brackets and may hold anything
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat { zombie: fields[0] == "Z", parent: fields[1].parse().ok()?, start: fields[19].parse().ok()? })
}
