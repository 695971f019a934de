//! The person at the browser: which codes wait, and what is done about one.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::running::Running;

/// Signs in with a code, as the account of that name.
pub fn approve(running: &Running, code: &str, account: Option<&str>) -> Result<ExitCode> {
    let body = account.map_or_else(|| json!({}), |name| json!({ "as": name }));
    decide(running, code, "approve", &body)
}

/// Says no to a code.
pub fn decline(running: &Running, code: &str) -> Result<ExitCode> {
    decide(running, code, "decline", &json!({}))
}

fn decide(running: &Running, code: &str, what: &str, body: &Value) -> Result<ExitCode> {
    let url = format!("{}/sign-ins/{code}/{what}", running.control);
    let flow = running.post(&url, body)?.good("nothing is done about this code")?.json();
    println!("{}", line(&flow));
    Ok(ExitCode::SUCCESS)
}

/// Lists the codes, oldest first.
pub fn codes(running: &Running) -> Result<ExitCode> {
    let flows = running.get(&format!("{}/sign-ins", running.control))?.good("the codes")?.json();
    let flows = flows.as_array().cloned().unwrap_or_default();
    if flows.is_empty() {
        println!("nobody was given a code yet");
    }
    for flow in &flows {
        println!("{}", line(flow));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets all tokens of an account count no more.
pub fn revoke(running: &Running, account: &str) -> Result<ExitCode> {
    let url = format!("{}/sign-ins/revoke", running.control);
    let count = running.post(&url, &json!({ "as": account }))?.good("nothing is revoked")?.json();
    println!("{} tokens of {account} count no more", count["count"]);
    Ok(ExitCode::SUCCESS)
}

fn line(flow: &Value) -> String {
    let text = |name: &str| flow[name].as_str().unwrap_or("-").to_owned();
    let state = match flow["state"].as_str() {
        Some("waiting") => format!("waits, good for {} s", flow["good_for"]),
        _ => text("state"),
    };
    format!("{:<10} {:<10} {:<8} {state}", text("code"), text("provider"), text("installation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_on_one_line() {
        let mut flow = json!({
            "code": "WDJB-MJHT", "provider": "github", "installation": "dcaas", "state": "waiting", "good_for": 890,
        });
        assert_eq!(line(&flow), "WDJB-MJHT  github     dcaas    waits, good for 890 s");
        flow["state"] = json!("declined");
        assert_eq!(line(&flow), "WDJB-MJHT  github     dcaas    declined");
    }
}
