//! A member joins a running world: their message on the queue, and the token that signing in will bring later.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::child;
use crate::running::{Answer, Running};

/// Where a member's things are, and how they come there.
pub fn namespace(oid: &str) -> String {
    format!("dc-{oid}")
}

/// Puts the message of one member on the queue; gives its text.
pub fn put_message(running: &Running, oid: &str) -> Result<String> {
    let message = format!(r#"{{"v":1,"member":"{oid}","after":0}}"#);
    running
        .post_text(&format!("{}/installations/dcaas/queues/members", running.control), &message)?
        .good("the message is not on the queue")?;
    Ok(message)
}

/// Puts a made-up tunnel token where sign-in will put a real one; whether there was none before.
pub fn put_tunnel_token(running: &Running, namespace: &str) -> Result<bool> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "tunnel", "labels": { "app.kubernetes.io/managed-by": "dcaas" } },
        "stringData": { "provider": "github", "access_token": "a-made-up-token-of-this-world" },
    });
    let url = format!("{}/kubernetes/api/v1/namespaces/{namespace}/secrets", running.control);
    let answer: Answer = running.post(&url, &secret)?;
    if answer.status == 409 {
        return Ok(false);
    }
    answer.good("Secret `tunnel` is not made").map(|_| true)
}

pub fn enqueue(running: &Running, person: &str) -> Result<ExitCode> {
    let oid = running.oid(person)?;
    println!("put on queue `members`: {}", put_message(running, &oid)?);
    let namespace = namespace(&oid);
    let since = Instant::now();
    while running.kubernetes(&format!("/api/v1/namespaces/{namespace}"))?.status != 200 {
        if since.elapsed() > Duration::from_secs(60) {
            bail!(
                "there is no namespace {namespace} after a minute; the host's last lines:\n{}",
                running.host_log(15)
            );
        }
        child::pause(Duration::from_millis(100));
    }
    println!("namespace {namespace} is there");
    let new = put_tunnel_token(running, &namespace)?;
    println!(
        "Secret `tunnel` {}",
        if new { "made, with a token that only this world takes" } else { "was there already" }
    );
    Ok(ExitCode::SUCCESS)
}
