//! The link over the life of a tunnel, step by step.

use super::*;

enum Step {
    SignedIn,
    Started,
    Wait(i64),
    Heard(Heard),
    Seen(Status),
    Ended(&'static str),
}
use Step::{Ended, Heard as H, Seen, SignedIn, Started, Wait};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// Each step takes a second, beside waiting.
fn run(steps: Vec<Step>) -> Watch {
    let mut watch = Watch::new("dc-01", at(0));
    let mut now = 0;
    for step in steps {
        now += if let Wait(seconds) = step { seconds } else { 1 };
        match step {
            SignedIn => watch.signed_in(true, at(now)),
            Started => watch.started(at(now)),
            H(heard) => watch.heard(heard, at(now)),
            Seen(status) => watch.seen(status, at(now)),
            Ended(how) => watch.ended(how, at(now)),
            Wait(_) => {}
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

fn refused(why: Refused) -> Step {
    H(Heard::Refused(why))
}

const AGAIN: &str = "the sign-in is no longer accepted and is made once more";

#[test]
fn the_link_follows_what_is_heard_and_seen() {
    use LinkState::{Connected, Connecting, Lost, Refused as No, Unknown};
    let lost = || H(Heard::Lost("offline".into()));
    let not_running = || Seen(Status::NotRunning);
    let taken = Refused::NameInUse.why();
    let table = [
        (vec![], Unknown, 0, "the agent starts"),
        (vec![Started], Connecting, 1, "the tunnel starts"),
        (vec![SignedIn, Started], Connecting, 1, "the tunnel starts"),
        (vec![Started, address("dc-01"), running(true, "")], Connected, 2, ""),
        (vec![Started, address("DC-01")], Connected, 2, ""),
        (vec![Started, running(false, "dns"), running(false, "")], Connecting, 1, "dns"),
        (vec![Started, address("dc-01"), lost(), running(false, "")], Lost, 3, "offline"),
        (vec![Started, address("dc-01"), lost(), running(true, "offline")], Connected, 4, ""),
        (vec![Started, address("host2")], No, 2, taken),
        (vec![Started, refused(Refused::NameInUse), Ended("ended"), Started], No, 2, taken),
        (vec![Started, refused(Refused::TooManyTunnels), Ended("x")], No, 2, Refused::TooManyTunnels.why()),
        (vec![Started, address("dc-01"), silent(), silent()], Connected, 2, ""),
        (vec![Started, address("dc-01"), silent(), silent(), silent()], Lost, 5, "no answer"),
        (vec![Started, address("dc-01"), silent(), silent(), running(true, ""), silent()], Connected, 2, ""),
        (
            vec![Started, address("dc-01"), not_running(), silent(), not_running()],
            Lost,
            5,
            "`code tunnel status` finds no tunnel",
        ),
        (vec![Started, not_running(), not_running(), not_running()], Connecting, 1, "the tunnel starts"),
        (
            vec![Started, H(Heard::Error("disk full".into())), Ended("status 1")],
            Lost,
            3,
            "disk full (status 1)",
        ),
        (vec![Started, address("dc-01"), Ended("status 1"), Started], Connecting, 4, "the tunnel starts"),
    ];
    for (n, (steps, state, since, why)) in table.into_iter().enumerate() {
        assert_eq!(run(steps).link(), &Link::new(state, at(since), why), "row {n}");
    }
}

#[test]
fn a_rejected_sign_in_is_made_once_more_before_anybody_is_asked() {
    use LinkState::{Connected, Connecting, Lost, Refused as No};
    let asks = || H(Heard::AsksToSignIn);
    let no = Refused::TokenRejected.why();
    let day = || vec![SignedIn, Started, address("dc-01"), Wait(86_400), running(true, "")];
    let then = |mut steps: Vec<Step>, more: Vec<Step>| {
        steps.extend(more);
        steps
    };
    let table = [
        // one that the CLI kept may be old
        (vec![Started, asks()], Connecting, 1, AGAIN),
        (vec![Started, asks(), Ended("x"), SignedIn, Started, asks()], No, 6, no),
        // a new one is good or it is not
        (vec![SignedIn, Started, asks(), running(false, "x")], No, 3, no),
        (vec![SignedIn, Started, asks(), Ended("ended"), Started], No, 3, no),
        (vec![SignedIn, Started, asks(), Ended("ended"), Started, running(true, "")], Connected, 6, ""),
        (vec![SignedIn, Started, asks(), Ended("x"), SignedIn, Started], Connecting, 5, "the tunnel starts"),
        // at the relay for a moment is no proof
        (vec![SignedIn, Started, address("dc-01"), refused(Refused::TokenRejected)], No, 4, no),
        // the tunnel that goes dark after a day
        (then(day(), vec![refused(Refused::TokenRejected)]), Lost, 86_405, AGAIN),
        (then(day(), vec![asks(), Ended("x"), SignedIn, Started, running(true, "")]), Connected, 86_409, ""),
        (then(day(), vec![asks(), Ended("x"), SignedIn, Started, asks()]), No, 86_409, no),
    ];
    for (n, (steps, state, since, why)) in table.into_iter().enumerate() {
        assert_eq!(run(steps).link(), &Link::new(state, at(since), why), "row {n}");
    }
}

#[test]
fn a_tunnel_is_ended_when_another_start_can_do_better() {
    let lost = || H(Heard::Lost("x".into()));
    let table = [
        (vec![Started, address("dc-01")], 600, None),
        (vec![Started], 120, None),
        (vec![Started], 121, Some(Fault::Stuck)),
        (vec![Started, address("dc-01"), lost()], 122, None),
        (vec![Started, address("dc-01"), lost()], 123, Some(Fault::Stuck)),
        (vec![Started, address("dc-01"), lost(), running(true, ""), lost()], 124, None),
        (vec![Started, address("dc-01"), lost(), running(false, ""), lost()], 123, Some(Fault::Stuck)),
        (vec![Started, address("dc-01"), silent(), silent()], 600, None),
        (vec![Started, address("dc-01"), silent(), silent(), silent()], 5, Some(Fault::Stuck)),
        (vec![Started, address("host2")], 2, Some(Fault::WrongName)),
        (vec![Started, refused(Refused::NameInUse)], 2, Some(Fault::WrongName)),
        (vec![Started, refused(Refused::TooManyTunnels)], 2, None),
        (vec![Started, H(Heard::AsksToSignIn)], 3, Some(Fault::Rejected)),
        (vec![Started, H(Heard::AsksToSignIn), Ended("x"), Started], 9, None),
    ];
    for (n, (steps, now, fault)) in table.into_iter().enumerate() {
        assert_eq!(run(steps).fault(at(now)), fault, "row {n}");
    }
}
