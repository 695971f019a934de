//! What the VS Code CLI says, and what it means for the link. Pure.

use serde::Deserialize;

use crate::domain::link::Refused;

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
    Refused(Refused),
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

/// What the link says first when the relay is not reached, before the CLI's own words.
pub const OFFLINE: &str = "offline: the relay is not reached";

/// What the CLI says when it is refused; the lines are in its `util/errors.rs`, `dev_tunnels.rs` and `legal.rs`.
const REFUSED: [(&str, Refused); 8] = [
    ("access token is no longer valid", Refused::TokenRejected),
    ("failed to keep token alive", Refused::TokenRejected),
    ("is already taken, using a random name instead", Refused::NameInUse),
    ("exists and is in-use", Refused::NameInUse),
    ("tunnel name already in use", Refused::NameInUse),
    ("TunnelsPerUserPerLocation", Refused::TooManyTunnels),
    ("You have exceeded a limit for the port forwarding service", Refused::TooManyTunnels),
    ("Run this command again with --accept-server-license-terms", Refused::LicenceNotAccepted),
];
/// What it says when it loses the relay and goes on trying.
const LOST: [&str; 3] =
    ["Tunnel exited unexpectedly", "Error refreshing access token", "Error connecting to relay"];
/// How it reports an answer of the tunnels' service, for people and, where it makes a tunnel, for programmers.
const ANSWERED: [&str; 2] = ["HTTP status ", "status_code: "];
/// How it reports that there was no answer.
const UNANSWERED: [&str; 3] = ["connection error", "ConnectionError(", "error connecting to tunnel"];

/// What one line means; most mean nothing.
pub fn hear(line: &str) -> Option<Heard> {
    let (level, text) = split_level(line.trim());
    let has = |words: &&str| text.contains(*words);
    if let Some((_, address)) = text.split_once("Open this link in your browser ") {
        return tunnel_name(address).map(Heard::Address);
    }
    if has(&"To grant access to the server, please log into")
        || (has(&"To sign in, use a web browser to open the page") && has(&"enter the code"))
    {
        return Some(Heard::AsksToSignIn);
    }
    if let Some((_, why)) = REFUSED.iter().find(|(words, _)| has(words)) {
        return Some(Heard::Refused(*why));
    }
    let (lost, error) = (LOST.iter().any(has), level == Some("error") || text.starts_with("Reason: "));
    let answer = ANSWERED.iter().find_map(|words| Some(text.split_once(words)?.1));
    if (lost || error) && answer.is_some_and(|answer| answer.starts_with("401")) {
        return Some(Heard::Refused(Refused::TokenRejected));
    }
    // an answer of the service, even one that says no, is proof of a way there
    let unreached = answer.is_none() && (lost || UNANSWERED.iter().any(has));
    let why = || if unreached { format!("{OFFLINE} ({text})") } else { text.to_owned() };
    match (lost, error) {
        (true, _) => Some(Heard::Lost(why())),
        (false, true) => Some(Heard::Error(why())),
        (false, false) => None,
    }
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

    const REQUEST: &str = "from https://euw.rel.tunnels.api.visualstudio.com/tunnels/x (request ID <none>)";

    #[test]
    fn lines_of_the_cli_are_understood() {
        use Refused::{LicenceNotAccepted, NameInUse, TokenRejected, TooManyTunnels};
        let refused = |why| Some(Heard::Refused(why));
        let address = |name: &str| Some(Heard::Address(name.into()));
        let table = [
            ("", None),
            ("* Visual Studio Code Server", None),
            ("info Creating tunnel with the name: dc-01", None),
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
            ("error access token is no longer valid, exiting: no", refused(TokenRejected)),
            ("info dc-01 is already taken, using a random name instead", refused(NameInUse)),
            (
                "error A tunnel with the name dc-01 exists and is in-use. Please pick a different name or stop the \
                 existing tunnel.",
                refused(NameInUse),
            ),
            ("Reason: tunnel name already in use", refused(NameInUse)),
            ("Reason: Limit TunnelsPerUserPerLocation exceeded.", refused(TooManyTunnels)),
            (
                "error Run this command again with --accept-server-license-terms to indicate your agreement.",
                refused(LicenceNotAccepted),
            ),
            ("warn failed to check Github token: connection error: dns error", None),
            ("error invalid name: too long", Some(Heard::Error("invalid name: too long".into()))),
            ("Reason: no idea", Some(Heard::Error("Reason: no idea".into()))),
            ("an error of the workspace's own", None),
        ];
        for (line, heard) in table {
            let line = match line.split_once(' ') {
                Some(("info" | "warn" | "error", _)) => format!("[2026-01-31 12:00:00] {line}"),
                _ => line.to_owned(),
            };
            assert_eq!(hear(&line), heard, "{line}");
        }
    }

    #[test]
    fn a_relay_that_is_not_reached_is_told_from_one_that_rejects_the_token() {
        let unauthorized = format!("response error: HTTP status 401 Unauthorized {REQUEST}: Bad credentials");
        let busy = format!("response error: HTTP status 503 Service Unavailable {REQUEST}: (empty body)");
        let table = [
            (
                "warn Error refreshing access token, will retry: failed to lookup tunnel for host token: ",
                true,
            ),
            ("error failed to lookup tunnel: ", false),
            ("error error listing current tunnels: ", false),
        ];
        for (line, lost) in table {
            let hear = |end: &str| hear(&format!("[2026-01-31 12:00:00] {line}{end}"));
            assert_eq!(hear(&unauthorized), Some(Heard::Refused(Refused::TokenRejected)), "{line}");
            let words = |heard| match heard {
                Some(Heard::Lost(why)) if lost => why,
                Some(Heard::Error(why)) if !lost => why,
                other => panic!("{line}: {other:?}"),
            };
            assert!(words(hear("connection error: error sending request: dns error")).starts_with(OFFLINE));
            assert!(words(hear(&busy)).contains("503") && !words(hear(&busy)).starts_with(OFFLINE));
        }
        let lost = [
            "[tunnel.0] Tunnel exited unexpectedly, reconnecting: error from tunnel connection: reset",
            "Tunnel exited unexpectedly but gracefully, reconnecting",
            // this token is the relay's own, and the CLI fetches another one
            "Error connecting to relay, will retry: error connecting to tunnel: websocket error: HTTP error: 401",
        ];
        for text in lost {
            let heard = Some(Heard::Lost(format!("{OFFLINE} ({text})")));
            assert_eq!(hear(&format!("[2026-01-31 12:00:00] warn {text}")), heard);
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
