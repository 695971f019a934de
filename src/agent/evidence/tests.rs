//! Signals against real processes, terminals and sockets below this one, which plays the agent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::processes::{Look, Process, Role};
use super::signal::{Reading, Signal};
use super::*;
use crate::domain::idleness::Wish;

/// Looks with a signal again and again until its reading is as wanted.
#[expect(clippy::disallowed_methods, reason = "a thread of its own waits here, no runtime")]
fn until(signal: &mut dyn Signal, what: &str, wanted: impl Fn(&Reading) -> bool) -> Reading {
    let (mut look, end) = (Look::default(), Instant::now() + Duration::from_secs(60));
    loop {
        look.renew(Utc::now());
        let reading = signal.read(&look).unwrap().unwrap();
        if wanted(&reading) {
            return reading;
        }
        assert!(Instant::now() < end, "not within 60 s: {what}; last {reading:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The processes of this test; others run beside it in the same process.
fn found(pid: u32) -> Option<Process> {
    let mut look = Look::default();
    look.renew(Utc::now());
    look.processes().unwrap().all.iter().find(|one| one.id.0 == pid.cast_signed()).cloned()
}

/// A child that is ended with the test.
struct Running(Child);

impl Running {
    fn shell(script: &str) -> Self {
        Self::of(Command::new("sh").args(["-c", script]))
    }

    fn of(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// Until it has written a line.
    fn ready(mut self) -> Self {
        let mut byte = [0];
        self.0.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dcaas-evidence-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn processes_below_are_found_with_what_they_are_and_zombies_do_not_live() {
    let mut sleeping = Running::shell("echo; exec sleep 600").ready();
    let seen = found(sleeping.0.id()).unwrap();
    assert!(seen.alive && seen.role == Role::Work && seen.parent == std::process::id().cast_signed());
    let host = Running::of(Command::new("sh").args([
        "-c",
        "echo; while read line; do :; done",
        "/s/out/bootstrap-fork",
        "--type=extensionHost",
    ]));
    assert_eq!(found(host.0.id()).unwrap().role, Role::ExtensionHost);
    sleeping.0.kill().unwrap();
    // it is not waited for, so it stays as a zombie
    let mut gone = 0;
    while found(sleeping.0.id()).unwrap().alive {
        gone += 1;
        assert!(gone < 100_000);
    }
    assert!(found(1).is_none(), "the machine's processes are not the workspace's");
}

#[test]
fn a_busy_process_is_work() {
    let mut cpu = cpu::Cpu::default();
    let _busy = [(); 3].map(|()| Running::shell("while :; do :; done"));
    let reading = until(&mut cpu, "cpu used", |reading| reading.used.is_some());
    assert!(reading.value.ends_with(" cores"), "{reading:?}");
}

#[test]
fn bytes_that_are_written_are_seen() {
    let folder = scratch("disk");
    let script = format!("while :; do head -c 20000000 /dev/zero > {}/data; done", folder.display());
    let writes = Running::shell(&script);
    let reading = until(&mut disk::Disk::default(), "disk used", |reading| reading.used.is_some());
    assert!(reading.value.ends_with("MB/s"), "{reading:?}");
    drop(writes);
    // what it had begun makes its file anew until it ends
    let end = Instant::now() + Duration::from_secs(60);
    while std::fs::remove_dir_all(&folder).is_err() {
        assert!(Instant::now() < end, "{} can not be removed", folder.display());
        pause();
    }
}

#[test]
fn the_network_is_read() {
    let reading = until(&mut network::Network::default(), "anything", |_| true);
    assert_eq!(reading, Reading { used: None, value: "0 B/s".into() });
}

#[test]
fn a_command_that_writes_to_a_terminal_and_somebody_who_types_are_seen() {
    let mut signal = terminal::Terminal(Terminals::default());
    let before = Utc::now();
    // `script` gives the command a terminal of its own, and passes on what it is fed
    let mut shell =
        Running::of(Command::new("script").args(["-qfc", "echo ready; cat", "/dev/null"])).ready();
    let opened = until(&mut signal, "an open terminal", |reading| reading.used.is_some());
    // the kernel notes it to eight seconds
    let coarse = chrono::TimeDelta::seconds(9);
    assert!(opened.used.unwrap() > before - coarse && opened.value.ends_with(" open"), "{opened:?}");
    let mut keyboard = shell.0.stdin.take().unwrap();
    let last = opened.used.unwrap();
    // again and again, as somebody who types
    let end = Instant::now() + Duration::from_secs(60);
    let mut look = Look::default();
    loop {
        keyboard.write_all(b"x\n").unwrap();
        look.renew(Utc::now());
        let reading = signal.read(&look).unwrap().unwrap();
        if reading.used.is_some_and(|used| used > last) {
            break;
        }
        assert!(Instant::now() < end, "typing is not seen: {reading:?}");
        pause();
    }
}

#[test]
fn a_multiplexer_is_told_by_the_name_that_it_gives_itself() {
    // no shell can name itself: one that is called so
    let folder = scratch("multiplexer");
    let client = folder.join("tmux: client");
    std::fs::copy("/bin/sh", &client).unwrap();
    let inside = format!("exec '{}' -c 'echo $$; while read line; do :; done'", client.display());
    let mut outer = Running::of(Command::new("script").args(["-qfc", &inside, "/dev/null"]));
    let mut told = String::new();
    let mut from = std::io::BufReader::new(outer.0.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut from, &mut told).unwrap();
    let shows = found(told.trim().parse().unwrap()).unwrap();
    assert!(shows.multiplexer && shows.terminal.is_some(), "{shows:?}");
    assert!(!found(outer.0.id()).unwrap().multiplexer);
    std::fs::remove_dir_all(folder).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own waits here, no runtime")]
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}

/// A server as the CLI starts it: its command line and its socket, which this test listens on for it. It reads files all the
/// time, as the real one's extension host does.
struct Server {
    _process: Running,
    socket: UnixListener,
    path: PathBuf,
}

impl Server {
    fn start(folder: &std::path::Path) -> Self {
        let path = folder.join("code-1");
        let socket = UnixListener::bind(&path).unwrap();
        let mut command = Command::new("python3");
        let program = "print(flush=True)\nwhile True: open('/proc/self/environ').read()\n";
        command.args(["-c", program, "--start-server", &format!("--socket-path={}", path.display())]);
        Self { _process: Running::of(&mut command).ready(), socket, path }
    }

    fn connect(&self) -> (UnixStream, UnixStream) {
        let editor = UnixStream::connect(&self.path).unwrap();
        (editor, self.socket.accept().unwrap().0)
    }
}

/// A tunnel as the agent starts it, and its relay's end.
fn tunnel(folder: &std::path::Path) -> (Running, TcpStream) {
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = folder.join("bin/code");
    let text = "import socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[2])))\nprint(flush=True)\n\
                while s.recv(65536): pass\n";
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    std::fs::write(&program, text).unwrap();
    let mut command = Command::new("python3");
    command.arg(&program).args(["tunnel", &relay.local_addr().unwrap().port().to_string()]);
    let tunnel = Running::of(&mut command).ready();
    (tunnel, relay.accept().unwrap().0)
}

#[test]
fn an_editor_is_present_while_it_is_connected_and_worked_in_while_much_comes_over_the_tunnel() {
    let folder = scratch("editor");
    let server = Server::start(&folder);
    let (_tunnel, mut relay) = tunnel(&folder);
    let absent = |reading: &Reading| reading.used.is_none() && reading.value == "no editor";
    until(&mut presence::Presence, "nobody there, although the server runs", absent);
    let (mut editor, mut there) = (editor::Editor::default(), presence::Presence);
    until(&mut editor, "nobody works", absent);

    let window = (server.connect(), server.connect());
    let present = until(&mut there, "a window", |reading| reading.used.is_some());
    assert_eq!(present.value, "2 connections");
    // an untouched window: a few bytes now and then
    for _ in 0..5 {
        relay.write_all(&[0; 26]).unwrap();
        let reading = until(&mut editor, "anything", |_| true);
        assert!(reading.used.is_none() && reading.value.ends_with(" B/s"), "{reading:?}");
    }
    relay.write_all(&[0; 60_000]).unwrap();
    until(&mut editor, "work in the editor", |reading| reading.used.is_some());

    drop(window);
    until(&mut there, "nobody there any more", absent);
    until(&mut editor, "nobody works any more", absent);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_in_the_files_of_keep_is_believed_only_if_it_is_a_time() {
    let folder = scratch("hold");
    assert_eq!(hold::read(&folder), Ok(None));
    let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    let wish = Wish { until: at(1_900_000_000), asked: at(1_800_000_000) };
    hold::ask(&folder, wish).unwrap();
    assert_eq!(hold::read(&folder), Ok(Some(wish)));
    for odd in ["tomorrow", "2030-03-17T17:46:40Z", ""] {
        std::fs::write(folder.join("hold"), odd).unwrap();
        assert!(hold::read(&folder).unwrap_err().contains("ask again with `dcaas keep`"), "{odd}");
    }
    hold::ask_no_more(&folder).unwrap();
    hold::ask_no_more(&folder).unwrap();
    std::fs::create_dir(folder.join("hold")).unwrap();
    assert!(hold::read(&folder).unwrap_err().contains("remove it"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_signal_that_fails_stops_no_other() {
    struct Panics;
    impl Signal for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }
        fn read(&mut self, _: &Look) -> Result<Option<Reading>, String> {
            panic!("on purpose")
        }
    }
    struct Fails;
    impl Signal for Fails {
        fn name(&self) -> &'static str {
            "fails"
        }
        fn read(&mut self, _: &Look) -> Result<Option<Reading>, String> {
            Err("it is a test".into())
        }
    }
    let signals: [Box<dyn Signal>; 3] =
        [Box::new(Panics), Box::new(Fails), Box::new(network::Network::default())];
    let mut look = Look::default();
    look.renew(Utc::now());
    let says = look_at_all(&mut signals.map(Track::new), &look);
    let unknown = |why: &str| Some(Evidence::Unknown { why: why.into() });
    assert_eq!(
        says,
        [
            ("panics", unknown("the look at it failed")),
            ("fails", unknown("it is a test")),
            ("network", Some(Evidence::Nothing))
        ]
    );
}
