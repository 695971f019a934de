//! The agent as the first process of a container: what nobody else would reap, and the signals that mean the end.

use std::fs;

use dcaas::domain::link::LinkState;

use super::pod::{Pod, Wish, below, eventually, may_be_first};

#[test]
fn as_process_1_it_reaps_stops_and_leaves_nobody() {
    if !may_be_first() {
        eprintln!("skipped: this machine lets nobody be a first process (`unshare --user --pid`)");
        return;
    }
    let wish = Wish { first: true, ..Wish::default() };
    let work = "((trap 'sleep 0.5; echo saved > checkpoint; exit' TERM; echo working; while :; do sleep 0.1; done) &)";
    let orphans = "for n in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'sleep 0.2; exit 3' &); done";
    let mut pod = Pod::with_script("first", wish, &format!("{work}\n{orphans}\nexec sleep 600"));
    pod.until_says("working");
    let reaped = || {
        let zombies = below(pod.pid()).iter().filter(|(_, state, _)| state == "Z").count();
        (below(pod.pid()).len() == 2 && zombies == 0).then_some(())
    };
    eventually("only the tunnel and the work", reaped, || pod.log());
    assert!(fs::read_to_string(format!("/proc/{}/status", pod.pid())).unwrap().contains("\t1\n"));
    assert!(pod.terminate().success());
    assert_eq!(pod.read("home/checkpoint"), "saved\n");
    assert!(pod.says("dcaas: all processes ended"));
}

#[test]
fn every_signal_that_images_name_for_their_stop_ends_it_well() {
    // SIGTERM has its tests; the others: SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGWINCH, SIGRTMIN+3
    for signal in [1, 2, 3, 10, 28, 37] {
        let mut pod = Pod::with_stand_in(&format!("signal-{signal}"), Wish::default(), |_| {});
        pod.until(LinkState::Connected);
        assert!(pod.end(signal).success(), "signal {signal}");
        assert!(
            pod.says("dcaas: the tunnel ended") && pod.says("dcaas: all processes ended"),
            "signal {signal}"
        );
    }
}
