//! A window: left alone, worked in, closed.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

#[tokio::test]
async fn a_window_left_alone_is_no_use_and_work_in_it_is_and_what_it_leaves_running_only_if_it_computes() {
    let Some(mut ada) = Runs::begin().await else { return };
    let notes = ada.inside.home.join("notes.txt");
    fs::write(&notes, "").unwrap();
    // of the workspace's user, whoever that is
    fs::set_permissions(&notes, fs::Permissions::from_mode(0o666)).unwrap();
    // more than anybody's sources
    for folder in 0..500 {
        let folder = ada.inside.home.join(format!("many/{folder}"));
        fs::create_dir_all(&folder).unwrap();
        (0..100).for_each(|file| fs::write(folder.join(file.to_string()), "").unwrap());
    }
    ada.open().await;
    eventually("its files are watched", || async { ada.runs("--type=fileWatcher").then_some(()) }).await;
    let opened = ada.rest(&USE, ada.line().at).await;
    ada.sees("presence", opened + LONG_ENOUGH).await;
    assert_eq!(Runs::seen(&ada.line(), "terminal"), None, "nobody opened one");

    let before = ada.line().at;
    ada.open_file("notes.txt").await;
    ada.types(&"All work and no play makes Ada a dull girl. ".repeat(3)).await;
    ada.sees("editor", before).await;
    eventually("what was typed is kept", || async {
        fs::read_to_string(&notes).ok().filter(|text| text.contains("dull girl"))
    })
    .await;

    ada.browser.press("Control+Backquote").await;
    ada.browser.does(json!({ "do": "see", "css": ".terminal-wrapper.active .xterm" })).await;
    let before = ada.line().at;
    ada.types("echo $((6 * 7)) > answer\n").await;
    let answer =
        || async { fs::read_to_string(ada.inside.home.join("answer")).ok().filter(|text| text == "42\n") };
    eventually("the shell answers, in the home", answer).await;
    if facts()["node"] == "kubelet" {
        // a login shell's profile has set PATH anew; where machines are processes, the paths inside are not these
        ada.types("dcaas why > why\n").await;
        let why = || async {
            fs::read_to_string(ada.inside.home.join("why")).ok().filter(|why| why.contains("terminal"))
        };
        eventually("dcaas is found in the terminal", why).await;
    }
    ada.types("timeout 90 sh -c 'while :; do :; done' &\n").await;
    ada.sees("terminal", before).await;
    ada.sees("cpu", before).await;

    ada.browser.does(json!({ "do": "leave" })).await;
    ada.alone().await;
    ada.sees("cpu", ada.line().at + LONG_ENOUGH).await;
    let ended = ada.rest(&USE, ada.line().at).await;
    assert!(Runs::seen(&ada.line(), "presence").unwrap() < ended, "nobody came back");
    // its extension host has ended with its goodbye; the rest waits for another window
    assert!(ada.runs("--type=ptyHost"), "{:?}", ada.inside.processes());
    ada.end().await;
}
