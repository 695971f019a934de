//! What the agent sees of its workspace, through its line: what is work and what is not, and the wish to be kept.

use std::fs;
use std::process::Command;

use dcaas::domain::activity::Evidence;
use dcaas::pod::Line;

use super::pod::{Pod, Wish, eventually, write_script};

/// What the agent wrote last for `dcaas why`.
fn latest(pod: &Pod) -> Option<Line> {
    Line::parse(&pod.read("run/line"))
}

/// Processor time that the process named in a file of the home's has taken, in seconds.
fn taken(pod: &Pod, file: &str) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pod.read(file).trim())).ok()?;
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some((fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?) / 100)
}

fn inside(pod: &Pod, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dcaas"));
    let output = command.args(words).arg("--run").arg(pod.root.join("run")).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn the_parts_of_an_editor_are_no_work_and_an_orphan_that_computes_is() {
    // busy: an extension host and the tunnel itself; beside them a sleeping server and a zombie. Then an orphan.
    let tunnel = "echo $$ > tunnel\nwhile [ ! -e enough ]; do :; done; exec sleep 600";
    let on_start = "#!/bin/sh\n\
        sh -c 'echo $$ > host; while [ ! -e enough ]; do :; done' /s/out/bootstrap-fork --type=extensionHost &\n\
        python3 -m http.server --bind 127.0.0.1 0 > /dev/null 2>&1 &\n\
        while [ ! -e go ]; do sleep 0.1; done\n\
        touch enough\n\
        (setsid sh -c 'while :; do :; done' &) ; (setsid sh -c 'while :; do :; done' &)\n";
    let pod = Pod::prepared("work-or-not", Wish::default(), tunnel, |root| {
        write_script(&root.join("home/.dcaas/on-start"), on_start);
    });
    for busy in ["home/host", "home/tunnel"] {
        let much = || taken(&pod, busy).is_some_and(|seconds| seconds >= 4).then_some(());
        eventually(&format!("{busy} takes time"), much, || pod.log());
    }
    let before = latest(&pod).unwrap().at;
    let later = || latest(&pod).filter(|line| (line.at - before).num_seconds() > 10);
    let quiet = eventually("another look", later, || pod.log());
    assert_eq!(quiet.activity.signals["cpu"], Evidence::Nothing, "{quiet:?}");
    assert_eq!(quiet.activity.signals["presence"], Evidence::Nothing);
    assert_eq!(quiet.activity.signals["terminal"], Evidence::Nothing);
    fs::write(pod.root.join("home/go"), "").unwrap();
    // at once on the log, not after its minute
    let seen = || match pod.line()?.activity.signals.get("cpu")? {
        Evidence::Seen { value, .. } => Some(value.clone()),
        _ => None,
    };
    let value = eventually("work of an orphan", seen, || pod.log());
    assert!(value.ends_with("cores"), "{value}");
    let why = || Some(inside(&pod, &["why"]).1).filter(|said| said.contains("cpu        used "));
    let said = eventually("why says it", why, || pod.log());
    assert!(said.starts_with("tunnel ") && said.contains("you did not ask: dcaas keep 3h"), "{said}");
}

#[test]
fn a_wish_to_be_kept_becomes_the_lines_hold_and_can_be_taken_back() {
    let pod = Pod::with_stand_in("keep", Wish::default(), |_| {});
    eventually("a line", || latest(&pod), || pod.log());
    let (well, said) = inside(&pod, &["keep", "3h"]);
    assert!(
        well && said.starts_with("You asked to be kept until ") && said.contains("`dcaas why`"),
        "{said}"
    );
    let hold = eventually("the hold", || Some(pod.line()?.hold?.until), || pod.log());
    let left = hold - chrono::Utc::now();
    assert!(left.num_minutes() > 170 && left.num_minutes() <= 180, "{left}");
    let why = || Some(inside(&pod, &["why"]).1).filter(|said| said.contains("that holds"));
    eventually("why says it", why, || pod.log());
    assert!(inside(&pod, &["keep", "0s"]).0);
    eventually("no hold", || pod.line().filter(|line| line.hold.is_none()), || pod.log());
    let table = [(vec!["keep", "soon"], "invalid value"), (vec!["keep", "400days"], "30 days are the most")];
    for (words, says) in table {
        let (well, said) = inside(&pod, &words);
        assert!(!well && said.contains(says), "{words:?}: {said}");
    }
    let run = pod.root.join("nowhere");
    let output =
        Command::new(env!("CARGO_BIN_EXE_dcaas")).args(["keep", "3h", "--run"]).arg(run).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("not the inside of a workspace"));
    assert!(!output.status.success());
}
