//! The link over the life of a tunnel, step by step.

use super::*;

enum Step {
    Started,
    Heard(Heard),
    Seen(Status),
    Ended(&'static str),
}
use Step::{Ended, Heard as H, Seen, Started};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn run(steps: Vec<Step>) -> Watch {
    let mut watch = Watch::new("dc-01", at(0));
    for (n, step) in (1..).zip(steps) {
        match step {
            Started => watch.started(at(n)),
            H(heard) => watch.heard(heard, at(n)),
            Seen(status) => watch.seen(status, at(n)),
            Ended(how) => watch.ended(how, at(n)),
        }
    }
    watch
}

fn running(connected: bool, why: &str) -> Step {
    Seen(Status::Running { name: Some("dc-01".into()), connected, why: why.into() })
}

fn address(name: &str) -> Step {
    H(Heard::Address(name.into()))
}

fn silent() -> Step {
    Seen(Status::Unknown("no answer".into()))
}

#[test]
fn the_link_follows_what_is_heard_and_seen() {
    use LinkState::{Connected, Connecting, Lost, Refused, Unknown};
    let lost = || H(Heard::Lost("offline".into()));
    let table = [
        (vec![], Unknown, 0, "the agent starts"),
        (vec![Started], Connecting, 1, "the tunnel starts"),
        (vec![Started, address("dc-01"), running(true, "")], Connected, 2, ""),
        (vec![Started, address("DC-01")], Connected, 2, ""),
        (vec![Started, running(false, "dns"), running(false, "")], Connecting, 1, "dns"),
        (vec![Started, address("dc-01"), lost(), running(false, "")], Lost, 3, "offline"),
        (vec![Started, address("dc-01"), lost(), running(true, "offline")], Connected, 4, ""),
        (vec![Started, address("host2")], Refused, 2, NAME_IN_USE),
        (vec![Started, H(Heard::AsksToSignIn), running(false, "x")], Refused, 2, REJECTED),
        (vec![Started, H(Heard::AsksToSignIn), Ended("ended"), Started], Refused, 2, REJECTED),
        (vec![Started, H(Heard::AsksToSignIn), Ended("ended"), Started, running(true, "")], Connected, 5, ""),
        (vec![Started, address("dc-01"), silent(), silent()], Connected, 2, ""),
        (vec![Started, address("dc-01"), silent(), silent(), silent()], Unknown, 5, "no answer"),
        (vec![Started, address("dc-01"), silent(), silent(), running(true, ""), silent()], Connected, 2, ""),
        (vec![Started, Seen(Status::NotRunning)], Connecting, 1, "the tunnel starts"),
        (
            vec![Started, H(Heard::Error("disk full".into())), Ended("status 1")],
            Lost,
            3,
            "status 1: disk full",
        ),
        (vec![Started, address("dc-01"), Ended("status 1"), Started], Connecting, 4, "the tunnel starts"),
    ];
    for (n, (steps, state, since, why)) in table.into_iter().enumerate() {
        assert_eq!(run(steps).link(), &Link::new(state, at(since), why), "row {n}");
    }
}

#[test]
fn a_tunnel_is_ended_when_another_start_can_do_better() {
    let table = [
        (vec![Started, address("dc-01")], 600, None),
        (vec![Started], 600, None),
        (vec![Started, address("dc-01"), H(Heard::Lost("x".into()))], 122, None),
        (vec![Started, address("dc-01"), H(Heard::Lost("x".into()))], 123, Some(Fault::Stuck)),
        (vec![Started, address("host2")], 3, Some(Fault::Stuck)),
        (vec![Started, H(Heard::AsksToSignIn)], 3, Some(Fault::Rejected)),
        (vec![Started, H(Heard::AsksToSignIn), Ended("x"), Started], 9, None),
    ];
    for (n, (steps, now, fault)) in table.into_iter().enumerate() {
        assert_eq!(run(steps).fault(at(now)), fault, "row {n}");
    }
}
