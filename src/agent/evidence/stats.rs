//! What `/proc` says of each process. Where there are very many they take turns: one look must not cost more than what it
//! looks at, and what a process used is a sum that the next reading of it has, too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use procfs::FromRead;
use procfs::process::Stat;

/// Up to so many are read at every look; of more, every second, third, …
const AT_ONCE: usize = 500;
/// … but each at every fifth at least, which is within the half minute that all rates are over.
const TURNS: usize = 5;

/// All processes, as they were read last.
#[derive(Default)]
pub struct Stats {
    known: HashMap<i32, Arc<Stat>>,
    look: usize,
}

impl Stats {
    /// Looks once. This process is always read.
    pub fn look(&mut self) -> Result<Vec<Arc<Stat>>, String> {
        let there = pids()?;
        self.look = self.look.wrapping_add(1);
        // what one used that has ended is in its parent's sum now, so both have to be of the same look
        let ended = self.known.keys().any(|pid| !there.contains(pid));
        let turns = if ended { 1 } else { turns(there.len()) };
        if !self.read(&there, turns) {
            self.read(&there, 1);
        }
        Ok(self.known.values().cloned().collect())
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
            let read = || Stat::from_file(format!("/proc/{pid}/stat")).ok().map(Arc::new);
            match known.filter(|_| !due).or_else(read) {
                Some(stat) => {
                    self.known.insert(*pid, stat);
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
        let mut has = || stats.look().unwrap().iter().any(|stat| stat.pid == pid);
        assert!(has());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!has());
    }
}
