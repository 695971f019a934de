//! The agent in an image that has nothing, as a user that nobody expected.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use dcaas::domain::link::LinkState;
use dcaas::pod::{self, newest_line};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::tree::{chroot_as, root};
use crate::agent::eventually;

/// The agent in a root, as it would run in that image.
struct Agent {
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    fn start(root: &Path, user: u32) -> Self {
        let mut command = chroot_as(root, user);
        command
            .args(pod::agent_command("dc-0123456789ab", "s-1", 10, true))
            .env("HOME", pod::HOME)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (out, seen) = (process.stdout.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines.for_each(|line| seen.lock().unwrap().push(line));
        });
        Self { process, log }
    }

    fn until(&self, what: &str, look: impl Fn(&[String]) -> bool) {
        let log = || self.log.lock().unwrap().clone();
        eventually(what, || look(&log()).then_some(()), log);
    }

    fn until_connected(&self) {
        self.until("connected", |log| {
            newest_line(&log.join("\n")).is_some_and(|line| line.link.state == LinkState::Connected)
        });
    }

    fn until_says(&self, words: &str) {
        self.until(words, |log| log.iter().any(|line| line.contains(words)));
    }

    fn says(&self, words: &str) -> bool {
        self.log.lock().unwrap().iter().any(|line| line.contains(words))
    }

    fn pid(&self) -> i32 {
        self.process.id().try_into().unwrap()
    }

    fn end(mut self) {
        kill(Pid::from_raw(self.pid()), Signal::SIGTERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A bare image with what a pod mounts into it; the home is a new disk's.
fn image(name: &str) -> Option<PathBuf> {
    let root = root(name)?;
    for folder in [pod::HOME, pod::RUN, pod::TOKEN, pod::POD, pod::PLATFORM_VOLUME, "/tmp"] {
        fs::create_dir_all(root.join(&folder[1..])).unwrap();
    }
    for folder in [pod::RUN, "/tmp"] {
        fs::set_permissions(root.join(&folder[1..]), fs::Permissions::from_mode(0o777)).unwrap();
    }
    // a runtime gives every container the device; an empty file is as good
    fs::create_dir(root.join("dev")).unwrap();
    fs::write(root.join("dev/null"), "").unwrap();
    fs::set_permissions(root.join("dev/null"), fs::Permissions::from_mode(0o666)).unwrap();
    let token = root.join(&pod::TOKEN[1..]);
    fs::write(token.join(pod::PROVIDER_KEY), "github").unwrap();
    fs::write(token.join(pod::ACCESS_TOKEN_KEY), "gho_0123456789abcdefghij").unwrap();
    Some(root)
}

fn install(root: &Path) -> String {
    let output = super::tree::install(root);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn in_a_bare_image_the_agent_works_says_what_is_missing_and_brings_certificates() {
    let Some(root) = image("bare") else { return };
    let home = root.join(&pod::HOME[1..]);
    install(&root);
    let agent = Agent::start(&root, 2000);
    agent.until_connected();
    agent.until_says("dcaas: an editor can not connect: this image lacks a shell (/bin/sh and /usr/bin/env) and a C library");
    assert!(!agent.says("belong to user"), "it is the first");
    let children = children(agent.pid());
    assert!(!children.is_empty());
    for environment in children {
        assert!(environment.contains("SSL_CERT_FILE=/opt/dcaas/ca.pem"), "{environment}");
    }
    let note = fs::metadata(home.join(".dcaas-user")).unwrap();
    assert_eq!((note.uid(), note.gid()), (2000, pod::HOME_GROUP));
    agent.end();
}

#[test]
fn another_images_user_gets_the_home_at_the_next_start() {
    let Some(root) = image("users") else { return };
    let home = root.join(&pod::HOME[1..]);
    let of = |path: &str| fs::metadata(home.join(path)).unwrap().uid();
    let session = |user: u32, says: &str| {
        // for each pod a new emptyDir
        let run = root.join(&pod::RUN[1..]);
        fs::remove_dir_all(&run).unwrap();
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, fs::Permissions::from_mode(0o777)).unwrap();
        let installed = install(&root);
        let agent = Agent::start(&root, user);
        agent.until_connected();
        if says.is_empty() {
            assert!(!agent.says("of another image"));
        } else {
            agent.until_says(says);
        }
        agent.end();
        installed
    };
    assert_eq!(session(1000, ""), "");
    fs::create_dir(home.join(".vscode-server")).unwrap();
    std::os::unix::fs::chown(home.join(".vscode-server"), Some(1000), None).unwrap();
    // an image of root's writes everywhere, and what it leaves is handed over before the next start
    session(0, "");
    fs::write(home.join(".vscode-server/extension"), "").unwrap();
    assert!(session(1000, "").contains("were handed to user 1000"));
    assert_eq!((of(".vscode-server/extension"), of(".vscode-server")), (1000, 1000));
    session(2000, "may belong to user 1000 of another image, and this one's user is 2000");
    assert!(session(2000, "").contains("were handed to user 2000"));
    assert_eq!((of(".vscode-server/extension"), of(".vscode-server")), (2000, 2000));
}

/// The environments of a process's children.
fn children(parent: i32) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let folder = entry.ok()?.path();
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let of: i32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        let environment = fs::read(folder.join("environ")).ok()?;
        (of == parent).then(|| String::from_utf8_lossy(&environment).into_owned())
    });
    processes.collect()
}
