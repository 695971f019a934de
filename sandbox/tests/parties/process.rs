//! Children: what they see, how they end, and that they never stay behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::process::Program;

use super::PATIENCE;

fn shell(dir: &Path, script: &str) -> Program {
    Program::new("the child", "/bin/sh", dir.join("log")).args(["-c", script])
}

fn lives(pid: u32) -> bool {
    // a zombie that nobody waits for counts as gone
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

async fn gone(pid: u32) {
    for _ in 0..3000 {
        if !lives(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {pid} is still there");
}

#[tokio::test]
async fn a_child_sees_path_and_what_it_was_given_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let child = shell(dir.path(), "env | sort; echo done").env("ONLY", "this").start().await.unwrap();
    let seen =
        child.says(PATIENCE, |output| output.contains("done").then(|| output.to_owned())).await.unwrap();
    let mut names: Vec<&str> =
        seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    // the shell adds these itself
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    assert_eq!(names, ["ONLY", "PATH"]);
}

#[tokio::test]
async fn a_child_that_dies_early_is_reported_with_its_last_lines() {
    let dir = tempfile::tempdir().unwrap();
    let child = shell(dir.path(), "echo the port is taken >&2; exit 3").start().await.unwrap();
    let error = child.ready(PATIENCE, async || false).await.unwrap_err().to_string();
    assert!(error.contains("the child ended early (exit status: 3)"), "{error}");
    assert!(error.contains("the port is taken"), "{error}");
    assert_eq!(child.wait().await.code(), Some(3));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new("the child", "/nowhere/it", dir.path().join("log"));
    let error = program.start().await.err().unwrap().to_string();
    assert_eq!(error, "the child can not start: /nowhere/it does not exist");
}

#[tokio::test]
async fn stop_asks_first_and_takes_the_whole_group_along() {
    let dir = tempfile::tempdir().unwrap();
    let kind =
        shell(dir.path(), "trap 'echo bye; exit 0' TERM; sleep 1000 & echo $!; wait").start().await.unwrap();
    let grandchild = kind.says(PATIENCE, |output| output.lines().next()?.parse().ok()).await.unwrap();
    kind.stop(PATIENCE).await;
    assert!(kind.output().contains("bye"));
    assert_eq!(kind.ended().and_then(|status| status.code()), Some(0));
    gone(grandchild).await;

    let deaf = shell(dir.path(), "trap '' TERM; echo up; while :; do sleep 0.1; done").start().await.unwrap();
    deaf.says(PATIENCE, |output| output.contains("up").then_some(())).await.unwrap();
    deaf.stop(Duration::from_millis(200)).await;
    assert!(deaf.ended().is_some());
    gone(deaf.pid()).await;
}

#[tokio::test]
async fn a_child_that_is_dropped_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let child = shell(dir.path(), "exec sleep 1000").start().await.unwrap();
    let pid = child.pid();
    assert!(lives(pid));
    drop(child);
    gone(pid).await;
}

/// Runs the next test in a process of its own and kills that, as a world may be killed.
#[tokio::test]
async fn a_child_dies_with_a_world_that_is_killed() {
    let mut world = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::a_world_with_one_child", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(world.stdout.take().unwrap()).lines().map_while(Result::ok);
    let child = lines.filter_map(|line| line.strip_prefix("child ")?.parse().ok()).next().unwrap();
    assert!(lives(child), "the child died before the world did");
    kill(Pid::from_raw(i32::try_from(world.id()).unwrap()), Signal::SIGKILL).unwrap();
    world.wait().unwrap();
    gone(child).await;
}

#[test]
#[ignore = "the other half of the test above"]
fn a_world_with_one_child() {
    let dir = tempfile::tempdir().unwrap();
    // the worst case: started from a thread that has ended when the other test looks
    let keep = Duration::from_millis(10);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(keep).build().unwrap();
    let (program, inside) = (shell(dir.path(), "exec sleep 1000"), runtime.handle().clone());
    runtime.block_on(async {
        let start = tokio::task::spawn_blocking(move || {
            let child = inside.block_on(program.start());
            (child, std::fs::read_link("/proc/thread-self").unwrap())
        });
        let (child, thread) = start.await.unwrap();
        let (child, thread) = (child.unwrap(), Path::new("/proc").join(thread));
        while thread.exists() {
            tokio::time::sleep(keep).await;
        }
        println!("\nchild {}", child.pid());
        child.wait().await;
    });
}
