//! What `/proc` says of each process. Where there are very many they take turns: one look must not cost more than what it
//! looks at, and what a process used is a sum that the next reading of it has, too.

use std::collections::{HashMap, HashSet};

use procfs::FromRead;
use procfs::process::Stat;

/// What shows other terminals in the one that it is in, by the name that it gives itself.
const MULTIPLEXERS: [&str; 3] = ["tmux: client", "screen", "zellij"];

/// Up to so many are read at every look; of more, every second, third, …
const AT_ONCE: usize = 500;
/// … but each at every fifth at least, which is within the half minute that all rates are over.
const TURNS: usize = 5;

/// What is kept of one: all that the kernel says of thousands would be megabytes.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub pid: i32,
    pub parent: i32,
    /// In ticks since the machine's start.
    pub started: u64,
    pub alive: bool,
    /// The terminal that it belongs to, if it is one of /dev/pts.
    pub terminal: Option<i32>,
    pub multiplexer: bool,
    /// Processor time of its own, in the kernel's ticks.
    pub used: u64,
    /// That of the children that it waited for.
    pub waited_for: u64,
}

impl From<Stat> for Seen {
    fn from(stat: Stat) -> Self {
        let waited = |ticks| u64::try_from(ticks).unwrap_or(0);
        Self {
            pid: stat.pid,
            parent: stat.ppid,
            started: stat.starttime,
            alive: !matches!(stat.state, 'Z' | 'X'),
            terminal: pseudo_terminal(stat.tty_nr()),
            multiplexer: MULTIPLEXERS.contains(&stat.comm.as_str()),
            used: stat.utime + stat.stime,
            waited_for: waited(stat.cutime) + waited(stat.cstime),
        }
    }
}

/// The number below /dev/pts of the terminal with that device number.
fn pseudo_terminal((major, minor): (i32, i32)) -> Option<i32> {
    // 136 to 143 are pseudo-terminals, 256 to each
    (136..=143).contains(&major).then_some((major - 136) * 256 + minor)
}

/// All processes, as they were read last.
#[derive(Default)]
pub struct Stats {
    known: HashMap<i32, Seen>,
    look: usize,
}

impl Stats {
    /// Looks once. This process is always read.
    pub fn look(&mut self) -> Result<Vec<Seen>, String> {
        let there = pids()?;
        self.look = self.look.wrapping_add(1);
        // what one used that has ended is in its parent's sum now, so both have to be of the same look
        let ended = self.known.keys().any(|pid| !there.contains(pid));
        let turns = if ended { 1 } else { turns(there.len()) };
        if !self.read(&there, turns) {
            self.read(&there, 1);
        }
        Ok(self.known.values().copied().collect())
    }

    /// Reads those whose turn it is; whether none of those that were known has ended meanwhile.
    fn read(&mut self, there: &HashSet<i32>, turns: usize) -> bool {
        let own = i32::try_from(std::process::id()).ok();
        let mut before = std::mem::take(&mut self.known);
        let mut all = true;
        for pid in there {
            let known = before.remove(pid);
            let due = Some(*pid) == own || is_due(*pid, turns, self.look);
            let was = known.is_some();
            let read = || Stat::from_file(format!("/proc/{pid}/stat")).ok().map(Seen::from);
            match known.filter(|_| !due).or_else(read) {
                Some(seen) => {
                    self.known.insert(*pid, seen);
                }
                None => all &= !was,
            }
        }
        all
    }
}

fn turns(processes: usize) -> usize {
    (processes / AT_ONCE + 1).min(TURNS)
}

fn is_due(pid: i32, turns: usize, look: usize) -> bool {
    pid.unsigned_abs() as usize % turns == look % turns
}

fn pids() -> Result<HashSet<i32>, String> {
    let entries = std::fs::read_dir("/proc").map_err(|error| format!("/proc can not be read: {error}"))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_processes_take_turns_and_each_comes_in_time() {
        for (processes, expected) in [(1, 1), (499, 1), (500, 2), (1_600, 4), (2_000, 5), (100_000, 5)] {
            assert_eq!(turns(processes), expected, "{processes}");
        }
        for turns in 1..=TURNS {
            for pid in 1..50 {
                let read = (7..7 + turns).filter(|look| is_due(pid, turns, *look)).count();
                assert_eq!(read, 1, "{pid} in {turns} turns");
            }
        }
    }

    #[test]
    fn one_that_is_new_is_read_at_once_and_one_that_ended_is_gone() {
        let mut stats = Stats::default();
        stats.look().unwrap();
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id().cast_signed();
        let mut has = || stats.look().unwrap().iter().any(|seen| seen.pid == pid);
        assert!(has());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!has());
    }

    #[test]
    fn a_device_number_names_a_terminal() {
        let table = [((136, 0), Some(0)), ((136, 17), Some(17)), ((137, 1), Some(257))];
        for (device, expected) in table.into_iter().chain([((0, 0), None), ((4, 1), None), ((5, 0), None)]) {
            assert_eq!(pseudo_terminal(device), expected, "{device:?}");
        }
    }
}
