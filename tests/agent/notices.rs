//! The control plane's notices, as people meet them in their terminals and in `dcaas why`.

use std::fs;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use dcaas::domain::activity::Evidence;
use dcaas::domain::link::LinkState;
use dcaas::pod::Notice;

use super::pod::{Pod, Wish, eventually};
use super::window::{self, until_shown};

const WARNING: &str = "dcaas: this workspace will be stopped in ";
const TAKEN_BACK: &str = "dcaas: the stop that was announced here does not come";

fn with_window(name: &str) -> Pod {
    let pod = Pod::with_stand_in(name, Wish::default(), |root| {
        fs::create_dir(root.join("pod")).unwrap();
        say(root, "");
    });
    pod.until(LinkState::Connected);
    window::open(&pod);
    pod
}

/// The annotation, in the file of the downward API, which is replaced as a whole.
fn say(root: &std::path::Path, value: &str) {
    let file = root.join("pod/annotations");
    fs::write(root.join("pod/new"), format!("other=\"1\"\ndcaas.dev/notice={value:?}\n")).unwrap();
    fs::rename(root.join("pod/new"), file).unwrap();
}

fn stop(within: TimeDelta) -> String {
    Notice { stop: Some(Utc::now() + within), keep: None, why: "no use was seen for 1 h".into() }.render()
}

/// When the line says that a terminal was used last.
fn used(pod: &Pod) -> Option<DateTime<Utc>> {
    match pod.line()?.activity.signals.get("terminal")? {
        Evidence::Seen { at, .. } => Some(*at),
        _ => None,
    }
}

fn why(pod: &Pod) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dcaas"));
    command.arg("why").env("DCAAS_RUN", pod.root.join("run")).env("DCAAS_POD", pod.root.join("pod"));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_warning_is_seen_once_in_a_terminal_and_is_no_use_and_typing_right_after_is() {
    let pod = with_window("warned");
    let opened = eventually("an open terminal", || used(&pod), || pod.log());
    let warning = stop(TimeDelta::minutes(10));
    say(&pod.root, &warning);
    until_shown(&pod, WARNING, 1);
    let shown = window::screen(&pod);
    for words in ["UTC", ": no use was seen for 1 h.", "dcaas keep 3h"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    pod.until_says("dcaas: warned: the workspace will be stopped at ");
    assert!(why(&pod).starts_with("stop       in "), "{}", why(&pod));
    // while it holds the agent looks every second, and says each time that the window is there
    let lines = || pod.log().iter().filter(|line| line.contains("\"session\":\"s-1\"")).count();
    let before = lines();
    eventually("more lines", || (lines() >= before + 4).then_some(()), || pod.log());
    assert_eq!(used(&pod), Some(opened), "the warning itself is nobody's use");
    // the kernel notes times to eight seconds
    let typed = || {
        window::type_in(&pod, "true");
        used(&pod).filter(|at| *at > opened)
    };
    eventually("typing is seen", typed, || pod.log());
    // the same notice, written once more
    say(&pod.root, &warning);
    say(&pod.root, &Notice::default().render());
    until_shown(&pod, TAKEN_BACK, 1);
    until_shown(&pod, WARNING, 1);
    assert!(why(&pod).starts_with("tunnel "), "{}", why(&pod));
    let keep = Notice {
        stop: None,
        keep: Some(Utc::now() + TimeDelta::hours(3)),
        why: "a member asked for it".into(),
    };
    say(&pod.root, &keep.render());
    until_shown(&pod, "dcaas: this workspace is kept until ", 1);
    assert!(why(&pod).contains("kept       until "), "{}", why(&pod));
}

#[test]
fn a_terminal_that_takes_nothing_stops_nobody_and_is_told_when_it_does_again() {
    let pod = with_window("blocked");
    window::type_in(&pod, "echo rea''dy; read line; : > stopped");
    until_shown(&pod, "ready", 1);
    // ^S, and a line that is read although nothing can be shown
    window::type_in(&pod, "\u{13}");
    let stopped = || pod.root.join("home/stopped").exists().then_some(());
    eventually("a stopped terminal", stopped, || pod.log());
    say(&pod.root, &stop(TimeDelta::minutes(10)));
    pod.until_says("dcaas: warned: ");
    let lines = || pod.log().iter().filter(|line| line.contains("\"session\":\"s-1\"")).count();
    let before = lines();
    eventually("the agent goes on", || (lines() >= before + 4).then_some(()), || pod.log());
    assert!(!window::screen(&pod).contains(WARNING), "the terminal is stopped");
    window::type_in(&pod, "\u{11}");
    until_shown(&pod, WARNING, 1);
}

#[test]
fn a_new_agent_says_what_holds_to_who_comes_then_and_repeats_nothing_else() {
    let mut pod = with_window("again");
    say(&pod.root, &stop(TimeDelta::minutes(10)));
    until_shown(&pod, WARNING, 1);
    pod.again(false);
    pod.until(LinkState::Connected);
    window::open(&pod);
    until_shown(&pod, WARNING, 1);
    let keep = Notice { stop: None, keep: Some(Utc::now() + TimeDelta::hours(3)), why: "asked".into() };
    say(&pod.root, &keep.render());
    until_shown(&pod, "the stop that was announced does not come: this workspace is kept until ", 1);
    pod.again(false);
    pod.until(LinkState::Connected);
    window::open(&pod);
    window::type_in(&pod, "echo ready $((6 * 7))");
    until_shown(&pod, "ready 42", 1);
    say(&pod.root, &stop(TimeDelta::minutes(10)));
    until_shown(&pod, WARNING, 1);
    assert!(!window::screen(&pod).contains("is kept until"), "that was told");
}

#[test]
fn a_malformed_notice_is_said_once_and_changes_nothing() {
    let pod = with_window("malformed");
    say(&pod.root, &stop(TimeDelta::minutes(10)));
    until_shown(&pod, WARNING, 1);
    say(&pod.root, r#"{"stop":"never"}"#);
    pod.until_says("a notice of the control plane is passed over: 'never' in it is no time");
    say(&pod.root, "plain");
    pod.until_says("a notice of the control plane is passed over: it can not be read");
    assert!(!window::screen(&pod).contains(TAKEN_BACK), "the warning holds");
    say(&pod.root, &Notice::default().render());
    until_shown(&pod, TAKEN_BACK, 1);
    let passed_over = pod.log().iter().filter(|line| line.contains("is passed over")).count();
    assert_eq!(passed_over, 2);
}
