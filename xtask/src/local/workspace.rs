//! Inside of a person's workspace, and the editor at the other end of its tunnel.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::running::Running;

/// Runs something in the workspace, and ends as it ended.
pub fn exec(running: &Running, person: &str, command: &[String]) -> Result<ExitCode> {
    let done = post(running, person, "exec", &json!({ "command": command }))?;
    let text = |name: &str| done[name].as_str().unwrap_or_default().to_owned();
    print!("{}", text("stdout"));
    eprint!("{}", text("stderr"));
    Ok(u8::try_from(done["status"].as_i64().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Opens an editor's window, with a terminal in it.
pub fn open(running: &Running, person: &str) -> Result<ExitCode> {
    post(running, person, "open", &json!({}))?;
    println!("{person} has a window open, with a terminal in it");
    Ok(ExitCode::SUCCESS)
}

/// Types: a text and Enter in the terminal, or else for a moment in a document.
pub fn type_in(running: &Running, person: &str, words: &[String]) -> Result<ExitCode> {
    let text = (!words.is_empty()).then(|| words.join(" "));
    post(running, person, "type", &json!({ "text": text }))?;
    println!("{person} typed in {}", if text.is_some() { "the terminal" } else { "a document" });
    Ok(ExitCode::SUCCESS)
}

/// Closes the window.
pub fn close(running: &Running, person: &str) -> Result<ExitCode> {
    post(running, person, "close", &json!({}))?;
    println!("{person} has closed the window; its server waits a while for it to come back");
    Ok(ExitCode::SUCCESS)
}

/// Prints what the window's terminal shows.
pub fn screen(running: &Running, person: &str) -> Result<ExitCode> {
    let url = format!("{}/tunnels/{}/screen", running.control, tunnel(running, person)?);
    let shown = running.get(&url)?.good("nothing is shown")?.json();
    println!("{}", shown["screen"].as_str().unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

fn post(running: &Running, person: &str, verb: &str, body: &Value) -> Result<Value> {
    let url = format!("{}/tunnels/{}/{verb}", running.control, tunnel(running, person)?);
    Ok(running.post(&url, body)?.good(&format!("`{verb}` is not done"))?.json())
}

/// The tunnel's name, as the person reads it in the address.
fn tunnel(running: &Running, person: &str) -> Result<String> {
    let status = running.ask(&running.token(person)?, "/api/status")?.good("no status")?.json();
    let Some(address) = status["address"].as_str() else {
        bail!("{person} can not be reached yet: {}", status["says"].as_str().unwrap_or("nothing is known"));
    };
    Ok(name_in(address).with_context(|| format!("{address} names no tunnel"))?.to_owned())
}

fn name_in(address: &str) -> Option<&str> {
    let (_, path) = address.split_once("/tunnel/")?;
    path.split(['/', '?']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_tunnel() {
        for (address, name) in [
            ("https://vscode.dev/tunnel/dc-1", Some("dc-1")),
            ("https://vscode.dev/tunnel/dc-1/home/dev?x", Some("dc-1")),
            ("https://vscode.dev/tunnel/", None),
            ("https://vscode.dev/", None),
        ] {
            assert_eq!(name_in(address), name, "{address}");
        }
    }
}
