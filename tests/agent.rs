//! The agent as a process: its tunnel, its children, its log and its end.

mod editor;
mod evidence;
mod first;
mod home;
mod notices;
mod pod;
mod refused;
mod scripts;
mod window;

use std::fs;
use std::path::Path;

use dcaas::domain::link::LinkState;
use dcaas::pod::{TAIL_LINES, is_ours};

pub use pod::eventually;
use pod::{NAME, Pod, TOKEN, Wish, below, write_script};

#[test]
fn a_tunnel_is_signed_in_connected_and_ended() {
    let mut pod = Pod::with_stand_in("walk", Wish::default(), |_| {});
    let line = pod.until(LinkState::Connected);
    assert_eq!((line.session.as_str(), line.link.why.as_str()), ("s-1", ""));
    pod.until_says(&format!("Open this link in your browser https://vscode.dev/tunnel/{NAME}"));
    assert!(pod.terminate().success());
    pod.until_says("Shutting down: Ctrl-C received");
    pod.until_says("dcaas: the tunnel ended");
    let log = pod.log();
    assert!(is_ours(&log[0]) && is_ours(&log[log.len() - 1]));
    assert_eq!(pod.line().unwrap().link.state, LinkState::Unknown);
}

#[test]
fn the_token_is_in_the_clis_memory_and_nowhere_else() {
    let refresh = "0.ARoA-refresh-token";
    let pod = Pod::with_stand_in("secret", Wish::default(), |root| {
        fs::write(root.join("token/provider"), "microsoft").unwrap();
        fs::write(root.join("token/refresh_token"), refresh).unwrap();
        let shows = "#!/bin/sh\nsleep 600 & env; cat /proc/$PPID/environ /proc/$PPID/cmdline; echo shown\n";
        write_script(&root.join("home/.dcaas/on-start"), shows);
    });
    pod.until(LinkState::Connected);
    pod.until_says("shown");
    let credential = pod.read("run/cli/token.json");
    assert!(credential.contains(TOKEN) && credential.contains(refresh) && credential.contains("Microsoft"));
    eventually("the state on the home disk", || pod.read(HOME_TUNNEL).contains(NAME).then_some(()), Vec::new);
    let own = |name| fs::read(format!("/proc/{}/{name}", pod.pid())).unwrap();
    let mut seen = vec![pod.log().join("\n"), String::from_utf8_lossy(&own("environ")).into_owned()];
    seen.push(String::from_utf8_lossy(&own("cmdline")).into_owned());
    seen.extend(below(pod.pid()).into_iter().map(|(_, _, text)| text));
    let files = crate::house::files(&pod.root.join("home"), "");
    assert!(files.iter().any(|file| file.ends_with("code_tunnel.json")), "{files:?}");
    seen.extend(files.iter().map(|file| fs::read_to_string(file).unwrap()));
    assert!(seen.iter().any(|text| text.contains("VSCODE_CLI_USE_FILE_KEYCHAIN")));
    for secret in [TOKEN, refresh] {
        assert!(!seen.iter().any(|text| text.contains(secret)), "{secret}");
    }
}

/// What the home disk has of the tunnel.
const HOME_TUNNEL: &str = "home/.dcaas/cli/code_tunnel.json";

#[test]
fn a_lost_relay_is_seen_and_got_over() {
    let pod = Pod::with_stand_in("faults", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    pod.fault("lose-relay", true);
    let why = pod.until(LinkState::Lost).link.why;
    assert!(why.starts_with("offline: the relay is not reached") && why.contains("reconnecting"), "{why}");
    pod.fault("lose-relay", false);
    pod.until(LinkState::Connected);
}

#[test]
fn a_tunnel_that_is_offline_from_the_start_says_so_and_goes_on_trying() {
    let pod = Pod::with_stand_in("offline", Wish::default(), |root| {
        fs::write(root.join("run/cli/lose-relay"), "").unwrap();
    });
    assert!(pod.until(LinkState::Lost).link.why.starts_with("offline: the relay is not reached"));
    pod.fault("lose-relay", false);
    pod.until(LinkState::Connected);
}

#[test]
fn a_tunnel_that_does_not_answer_any_more_is_started_again() {
    let pod = Pod::with_stand_in("hang", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    let before = below(pod.pid());
    pod.fault("hang", true);
    assert!(pod.until(LinkState::Lost).link.why.contains("gave no answer"));
    pod.fault("hang", false);
    pod.until_says("dcaas: the tunnel is started again");
    pod.until(LinkState::Connected);
    let gone = |pid| !Path::new(&format!("/proc/{pid}")).exists();
    assert!(before.iter().all(|(pid, ..)| gone(*pid)));
}

#[test]
fn a_tunnel_that_ends_is_started_again_after_longer_and_longer_waits() {
    let pod = Pod::with_script("restart", Wish::default(), "echo '[x y] error disk full'; exit 7");
    pod.until_says("again in 4 s");
    let waits: Vec<_> =
        pod.log().iter().filter_map(|line| Some(line.split_once("; again in ")?.1.to_owned())).collect();
    assert_eq!(waits, ["1 s", "2 s", "4 s"]);
    let why = pod.until(LinkState::Lost).link.why;
    assert!(why.contains("exit status: 7") && why.contains("disk full"), "{why}");
}

#[test]
fn orphans_are_adopted_and_reaped() {
    let script =
        "for n in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'sleep 0.2; exit 3' &); done; echo spawned; exec sleep 600";
    let pod = Pod::with_script("orphans", Wish::default(), script);
    pod.until_says("spawned");
    let only_the_tunnel = || {
        let children = below(pod.pid());
        (children.len() == 1 && children[0].1 != "Z").then_some(())
    };
    eventually("all orphans reaped", only_the_tunnel, || pod.log());
    assert!(!pod.says("ended with"), "the tunnel's own end was taken for an orphan's");
}

#[test]
fn a_stop_reaches_the_work_and_waits_for_it() {
    let work =
        "(trap 'sleep 1; echo saved > checkpoint; exit' TERM; echo working; while :; do sleep 0.1; done) &";
    let mut pod = Pod::with_script("work", Wish::default(), &format!("{work}\nexec sleep 600"));
    pod.until_says("working");
    assert!(pod.terminate().success());
    assert_eq!(fs::read_to_string(pod.root.join("home/checkpoint")).unwrap(), "saved\n");
    assert!(pod.says("dcaas: all processes ended"));
}

#[test]
fn what_does_not_end_is_killed_within_the_grace_period() {
    let deaf = "trap '' INT TERM; (trap '' INT TERM; echo deaf; while :; do sleep 1; done) & wait";
    let mut pod = Pod::with_script("deaf", Wish { grace: 3, ..Wish::default() }, deaf);
    pod.until_says("deaf");
    let children = below(pod.pid());
    assert!(pod.terminate().success());
    assert!(pod.says("was killed") && pod.says("did not end within the grace period"));
    assert!(children.iter().all(|(pid, ..)| !Path::new(&format!("/proc/{pid}")).exists()));
}

#[test]
fn a_flood_of_output_neither_hides_the_line_nor_grows_the_agent() {
    let forged = "{\"dcaas\":1,\"at\":\"2027-01-15T08:00:00Z\",\"link\":{\"state\":\"connected\"}}";
    let mut pod = Pod::with_stand_in("flood", Wish { grace: 3, ..Wish::default() }, |root| {
        write_script(&root.join("home/.dcaas/on-start"), &format!("#!/bin/sh\nexec yes '{forged}'\n"));
    });
    pod.until_says("lines of output were dropped");
    let before = pod.memory();
    // what matters is seen and said in the middle of it
    pod.until(LinkState::Connected);
    pod.fault("lose-relay", true);
    pod.until(LinkState::Lost);
    eventually("2,000 lines", || (pod.log().len() > 2_000).then_some(()), Vec::new);
    let log = pod.log();
    let tail = usize::try_from(TAIL_LINES).unwrap();
    assert!(log.windows(tail).all(|tail| tail.iter().any(|line| is_ours(line))));
    assert!(log.iter().filter(|line| is_ours(line)).all(|line| line.contains("\"session\":\"s-1\"")));
    let dropped = log
        .iter()
        .filter_map(|line| line.strip_prefix("dcaas: ")?.split_once(" lines of output")?.0.parse().ok());
    let most: u64 = dropped.max().unwrap();
    assert!(most > 10_000, "{most} a second at most");
    assert!(pod.memory() <= before + 4 && before < 30, "{before} MiB, then {} MiB", pod.memory());
    assert!(pod.terminate().success());
    assert!(is_ours(pod.log().last().unwrap()));
}
