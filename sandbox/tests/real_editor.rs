//! The stand-in of the VS Code CLI beside a real server: a host at the relay that starts it, and plays no window.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail its test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// Ended with the test.
struct Tunnel(Child);

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn code(root: &Path) -> Command {
    let mut code = Command::new(root.join("platform/bin/code"));
    code.env("VSCODE_CLI_DATA_DIR", root.join("data")).env("VSCODE_CLI_DISABLE_KEYCHAIN_ENCRYPT", "1");
    code.env("HOME", root).stdin(Stdio::null());
    code
}

fn line<T: for<'a> serde::Deserialize<'a>>(from: &mut impl BufRead) -> T {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[test]
fn beside_a_real_server_it_is_a_host_at_the_relay_and_no_window_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = root.join("editor/servers/Stable-0/server/bin");
    fs::create_dir_all(&server).unwrap();
    fs::create_dir_all(root.join("platform/bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_code"), root.join("platform/bin/code")).unwrap();
    fs::write(root.join("editor/relay"), format!("{}\n", relay.local_addr().unwrap())).unwrap();
    // a server that can not start says with what it was to
    fs::write(server.join("code-server"), "#!/bin/sh\necho \"$@\"\nexit 7\n").unwrap();
    fs::set_permissions(server.join("code-server"), fs::Permissions::from_mode(0o755)).unwrap();

    let mut login = code(root);
    login.args(["tunnel", "user", "login", "--provider", "github", "--access-token", "gho_x"]);
    assert!(login.status().unwrap().success());
    let mut tunnel = code(root);
    tunnel.args(["tunnel", "--accept-server-license-terms", "--name", "dc-01"]).stdout(Stdio::piped());
    let mut tunnel = Tunnel(tunnel.spawn().unwrap());
    let (host, _) = relay.accept().unwrap();
    let (mut told, mut tells) = (BufReader::new(host.try_clone().unwrap()), host);
    assert_eq!(line::<Value>(&mut told), json!({ "host": { "name": "dc-01", "home": root } }));

    let door = fs::read_to_string(root.join("data/door")).unwrap();
    let mut door = UnixStream::connect_addr(&SocketAddr::from_abstract_name(door).unwrap()).unwrap();
    door.write_all(b"{\"open\":{}}\n").unwrap();
    let refused = line::<Value>(&mut BufReader::new(door));
    assert_eq!(refused["error"], "this workspace has a real editor: open its address in a browser");

    writeln!(tells, "{}", json!({ "visit": "v-1" })).unwrap();
    let mut says = BufReader::new(tunnel.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = says.find(|line| line.contains("an editor was not let in")).unwrap();
    assert!(said.contains("the server ended with exit status: 7; see "), "{said}");
    let asked = fs::read_to_string(root.join("data/servers/Stable-0/log.txt")).unwrap();
    for word in
        ["--start-server", "--enable-remote-auto-shutdown", "--without-connection-token", "--socket-path="]
    {
        assert!(asked.contains(word), "{asked}");
    }
}
