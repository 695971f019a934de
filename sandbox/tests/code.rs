//! The stand-in of the VS Code CLI: verbs, outputs, files and exit codes are the real one's.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail its test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take. Not a measurement: tests assert no speed.
const PATIENCE: Duration = Duration::from_secs(180);

struct Machine {
    data: TempDir,
}

struct Tunnel {
    child: Child,
    out: Receiver<String>,
}

impl Machine {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_code"));
        command
            .args(arguments.split(' '))
            .env("VSCODE_CLI_DATA_DIR", self.data.path())
            .env("VSCODE_CLI_DISABLE_KEYCHAIN_ENCRYPT", "1")
            .env_remove("VSCODE_CLI_ACCESS_TOKEN")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        read(self.command(arguments).output().unwrap())
    }

    fn sign_in(&self) {
        let mut login = self.command("tunnel user login --provider github");
        assert_eq!(read(login.env("VSCODE_CLI_ACCESS_TOKEN", "gho_x").output().unwrap()).0, Some(0));
    }

    fn tunnel(&self, arguments: &str) -> Tunnel {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (said, out) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        Tunnel { child, out }
    }

    fn status(&self) -> Value {
        let (code, output) = self.run("tunnel status");
        assert_eq!(code, Some(0));
        serde_json::from_str::<Value>(&output).unwrap()["tunnel"].take()
    }

    fn until_status(&self, state: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if status["tunnel"] == state {
                return status;
            }
            assert!(Instant::now() < end, "not {state} within {PATIENCE:?}: {status}");
        }
    }

    fn fault(&self, name: &str) {
        fs::write(self.data.path().join(name), "").unwrap();
    }

    fn file(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.data.path().join(name)).unwrap()).unwrap()
    }
}

impl Tunnel {
    /// Reads on to a line with these words.
    fn until(&mut self, words: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.out.recv_timeout(end.saturating_duration_since(Instant::now()));
            if line.unwrap_or_else(|why| panic!("it never said {words}: {why}")).contains(words) {
                return;
            }
        }
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn end(&mut self, signal: Signal) -> Option<i32> {
        self.send(signal);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).trim().to_owned())
}

const TUNNEL: &str = "tunnel --accept-server-license-terms --name dc-01";

#[test]
fn a_user_is_logged_in_shown_and_logged_out() {
    let machine = Machine::new();
    assert_eq!(machine.run("tunnel user show"), (Some(1), "not logged in".into()));
    machine.sign_in();
    assert_eq!(machine.run("tunnel user show"), (Some(0), "logged in".into()));
    let sealed = machine.file("token.json");
    let credential: Value = serde_json::from_str(sealed.as_str().unwrap()).unwrap();
    assert_eq!((&credential["p"], &credential["a"]), (&"Github".into(), &"gho_x".into()));
    assert_eq!(machine.run("tunnel user logout").0, Some(0));
    assert_eq!(machine.run("tunnel user show").0, Some(1));
}

#[test]
fn a_credential_sealed_with_the_hosts_name_is_read_on_that_host_only() {
    let machine = Machine::new();
    let unsealed = |arguments: &str| {
        let mut command = machine.command(arguments);
        read(command.env_remove("VSCODE_CLI_DISABLE_KEYCHAIN_ENCRYPT").output().unwrap()).0
    };
    assert_eq!(unsealed("tunnel user login --provider github --access-token gho_x"), Some(0));
    let sealed = machine.file("token.json");
    assert!(!sealed.to_string().contains("gho_x"));
    assert_eq!(unsealed("tunnel user show"), Some(0));
    let elsewhere = format!("other-{}", sealed.as_str().unwrap());
    fs::write(machine.data.path().join("token.json"), Value::from(elsewhere).to_string()).unwrap();
    assert_eq!(unsealed("tunnel user show"), Some(1));
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    let machine = Machine::new();
    let table = [
        ("bogus", 2, "unrecognized subcommand"),
        ("tunnel --bogus", 2, "unexpected argument"),
        ("tunnel user login --access-token gho_x", 2, "--provider"),
        ("tunnel user login --provider github --refresh-token r", 2, "--access-token"),
        ("tunnel user login --provider gitlab --access-token x", 2, "possible values"),
        ("tunnel --name dc-01", 1, "Run this command again with --accept-server-license-terms"),
        ("tunnel kill", 1, "No running tunnel found"),
    ];
    for (arguments, code, words) in table {
        let (status, said) = machine.run(arguments);
        assert!(status == Some(code) && said.contains(words), "{arguments}: {status:?} {said}");
    }
    machine.sign_in();
    for name in ["dc.01", "a-name-of-21-letters-", "é,"] {
        let (status, said) = machine.run(&format!("tunnel --accept-server-license-terms --name {name}"));
        assert!(status == Some(1) && said.contains("error invalid name: Names can"), "{said}");
    }
}

#[test]
fn a_tunnel_lives_loses_its_relay_and_ends_at_ctrl_c() {
    let machine = Machine::new();
    machine.sign_in();
    assert_eq!(machine.status(), Value::Null);
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("Visual Studio Code Server");
    tunnel.until("Open this link in your browser https://vscode.dev/tunnel/dc-01");
    assert_eq!(machine.until_status("Connected")["name"], "dc-01");
    assert_eq!(machine.file("license_consent.json")["consented"], true);
    assert_eq!(machine.file("code_tunnel.json")["name"], "dc-01");
    let mut second = machine.tunnel(TUNNEL);
    second.until("Connected to an existing tunnel process running on this machine.");
    assert_eq!(second.end(Signal::SIGINT), Some(0));
    machine.fault("lose-relay");
    let lost = machine.until_status("Disconnected");
    assert!(
        lost["last_fail_reason"].as_str().unwrap().starts_with("Tunnel exited unexpectedly, reconnecting")
    );
    fs::remove_file(machine.data.path().join("lose-relay")).unwrap();
    machine.until_status("Connected");
    assert_eq!(tunnel.end(Signal::SIGINT), Some(0));
    assert_eq!(machine.status(), Value::Null);
    // the consent is kept, and so is the name
    let mut again = machine.tunnel("tunnel");
    again.until("https://vscode.dev/tunnel/dc-01");
    assert_eq!(machine.run("tunnel kill").0, Some(0));
    again.until("RPC client requested shutdown");
}

#[test]
fn without_a_sign_in_it_starts_a_device_flow_and_waits() {
    let machine = Machine::new();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until(
        "To grant access to the server, please log into https://github.com/login/device and use code ",
    );
    assert_eq!(tunnel.end(Signal::SIGINT), Some(1));
    machine.sign_in();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("Open this link");
    machine.fault("reject-token");
    tunnel.until("access token is no longer valid, exiting");
    tunnel.until("To grant access to the server");
    assert_ne!(tunnel.end(Signal::SIGTERM), Some(0));
}

/// `cli/src/tunnels/dev_tunnels.rs` of microsoft/vscode: `get_name_for_tunnel` looks for the name only if no tunnel
/// is kept, `update_tunnel_name` renames without a look, `create_tunnel` refuses a name that is in use.
#[test]
fn a_taken_name_is_replaced_renamed_back_or_refused() {
    let machine = Machine::new();
    machine.sign_in();
    machine.fault("name-taken");
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("dc-01 is already taken, using a random name instead");
    tunnel.until("https://vscode.dev/tunnel/remote-machine");
    assert_eq!(tunnel.end(Signal::SIGINT), Some(0));
    let id = machine.file("code_tunnel.json")["id"].clone();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("https://vscode.dev/tunnel/dc-01");
    assert_eq!(tunnel.end(Signal::SIGINT), Some(0));
    assert_eq!(machine.file("code_tunnel.json")["id"], id);
    machine.fault("lose-tunnel");
    let (code, said) = machine.run(TUNNEL);
    assert!(
        code == Some(1) && said.contains("error A tunnel with the name dc-01 exists and is in-use."),
        "{said}"
    );
    fs::remove_file(machine.data.path().join("name-taken")).unwrap();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("https://vscode.dev/tunnel/dc-01");
    assert_ne!(machine.file("code_tunnel.json")["id"], id);
}

/// The same file: `TunnelCreationFailed`, whose message has two lines; `fail!`, by which the status is lost; and
/// the error of microsoft/dev-tunnels, `rs/src/management/errors.rs`.
#[test]
fn too_many_tunnels_an_unreached_and_a_dark_relay_are_told_as_the_real_one_does() {
    let machine = Machine::new();
    machine.sign_in();
    machine.fault("too-many-tunnels");
    let (code, said) = machine.run(TUNNEL);
    assert!(
        code == Some(1) && said.contains("error Could not create tunnel with name: dc-01\nReason: "),
        "{said}"
    );
    assert!(said.contains("TunnelsPerUserPerLocation"));
    fs::remove_file(machine.data.path().join("too-many-tunnels")).unwrap();
    machine.fault("lose-relay");
    let (code, said) = machine.run(TUNNEL);
    assert!(
        code == Some(1) && said.contains("error error listing current tunnels: connection error: "),
        "{said}"
    );
    fs::remove_file(machine.data.path().join("lose-relay")).unwrap();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("Open this link");
    machine.fault("go-dark");
    tunnel.until("warn Tunnel exited unexpectedly, reconnecting: error from tunnel connection: ");
    tunnel
        .until("failed to lookup tunnel for host token: response error: HTTP status 401 Unauthorized from ");
    assert_eq!(machine.status()["tunnel"], "Disconnected");
    assert_eq!(tunnel.end(Signal::SIGINT), Some(0));
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("Open this link");
    assert_eq!(machine.until_status("Connected")["name"], "dc-01");
}

#[test]
fn one_token_can_be_rejected_and_another_not() {
    let machine = Machine::new();
    machine.sign_in();
    fs::write(machine.data.path().join("reject-token"), "gho_y\n").unwrap();
    machine.tunnel(TUNNEL).until("Open this link");
    fs::write(machine.data.path().join("reject-token"), "gho_x\n").unwrap();
    machine.tunnel(TUNNEL).until("To grant access to the server");
}

#[test]
fn a_hanging_one_heeds_nothing_and_answers_nothing() {
    let machine = Machine::new();
    machine.sign_in();
    let mut tunnel = machine.tunnel(TUNNEL);
    tunnel.until("Open this link");
    machine.until_status("Connected");
    machine.fault("hang");
    let asked = machine.tunnel("tunnel status");
    tunnel.send(Signal::SIGINT);
    tunnel.send(Signal::SIGTERM);
    let silence = asked.out.recv_timeout(Duration::from_millis(500));
    assert_eq!(silence, Err(RecvTimeoutError::Timeout), "it was answered");
    assert_eq!(tunnel.end(Signal::SIGKILL), None, "it heeded a signal before the last one");
}
