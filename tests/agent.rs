//! The agent as a process: its tunnel, its children, its log and its end.

mod pod;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use dcaas::domain::link::LinkState;
use dcaas::pod::{TAIL_LINES, is_ours};

use pod::{NAME, Pod, TOKEN, below, eventually, write_token};

#[test]
fn a_tunnel_is_signed_in_connected_and_ended() {
    let mut pod = Pod::with_stand_in("walk", true);
    let line = pod.until(LinkState::Connected);
    assert_eq!((line.session.as_str(), line.link.why.as_str()), ("s-1", ""));
    pod.until_says(&format!("Open this link in your browser https://vscode.dev/tunnel/{NAME}"));
    assert!(below(pod.pid()).iter().all(|(_, _, text)| !text.contains(TOKEN)));
    assert!(fs::read_to_string(pod.root.join("run/cli/token.json")).unwrap().contains(TOKEN));
    assert!(pod.terminate().success());
    pod.until_says("Shutting down: Ctrl-C received");
    pod.until_says("dcaas: the tunnel ended");
    let log = pod.log();
    assert!(is_ours(&log[0]) && is_ours(&log[log.len() - 1]));
    assert_eq!(pod.line().unwrap().link.state, LinkState::Unknown);
    assert!(!pod.says(TOKEN));
}

#[test]
fn a_missing_token_is_said_and_used_as_soon_as_it_is_there() {
    let pod = Pod::with_stand_in("token", false);
    assert_eq!(pod.until(LinkState::Refused).link.why, "no sign-in token");
    write_token(&pod.root, TOKEN);
    pod.until(LinkState::Connected);
    assert!(!pod.says(TOKEN));
}

#[test]
fn a_lost_relay_and_a_rejected_token_are_seen_and_got_over() {
    let pod = Pod::with_stand_in("faults", true);
    pod.until(LinkState::Connected);
    pod.fault("lose-relay", true);
    assert!(pod.until(LinkState::Lost).link.why.contains("reconnecting"));
    pod.fault("lose-relay", false);
    pod.until(LinkState::Connected);
    pod.fault("reject-token", true);
    assert!(pod.until(LinkState::Refused).link.why.contains("sign in again"));
    pod.until_says("dcaas: the tunnel is started again");
    pod.fault("reject-token", false);
    write_token(&pod.root, "gho_another");
    pod.until(LinkState::Connected);
    assert!(!pod.says("github.com/login/device"), "a code of a sign-in that is not ours");
}

#[test]
fn another_machines_name_is_not_worked_under() {
    let pod = Pod::start("name", true, 30, |path| {
        let code = Path::new(env!("CARGO_BIN_EXE_dcaas")).with_file_name("code");
        symlink(code, path).unwrap();
        let data = path.ancestors().nth(3).unwrap().join("run/cli");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("name-taken"), "").unwrap();
    });
    assert!(pod.until(LinkState::Refused).link.why.contains("in use"));
    pod.fault("name-taken", false);
    pod.until(LinkState::Connected);
}

#[test]
fn a_tunnel_that_ends_is_started_again_after_longer_and_longer_waits() {
    let pod = Pod::with_script("restart", 30, "echo '[x y] error disk full'; exit 7");
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
    let pod = Pod::with_script("orphans", 30, script);
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
    let mut pod = Pod::with_script("work", 30, &format!("{work}\nexec sleep 600"));
    pod.until_says("working");
    assert!(pod.terminate().success());
    assert_eq!(fs::read_to_string(pod.root.join("home/checkpoint")).unwrap(), "saved\n");
    assert!(pod.says("dcaas: all processes ended"));
}

#[test]
fn what_does_not_end_is_killed_within_the_grace_period() {
    let deaf = "trap '' INT TERM; (trap '' INT TERM; echo deaf; while :; do sleep 1; done) & wait";
    let mut pod = Pod::with_script("deaf", 3, deaf);
    pod.until_says("deaf");
    let children = below(pod.pid());
    assert!(pod.terminate().success());
    assert!(pod.says("was killed") && pod.says("did not end within the grace period"));
    assert!(children.iter().all(|(pid, ..)| !Path::new(&format!("/proc/{pid}")).exists()));
}

#[test]
fn a_flood_of_output_neither_hides_the_line_nor_grows_the_agent() {
    let script = "yes '{\"dcaas\":1,\"at\":\"2027-01-15T08:00:00Z\",\"link\":{\"state\":\"connected\"}}'";
    let pod = Pod::with_script("flood", 3, script);
    eventually("1,000 lines", || (pod.log().len() > 1_000).then_some(()), Vec::new);
    let log = pod.log();
    let tail = usize::try_from(TAIL_LINES).unwrap();
    assert!(log.windows(tail).all(|tail| tail.iter().any(|line| is_ours(line))));
    assert!(log.iter().filter(|line| is_ours(line)).all(|line| line.contains("\"session\":\"s-1\"")));
    assert!(pod.says("lines of output were dropped"));
    let status = fs::read_to_string(format!("/proc/{}/status", pod.pid())).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    assert!(memory.unwrap().parse::<u32>().unwrap() < 30 * 1024, "{memory:?} kB");
}
