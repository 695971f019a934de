//! What the VS Code CLI says, and what it means for the link. Pure.

use serde::Deserialize;

/// What a line of `code tunnel` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The tunnel is at the relay, under that name.
    Address(String),
    /// The relay is not reached for now; the CLI goes on trying.
    Lost(String),
    /// It asks a person to sign in: the sign-in that it has is missing or rejected.
    AsksToSignIn,
    /// The relay or the CLI says no.
    Refused(String),
    /// An error that matters if the CLI ends now.
    Error(String),
}

/// What `code tunnel status` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// A tunnel runs here.
    Running { name: Option<String>, connected: bool, why: String },
    /// No tunnel runs here.
    NotRunning,
    /// It could not be asked.
    Unknown(String),
}

/// The link says this when the sign-in was not accepted.
pub const REJECTED: &str = "the sign-in is missing or no longer valid: sign in again";
/// The link says this when another tunnel has the name.
pub const NAME_IN_USE: &str = "the tunnel's name is in use by another machine of the account: stop that one";

const TOO_MANY: &str = "too many tunnels on the account: remove one that is not used, at most 10 are allowed";
const NO_LICENCE: &str = "the licence of the VS Code server is not accepted";

/// What one line means; most mean nothing.
pub fn hear(line: &str) -> Option<Heard> {
    let (level, text) = split_level(line.trim());
    let has = |words: &str| text.contains(words);
    if let Some((_, address)) = text.split_once("Open this link in your browser ") {
        return tunnel_name(address).map(Heard::Address);
    }
    if has("To grant access to the server, please log into")
        || (has("To sign in, use a web browser to open the page") && has("enter the code"))
    {
        return Some(Heard::AsksToSignIn);
    }
    let refused = [
        ("access token is no longer valid", REJECTED),
        ("is already taken, using a random name instead", NAME_IN_USE),
        ("exists and is in-use", NAME_IN_USE),
        ("TunnelsPerUserPerLocation", TOO_MANY),
        ("You have exceeded a limit for the port forwarding service", TOO_MANY),
        ("Run this command again with --accept-server-license-terms", NO_LICENCE),
    ];
    if let Some((_, why)) = refused.iter().find(|(words, _)| has(words)) {
        return Some(Heard::Refused((*why).to_owned()));
    }
    let lost = ["Tunnel exited unexpectedly", "Error refreshing access token", "Error connecting to relay"];
    if lost.iter().any(|words| has(words)) {
        let rejected = has("401") || has("Unauthorized") || has("Bad credentials");
        return Some(if rejected {
            Heard::Refused(REJECTED.to_owned())
        } else {
            Heard::Lost(text.to_owned())
        });
    }
    (level == Some("error")).then(|| Heard::Error(text.to_owned()))
}

/// Reads the answer of `code tunnel status`.
pub fn status(output: &str) -> Status {
    let answer = output.lines().rev().find(|line| line.starts_with('{'));
    match answer.map(serde_json::from_str::<Answer>) {
        Some(Ok(Answer { tunnel: Some(tunnel) })) => Status::Running {
            name: tunnel.name,
            connected: tunnel.tunnel == "Connected",
            why: tunnel.last_fail_reason.unwrap_or_default(),
        },
        Some(Ok(Answer { tunnel: None })) => Status::NotRunning,
        Some(Err(_)) | None => Status::Unknown("`code tunnel status` gave no answer that can be read".into()),
    }
}

#[derive(Deserialize)]
struct Answer {
    tunnel: Option<Tunnel>,
}

#[derive(Deserialize)]
struct Tunnel {
    name: Option<String>,
    tunnel: String,
    last_fail_reason: Option<String>,
}

/// `[2026-01-31 12:00:00] warn text` is a level and a text; other lines have no level.
fn split_level(line: &str) -> (Option<&str>, &str) {
    let logged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match logged.and_then(|(_, rest)| rest.split_once(' ')) {
        Some((level @ ("trace" | "debug" | "info" | "warn" | "error" | "critical"), text)) => {
            (Some(level), text)
        }
        _ => (None, line),
    }
}

fn tunnel_name(address: &str) -> Option<String> {
    let (_, path) = address.split_once("/tunnel/")?;
    let name = path.split(['/', '?', ' ']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_cli_are_understood() {
        let refused = |why: &str| Some(Heard::Refused(why.into()));
        let lost = |why: &str| Some(Heard::Lost(why.into()));
        let address = |name: &str| Some(Heard::Address(name.into()));
        let table = [
            ("", None),
            ("* Visual Studio Code Server", None),
            ("[2026-01-31 12:00:00] info Creating tunnel with the name: dc-01", None),
            ("Open this link in your browser https://vscode.dev/tunnel/dc-01", address("dc-01")),
            ("Open this link in your browser https://vscode.dev/tunnel/dc-01/home/dev", address("dc-01")),
            ("Open this link in your browser https://vscode.dev/", None),
            (
                "To grant access to the server, please log into https://github.com/login/device and use code AB-CD",
                Some(Heard::AsksToSignIn),
            ),
            (
                "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code \
                 ABCD to authenticate.",
                Some(Heard::AsksToSignIn),
            ),
            ("[2026-01-31 12:00:00] error access token is no longer valid, exiting: no", refused(REJECTED)),
            (
                "[2026-01-31 12:00:00] info dc-01 is already taken, using a random name instead",
                refused(NAME_IN_USE),
            ),
            (
                "[2026-01-31 12:00:00] error A tunnel with the name dc-01 exists and is in-use. Please pick a \
                 different name or stop the existing tunnel.",
                refused(NAME_IN_USE),
            ),
            ("Reason: TunnelsPerUserPerLocation", refused(TOO_MANY)),
            (
                "[2026-01-31 12:00:00] error Run this command again with --accept-server-license-terms to indicate \
                 your agreement.",
                refused(NO_LICENCE),
            ),
            (
                "[2026-01-31 12:00:00] warn [tunnel.0] Tunnel exited unexpectedly, reconnecting: error from tunnel \
                 connection: reset",
                lost(
                    "[tunnel.0] Tunnel exited unexpectedly, reconnecting: error from tunnel connection: reset",
                ),
            ),
            (
                "[2026-01-31 12:00:00] warn Error refreshing access token, will retry: failed to lookup tunnel for \
                 host token: HTTP status 401: Bad credentials",
                refused(REJECTED),
            ),
            (
                "[2026-01-31 12:00:00] warn Error connecting to relay, will retry: dns",
                lost("Error connecting to relay, will retry: dns"),
            ),
            (
                "[2026-01-31 12:00:00] error invalid name: too long",
                Some(Heard::Error("invalid name: too long".into())),
            ),
            ("an error of the workspace's own", None),
        ];
        for (line, heard) in table {
            assert_eq!(hear(line), heard, "{line}");
        }
    }

    #[test]
    fn the_status_is_understood() {
        let running =
            |connected, why: &str| Status::Running { name: Some("dc-01".into()), connected, why: why.into() };
        let table = [
            (
                r#"{"tunnel":{"name":"dc-01","started_at":"x","tunnel":"Connected","last_connected_at":"x","last_disconnected_at":null,"last_fail_reason":null,"new":1},"service_installed":false}"#,
                running(true, ""),
            ),
            (
                r#"{"tunnel":{"name":"dc-01","started_at":"x","tunnel":"Disconnected","last_fail_reason":"offline"},"service_installed":false}"#,
                running(false, "offline"),
            ),
            (r#"{"tunnel":null,"service_installed":false}"#, Status::NotRunning),
            ("[x] warn something\n{\"tunnel\":null,\"service_installed\":false}\n", Status::NotRunning),
        ];
        for (output, seen) in table {
            assert_eq!(status(output), seen, "{output}");
        }
        for output in ["", "no json", "{\"tunnel\":7}", "{}}"] {
            assert!(matches!(status(output), Status::Unknown(_)), "{output}");
        }
    }
}
