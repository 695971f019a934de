//! The tour: the main job from end to end, as a plain client of the world; every step is seen, or the tour fails.

mod cluster;
mod step;

use std::io::{BufRead, BufReader};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use crate::child;
use crate::local::{World, member};
use crate::running::Running;
use crate::show::time;
use cluster::Member;
use step::{Look, Walk, line, note};

/// Who walks: somebody who is not in the group yet.
const WALKER: &str = "dora";
/// For what needs no machine to come or go.
const SOON: Duration = Duration::from_secs(60);
/// For what the comparison of group and cluster does, which comes once a minute.
const COMPARED: Duration = Duration::from_secs(90);

/// Walks through `world` and ends it; success only if every step was seen.
pub fn run(mut world: World, fast: bool) -> Result<ExitCode> {
    let begun = Instant::now();
    let running = world.wait_until_up()?;
    println!(
        "\n  A tour of dcaas: {WALKER} is added to the group, signs in, starts a workspace with a GPU, looks at it, stops it, \
         starts it again, and is removed from the group.\n"
    );
    if !fast {
        println!(
            "  Its first look at the group takes up to a minute, and a machine comes and goes as slowly as in the cloud: \
             some minutes in all. With --fast, machines take seconds.\n"
        );
    }
    line("✓", begun.elapsed(), "world up", &format!("functions at {}", running.functions));
    let walked = walk(&running, &mut world, fast);
    let asides =
        if walked.is_err() && !child::stopped() { last_lines(&running, &world) } else { String::new() };
    let since = Instant::now();
    let ended = world.end();
    if let Err(error) = walked {
        eprintln!("\n  {error:#}\n{asides}");
        ended?;
        return Ok(ExitCode::FAILURE);
    }
    ended?;
    line("✓", since.elapsed(), "world down", "no process of it is left");
    println!("\n  Every step was seen, in {}.\n", time(begun.elapsed()));
    Ok(ExitCode::SUCCESS)
}

fn walk(running: &Running, world: &mut World, fast: bool) -> Result<()> {
    // A machine takes its time, as in the cloud; without --fast the world keeps an unneeded one for minutes.
    let machine = Duration::from_secs(if fast { 120 } else { 20 * 60 });
    let oid = running.oid(WALKER)?;
    let dora = Member { namespace: member::namespace(&oid) };
    let before = cluster::nodes(running)?;
    let mut walk = Walk::new(running, world);

    walk.see("subscribed", COMPARED, cluster::subscribed)?;
    walk.see("added", SOON, |running| {
        running.set_member(WALKER, true)?;
        Ok(Look::Seen(format!("{WALKER} is in the group; nobody told dcaas but Graph")))
    })?;
    walk.see("provisioned", SOON, |running| dora.provisioned(running))?;
    let token = running.token(WALKER)?;
    walk.see("start", SOON, |running| called(running, &token, "/api/start"))?;
    walk.see("no machine", SOON, |running| cluster::gone(running, &before))?;
    walk.see("code", SOON, |running| approved(running, &token))?;
    walk.token = Some(token.clone());
    walk.see("signed in", SOON, |running| dora.signed_in(running))?;
    walk.see("node came", machine, |running| cluster::came(running, &before))?;
    walk.see("pod runs", machine, |running| dora.pod_runs(running))?;
    walk.see("connected", SOON, |running| connected(running, &token))?;
    walk.see("logs", SOON, |running| logs(running, &token))?;
    walk.see("logs followed", SOON, |running| followed(running, &token))?;

    walk.see("stop", SOON, |running| called(running, &token, "/api/stop"))?;
    walk.see("pod gone", SOON, |running| dora.pod_gone(running))?;
    walk.see("stopped", SOON, |running| stopped(running, &token))?;
    walk.see("started again", SOON, |running| called(running, &token, "/api/start"))?;
    walk.see("pod runs", machine, |running| dora.pod_runs(running))?;

    walk.token = None;
    walk.see("removed", SOON, |running| {
        running.set_member(WALKER, false)?;
        Ok(Look::Seen(format!("{WALKER} is not in the group any more")))
    })?;
    walk.see("workspace gone", SOON, |running| dora.left(running))?;
    walk.see("pod gone", SOON, |running| dora.pod_gone(running))?;
    walk.see("shut out", SOON, |running| shut_out(running, &token))?;
    walk.see("node gone", machine, |running| cluster::gone(running, &before))?;
    walk.see("kept", SOON, |running| dora.kept(running))?;
    walk.see("nothing odd", SOON, |running| {
        let leftovers = running.leftovers()?;
        Ok(if leftovers.is_empty() {
            Look::Seen("the world understood everything that it was asked".to_owned())
        } else {
            Look::Never(format!("the world was asked what it does not know: {}", leftovers.join("; ")))
        })
    })
}

/// POST to a function as the member: done (200) or under way (202).
fn called(running: &Running, token: &str, path: &str) -> Result<Look> {
    let answer = running.call(token, path, &json!({}))?;
    let body = answer.json();
    Ok(match answer.status {
        200 | 202 => Look::Seen(format!("POST {path} → {}", answer.says())),
        // What the answer itself calls temporary is worth another look.
        429 | 503 => Look::NotYet(answer.says()),
        _ => Look::Never(format!("POST {path} → {} {body}", answer.says())),
    })
}

/// Reads the code as the person does, and types it at GitHub's page.
fn approved(running: &Running, token: &str) -> Result<Look> {
    let sign_in = running.ask(token, "/api/status")?.json()["signIn"].clone();
    let (Some(code), Some(page)) = (sign_in["code"].as_str(), sign_in["page"].as_str()) else {
        return Ok(Look::NotYet(format!("no code: {sign_in}")));
    };
    let url = format!("{}/sign-ins/{code}/approve", running.control);
    running.post(&url, &json!({ "as": WALKER }))?.good("the code is not taken")?;
    Ok(Look::Seen(format!("{WALKER} opened {page}, entered {code}, and allowed it")))
}

fn connected(running: &Running, token: &str) -> Result<Look> {
    let answer = running.ask(token, "/api/status")?;
    let status = answer.json();
    Ok(match (status["phase"].as_str(), status["address"].as_str()) {
        (Some("running"), Some(address)) => Look::Seen(address.to_owned()),
        (Some("failed"), _) => Look::Never(answer.says()),
        _ => Look::NotYet(format!("status: {}", answer.text)),
    })
}

fn stopped(running: &Running, token: &str) -> Result<Look> {
    let answer = running.ask(token, "/api/status")?;
    let status = answer.json();
    Ok(match status["phase"].as_str() {
        Some("stopped") => Look::Seen(status["says"].as_str().unwrap_or_default().to_owned()),
        _ => Look::NotYet(format!("status: {}", answer.text)),
    })
}

fn shut_out(running: &Running, token: &str) -> Result<Look> {
    let answer = running.ask(token, "/api/status")?;
    Ok(match answer.status {
        403 => Look::Seen(format!("GET /api/status → {}", answer.says())),
        _ => Look::NotYet(format!("GET /api/status → {}", answer.says())),
    })
}

fn logs(running: &Running, token: &str) -> Result<Look> {
    let answer = running.ask(token, "/api/logs?tail=20")?;
    let lines: Vec<&str> = answer.text.lines().filter(|line| says_something(line)).collect();
    if answer.status != 200 || lines.is_empty() {
        return Ok(Look::NotYet(format!("GET /api/logs → {}", answer.says())));
    }
    for line in &lines[lines.len().saturating_sub(3)..] {
        note(&line.chars().take(90).collect::<String>());
    }
    Ok(Look::Seen(format!("GET /api/logs?tail=20 → {} lines", lines.len())))
}

/// Follows the log until its first line comes: the stream passes the host while it is still open.
fn followed(running: &Running, token: &str) -> Result<Look> {
    let since = Instant::now();
    let stream = running.follow(token, "/api/logs?follow=true&tail=20")?;
    let (sender, lines) = mpsc::channel();
    // The thread ends with the stream, at the latest when the world ends.
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream).lines().map_while(Result::ok);
        if let Some(line) = stream.find(|line| says_something(line)) {
            sender.send(line).ok();
        }
    });
    let line = lines.recv_timeout(Duration::from_secs(30)).context("no line came")?;
    let line: String = line.trim().chars().take(60).collect();
    Ok(Look::Seen(format!("after {} the stream brought: {line}", time(since.elapsed()))))
}

/// What the host, the workspace and the world said last.
fn last_lines(running: &Running, world: &World) -> String {
    // The tour's own questions would be all that is to be seen.
    let host: Vec<String> = running
        .host_log(400)
        .lines()
        .filter(|line| !line.contains("Functions.status'"))
        .map(str::to_owned)
        .collect();
    let host = host[host.len().saturating_sub(15)..].join("\n");
    let workspace = running.oid(WALKER).map(|oid| cluster::logs(running, &member::namespace(&oid)));
    let workspace = workspace.unwrap_or_default();
    let mut text = String::new();
    for (who, lines) in [("host", host), ("workspace", workspace), ("world", world.last_words())] {
        if lines.is_empty() {
            continue;
        }
        text += &format!("\n  The {who}'s last lines:\n{}\n", indented(&lines));
    }
    text
}

/// Not a blank line, a heartbeat or an ornament.
fn says_something(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
