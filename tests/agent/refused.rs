//! What the relay, the account or the settings refuse: each is told apart, and got over when its cause goes.

use std::fs;

use dcaas::domain::link::{LinkState, Refused};

use super::pod::{NAME, Pod, TOKEN, Wish, below, eventually, write_token};

const ANOTHER: &str = "gho_another_0123456789abcdefghijklmnopqr";

fn until_refused(pod: &Pod, why: Refused) {
    let seen = || pod.line().is_some_and(|line| Refused::of(&line.link) == Some(why)).then_some(());
    eventually(why.why(), seen, || pod.log());
}

fn fault(root: &std::path::Path, name: &str) {
    fs::write(root.join("run/cli").join(name), "").unwrap();
}

#[test]
fn a_missing_token_is_said_and_used_as_soon_as_it_is_there() {
    let pod = Pod::with_stand_in("token", Wish { token: false, ..Wish::default() }, |_| {});
    until_refused(&pod, Refused::NoToken);
    write_token(&pod.root, TOKEN);
    pod.until(LinkState::Connected);
    assert!(!pod.says(TOKEN));
}

#[test]
fn a_replaced_token_is_used_at_once() {
    let pod = Pod::with_stand_in("replaced", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    write_token(&pod.root, ANOTHER);
    pod.until_says("dcaas: there is a new sign-in: the tunnel is started again with it");
    let signed_in = || pod.read("run/cli/token.json").contains(ANOTHER).then_some(());
    eventually("the new sign-in", signed_in, || pod.log());
    pod.until(LinkState::Connected);
    assert!(!pod.says(TOKEN) && !pod.says(ANOTHER) && !pod.says("; again in "));
}

#[test]
fn a_rejected_token_is_said_and_stops_nothing_and_a_new_one_is_used() {
    let pod = Pod::with_stand_in("rejected", Wish::default(), |root| {
        super::write_script(&root.join("home/.dcaas/on-start"), "#!/bin/sh\necho working; exec sleep 600\n");
    });
    pod.until(LinkState::Connected);
    pod.until_says("working");
    fs::write(pod.root.join("run/cli/reject-token"), TOKEN).unwrap();
    until_refused(&pod, Refused::TokenRejected);
    let since = pod.line().unwrap().link.since;
    pod.until_says("dcaas: the tunnel is started again");
    assert_eq!(pod.line().unwrap().link.since, since);
    assert!(below(pod.pid()).iter().any(|(_, _, text)| text.contains("sleep")), "it stopped the work");
    write_token(&pod.root, ANOTHER);
    pod.until(LinkState::Connected);
    assert!(!pod.says("github.com/login/device"), "a code of a sign-in that is not ours");
}

#[test]
fn a_tunnel_that_goes_dark_after_a_day_is_signed_in_and_started_again() {
    let mut pod = Pod::with_stand_in("dark", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    // the sign-in of this one is an old one, as after a day
    pod.again(false);
    pod.until(LinkState::Connected);
    let id = pod.read("run/cli/code_tunnel.json");
    pod.fault("go-dark", true);
    pod.until_says("the tunnel is started again: the sign-in is no longer accepted and is made once more");
    pod.until(LinkState::Connected);
    assert!(!pod.says("\"refused\""), "nobody has to sign in for this");
    assert_eq!(pod.read("run/cli/code_tunnel.json"), id);
}

#[test]
fn another_machines_name_is_not_worked_under_nor_kept() {
    let pod = Pod::with_stand_in("name", Wish::default(), |root| fault(root, "name-taken"));
    until_refused(&pod, Refused::NameInUse);
    pod.until_says("again");
    assert!(!pod.read(super::HOME_TUNNEL).contains("remote-machine"));
    pod.fault("name-taken", false);
    pod.until(LinkState::Connected);
    let kept = || pod.read(super::HOME_TUNNEL).contains(NAME).then_some(());
    eventually("our own tunnel kept", kept, || pod.log());
}

#[test]
fn a_name_that_went_to_another_machine_meanwhile_and_too_many_tunnels_are_said() {
    let mut pod = Pod::with_stand_in("account", Wish::default(), |root| fault(root, "too-many-tunnels"));
    until_refused(&pod, Refused::TooManyTunnels);
    pod.fault("too-many-tunnels", false);
    pod.until(LinkState::Connected);
    pod.again(false);
    pod.until(LinkState::Connected);
    pod.fault("name-taken", true);
    pod.fault("lose-tunnel", true);
    pod.again(false);
    until_refused(&pod, Refused::NameInUse);
    pod.fault("name-taken", false);
    pod.until(LinkState::Connected);
}

#[test]
fn without_the_licence_no_tunnel_is_started() {
    let mut pod = Pod::with_stand_in("licence", Wish { licence: false, ..Wish::default() }, |root| {
        super::write_script(&root.join("home/.dcaas/on-start"), "#!/bin/sh\necho hello from the workspace\n");
    });
    until_refused(&pod, Refused::LicenceNotAccepted);
    pod.until_says("~/.dcaas/on-start ended with exit status: 0");
    assert!(below(pod.pid()).is_empty() && !pod.root.join("run/cli/token.json").exists());
    assert!(pod.terminate().success() && pod.says("dcaas: all processes ended"));
}
