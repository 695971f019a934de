//! Whatever came from this process and was left behind by the one that made it.

use nix::{
    sys::{
        prctl,
        signal::{Signal, kill},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A process that should not be there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remain {
    pub pid: i32,
    pub command: String,
}

/// One line of the table of processes.
struct Line {
    pid: i32,
    parent: i32,
    zombie: bool,
}

/// Makes this process the parent of every descendant whose own parent ends, so that none can hide.
pub fn adopt() {
    if let Err(error) = prctl::set_child_subreaper(true) {
        tracing::warn!("orphans of the world's processes can not be found: {error}");
    }
}

/// All living processes that came from this one, children's children included.
#[must_use]
pub fn descendants(first: u32) -> Vec<Remain> {
    let lines = lines();
    let mut family = BTreeSet::from([first.cast_signed()]);
    loop {
        let more = lines.iter().filter(|line| family.contains(&line.parent)).map(|line| line.pid);
        let more: Vec<i32> = more.filter(|pid| !family.contains(pid)).collect();
        if more.is_empty() {
            break;
        }
        family.extend(more);
    }
    family.remove(&first.cast_signed());
    let living = lines.iter().filter(|line| !line.zombie && family.contains(&line.pid));
    living.map(|line| Remain { pid: line.pid, command: command(line.pid) }).collect()
}

/// The living processes whose command line, without the program, is of this kind.
#[must_use]
pub fn that(is: impl Fn(&[&str]) -> bool) -> Vec<Remain> {
    let all = lines().into_iter().filter(|line| !line.zombie);
    let all = all.map(|line| Remain { pid: line.pid, command: command(line.pid) });
    all.filter(|remain| is(&remain.command.split(' ').skip(1).collect::<Vec<_>>())).collect()
}

/// SIGKILL, now.
pub fn end(pid: i32) {
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

/// Adopted processes that have ended: two looks at the same zombie, since those that somebody here waits for
/// are gone by the second.
#[derive(Default)]
pub struct Undertaker(BTreeMap<i32, u32>);

impl Undertaker {
    /// Looks once.
    pub fn look(&mut self) {
        let own = std::process::id().cast_signed();
        let dead: Vec<i32> =
            lines().iter().filter(|line| line.zombie && line.parent == own).map(|line| line.pid).collect();
        self.0.retain(|pid, _| dead.contains(pid));
        for pid in dead {
            let looks = self.0.entry(pid).or_default();
            *looks += 1;
            if *looks > 2 {
                let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
            }
        }
    }
}

fn lines() -> Vec<Line> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(line).collect()
}

fn line(pid: i32) -> Option<Line> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name stands in brackets and may hold anything
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let zombie = fields.next()? == "Z";
    Some(Line { pid, parent: fields.next()?.parse().ok()?, zombie })
}

fn command(pid: i32) -> String {
    let bytes = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grandchild_is_found_until_it_has_ended() {
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 61 & wait"]).spawn().unwrap();
        let found = || -> Vec<i32> {
            let all = descendants(child.id());
            all.iter().filter(|remain| remain.command == "sleep 61").map(|remain| remain.pid).collect()
        };
        let sleep = loop {
            if let [pid] = found().as_slice() {
                break *pid;
            }
        };
        assert!(descendants(std::process::id()).iter().any(|remain| remain.pid == sleep));
        end(sleep);
        while !found().is_empty() {}
        child.wait().unwrap();
    }
}
