//! Which processes a world has, and which of them are still there after it: none, or it is said.

use std::collections::{BTreeMap, BTreeSet};

/// A process, told from a later one with the same number by when it began.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pid: u32,
    began: u64,
    pub name: String,
}

/// The process `root` and all that it and its children started, as far as they still hang together.
pub fn family(root: u32) -> BTreeSet<Process> {
    let all = all();
    let mut family = BTreeSet::new();
    let mut wave = vec![root];
    while let Some(pid) = wave.pop() {
        if let Some((_, process)) = all.get(&pid)
            && family.insert(process.clone())
        {
            wave.extend(all.iter().filter(|(_, (parent, _))| *parent == pid).map(|(child, _)| *child));
        }
    }
    family
}

/// Those of `family` that still live.
pub fn alive(family: &BTreeSet<Process>) -> Vec<String> {
    let all = all();
    let lives = |process: &&Process| all.get(&process.pid).is_some_and(|(_, now)| now == *process);
    family.iter().filter(lives).map(|process| format!("{} (pid {})", process.name, process.pid)).collect()
}

/// Every process that is not a zombie, with its parent.
fn all() -> BTreeMap<u32, (u32, Process)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (parent, process) = parse(pid, &stat)?;
        Some((pid, (parent, process)))
    })
    .collect()
}

/// `pid (name) state parent … start-time …`; a name may hold anything, also brackets.
fn parse(pid: u32, stat: &str) -> Option<(u32, Process)> {
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if *fields.first()? == "Z" {
        return None;
    }
    let process = Process { pid, began: fields.get(19)?.parse().ok()?, name: name.to_owned() };
    Some((fields.get(1)?.parse().ok()?, process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_of_the_family_until_it_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut found = family(std::process::id());
        found.retain(|process| process.pid == child.id());
        assert_eq!(found.len(), 1);
        assert_eq!(alive(&found).len(), 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(alive(&found).is_empty());
    }

    #[test]
    fn a_name_may_hold_brackets_and_blanks() {
        let stat = format!("7 (a (b) c) S 3 {} 4242 0", "0 ".repeat(17).trim());
        let (parent, process) = parse(7, &stat).unwrap();
        assert_eq!((parent, process.began, process.name.as_str()), (3, 4242, "a (b) c"));
        assert!(parse(7, "7 (gone) Z 3").is_none());
    }
}
