//! The workspace's own scripts: after a start, and before the end.

use std::fs;

use dcaas::domain::link::LinkState;

use super::pod::{Pod, Wish, below, write_script};

#[test]
fn a_script_runs_after_a_start_and_its_end_is_said_once() {
    let pod = Pod::with_stand_in("on-start", Wish::default(), |root| {
        let script = "#!/bin/sh\npwd; echo to the log >&2; (sleep 600 &) ; exit 3\n";
        write_script(&root.join("home/.dcaas/on-start"), script);
    });
    pod.until_says("~/.dcaas/on-start ended with exit status: 3");
    assert!(pod.says(&pod.root.join("home").display().to_string()) && pod.says("to the log"));
    // what it started goes on
    pod.until(LinkState::Connected);
    assert!(below(pod.pid()).iter().any(|(_, _, text)| text.starts_with("sleep")));
    assert_eq!(pod.log().iter().filter(|line| line.contains("on-start ended")).count(), 1);
}

#[test]
fn a_script_that_can_not_run_says_what_to_do() {
    let table = [
        ("plain", "#!/bin/sh\n", 0o644, "is not executable, so it does not run: chmod +x ~/.dcaas/on-start"),
        ("format", "echo hello\n", 0o755, "give it a first line such as #!/bin/sh"),
        ("interpreter", "#!/no/such/program\n", 0o755, "is not in this image"),
    ];
    for (name, script, mode, words) in table {
        let pod = Pod::with_stand_in(&format!("on-start-{name}"), Wish::default(), |root| {
            let path = root.join("home/.dcaas/on-start");
            write_script(&path, script);
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        });
        pod.until_says(words);
        pod.until(LinkState::Connected);
    }
}

#[test]
fn a_script_saves_before_anything_is_told_to_end() {
    let mut pod = Pod::with_stand_in("on-stop", Wish::default(), |root| {
        let work =
            "#!/bin/sh\ntrap 'echo the work ends; exit' TERM\necho works\nwhile :; do sleep 0.1; done\n";
        write_script(&root.join("home/work"), work);
        write_script(&root.join("home/.dcaas/on-start"), "#!/bin/sh\n./work &\n");
        let save =
            "#!/bin/sh\npgrep -P $PPID -f ./work >/dev/null && echo \"saved within $DCAAS_SECONDS s\"\n";
        write_script(&root.join("home/.dcaas/on-stop"), save);
    });
    pod.until(LinkState::Connected);
    pod.until_says("works");
    assert!(pod.terminate().success());
    let log = pod.log();
    let at = |words: &str| {
        log.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {log:#?}"))
    };
    let order = [
        at("dcaas: the workspace stops"),
        at("saved within 18 s"),
        at("~/.dcaas/on-stop ended with exit status: 0"),
        at("the work ends"),
        at("dcaas: all processes ended"),
    ];
    assert!(order.is_sorted() && at("on-stop ended") < at("the tunnel ended"), "{log:#?}");
}

#[test]
fn a_script_that_does_not_end_leaves_time_for_the_tunnel() {
    let mut pod = Pod::with_stand_in("on-stop-slow", Wish { grace: 6, ..Wish::default() }, |root| {
        let deaf = "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n";
        write_script(&root.join("home/.dcaas/on-start"), "#!/bin/sh\nexec sleep 600\n");
        write_script(&root.join("home/.dcaas/on-stop"), deaf);
    });
    pod.until(LinkState::Connected);
    assert!(pod.terminate().success());
    assert!(pod.says("~/.dcaas/on-start was still running and was told to end"));
    assert!(pod.says("~/.dcaas/on-stop was still running and was told to end"));
    assert!(
        pod.says("dcaas: the tunnel ended") && pod.says("did not end within the grace period"),
        "{:#?}",
        pod.log()
    );
}
