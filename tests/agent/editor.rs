//! An editor of the stand-in's, as the agent's signals see the real one's: connections, processes and counters.

use dcaas::domain::activity::Evidence;
use dcaas::domain::link::LinkState;
use dcaas::pod::Line;

use super::pod::{Pod, Wish, eventually};
use super::window;

fn latest(pod: &Pod) -> Option<Line> {
    Line::parse(&pod.read("run/line"))
}

fn signal(pod: &Pod, name: &str) -> Option<Evidence> {
    latest(pod)?.activity.signals.get(name).cloned()
}

/// The value of now of a signal that has seen use.
fn value(pod: &Pod, name: &str) -> Option<String> {
    match signal(pod, name)? {
        Evidence::Seen { value, .. } => Some(value),
        _ => None,
    }
}

/// The command lines of the stand-in's server and of its parts, below this pod's agent.
fn parts(pod: &Pod) -> Vec<String> {
    let mut found = Vec::new();
    let mut parents = vec![pod.pid()];
    while let Some(parent) = parents.pop() {
        for (pid, _, text) in super::pod::below(parent) {
            parents.push(pid);
            let words = text.split("PATH=").next().unwrap_or_default().replace('\0', " ");
            if words.contains("/server/node ") {
                found.push(words);
            }
        }
    }
    found
}

#[test]
fn a_window_is_present_worked_in_and_closed_and_what_lingers_of_it_is_no_use() {
    let pod = Pod::with_stand_in("editor", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    assert!(parts(&pod).is_empty());
    assert_eq!(window::try_to_type(&pod, "ls").unwrap_err(), "no window is open: open one first");
    window::open(&pod);
    window::open(&pod);
    let present = || value(&pod, "presence").filter(|value| value == "2 connections");
    eventually("a window", present, || pod.log());
    let running = parts(&pod);
    for part in ["--start-server", "--type=extensionHost", "--type=fileWatcher", "--type=ptyHost"] {
        assert_eq!(running.iter().filter(|words| words.contains(part)).count(), 1, "{part}: {running:?}");
    }
    eventually("its terminal", || value(&pod, "terminal").filter(|value| value == "1 open"), || pod.log());
    assert_eq!(signal(&pod, "editor"), Some(Evidence::Nothing), "nobody has touched it");
    window::work(&pod);
    let worked = || value(&pod, "editor").filter(|value| value.ends_with("kB/s"));
    eventually("work in it", worked, || pod.log());
    window::close(&pod);
    eventually("nobody there", || value(&pod, "presence").filter(|value| value == "no editor"), || pod.log());
    assert!(
        parts(&pod).iter().any(|words| words.contains("--type=extensionHost")),
        "it waits for its editor"
    );
    assert_eq!(signal(&pod, "cpu"), Some(Evidence::Nothing), "none of this is work");
    // it comes back to what it left
    window::open(&pod);
    eventually("a window again", present, || pod.log());
    pod.fault("lose-relay", true);
    eventually(
        "it is cut off",
        || value(&pod, "presence").filter(|value| value == "no editor"),
        || pod.log(),
    );
    eventually("the server ends", || parts(&pod).is_empty().then_some(()), || pod.log());
}
