//! The home disk over the life of pods: the address stays, and what older versions left does no harm.

use std::fs;

use dcaas::domain::link::LinkState;

use super::HOME_TUNNEL;
use super::pod::{NAME, Pod, TOKEN, Wish, eventually};

#[test]
fn the_next_pod_has_the_same_tunnel() {
    let mut pod = Pod::with_stand_in("next", Wish::default(), |_| {});
    pod.until(LinkState::Connected);
    let tunnel = pod.read("run/cli/code_tunnel.json");
    pod.again(true);
    assert_eq!(pod.read(HOME_TUNNEL), tunnel);
    // the account is full by now, which matters to nobody who has a tunnel
    pod.fault("too-many-tunnels", true);
    pod.until(LinkState::Connected);
    assert_eq!(pod.read("run/cli/code_tunnel.json"), tunnel);
    let files = crate::house::files(&pod.root.join("home/.dcaas"), "");
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert!(names.len() == 2 && names.contains(&"license_consent.json"), "{names:?}");
}

#[test]
fn a_start_over_the_state_of_an_older_version() {
    // another name, fields that are not known any more, and what has no place there
    let older = r#"{"name":"dc-older","id":"quick-hill-0","cluster":"euw","version":0}"#;
    let pod = Pod::with_stand_in("older", Wish::default(), |root| {
        let folder = root.join("home/.dcaas/cli");
        fs::create_dir_all(folder.join("servers")).unwrap();
        fs::write(folder.join("code_tunnel.json"), older).unwrap();
        fs::write(folder.join("license_consent.json"), "{\"consented\":\"2024\"}").unwrap();
        fs::write(folder.join("token.json"), format!("\"{TOKEN}\"")).unwrap();
        fs::write(folder.join("tunnel-stable.lock"), "7").unwrap();
    });
    pod.until(LinkState::Connected);
    pod.until_says("what the home disk has of the tunnel can not be read: license_consent.json");
    let kept = || {
        let tunnel = pod.read(HOME_TUNNEL);
        // one file after the other
        let agreed = pod.read("home/.dcaas/cli/license_consent.json").contains("true");
        (tunnel.contains(NAME) && tunnel.contains("quick-hill-0") && agreed).then_some(())
    };
    eventually("the older tunnel under its new name, and the consent", kept, || pod.log());
    assert!(!pod.root.join("home/.dcaas/cli/token.json").exists() && pod.says("a token on the home disk"));
    assert!(!pod.says(TOKEN));
}
