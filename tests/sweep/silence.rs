//! Workspaces that say nothing: an agent that hangs, a log that is emptied, a container that ends again and again, a
//! machine that is lost. Each is kept and says so, and not for ever.

use nix::sys::signal::Signal::{SIGCONT, SIGKILL, SIGSTOP};
use serde_json::{Value, json};

use crate::{
    idle::{Runs, ended, session, with_policy},
    world::{Inside, Installation, Person, control, eventually},
};

/// Idle for long means little here, and what can not be known keeps it for so long.
fn unknown_for(name: &str, length: &str) -> Value {
    let idle = json!({ "after": "6s", "graceAfterStart": "0s", "unknownFor": length, "warnBefore": "3s" });
    with_policy(name, idle)
}

/// Sweeps until the session says this of why it is kept; what it says. A sweep may fail where a machine is lost: in this
/// world its port may be somebody else's by then.
async fn kept(dcaas: &Installation, person: &Person, words: &str) -> Value {
    eventually(&format!("kept: {words}"), || async {
        dcaas.try_to_sweep().await;
        let session = session(person).await;
        session["why"].as_str()?.contains(words).then_some(session)
    })
    .await
}

/// Sweeps until it is stopped; how it ended.
async fn stopped(dcaas: &Installation, person: &Person) -> Value {
    eventually("it is stopped", || async {
        dcaas.try_to_sweep().await;
        let end = ended(person).await;
        (!end.is_null()).then_some(end)
    })
    .await
}

/// Stopped by the sweep for that reason, after a warning whose time was over.
async fn stopped_with_a_warning(dcaas: &Installation, person: &Person, why: &str) {
    let end = stopped(dcaas, person).await;
    assert!(end["by"] == "sweep" && end["why"].as_str().unwrap().starts_with(why), "{end}");
    let last = session(person).await;
    assert!(last["warned"].is_string() && last["look"].as_str() <= end["at"].as_str(), "{last} {end}");
}

#[tokio::test]
async fn an_agent_that_hangs_and_a_log_that_was_emptied_are_told_apart_and_bounded() {
    Installation::own(unknown_for("silenta", "25s"), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.inside.signal(SIGSTOP).unwrap();
        let then = chrono::Utc::now() - chrono::TimeDelta::minutes(10);
        ada.inside.say(&json!({
            "at": then, "session": ada.session, "evidence": { "gpu": {} },
            "link": { "state": "connected", "since": then, "why": "" },
        }));
        let silent = kept(&dcaas, &ada.person, "its agent has said nothing for 3 min").await;
        assert!(silent["unknown"].is_string(), "{silent}");
        let status = dcaas.status(&ada.token).await;
        assert!(status["life"]["why"].as_str().unwrap().contains("said nothing"), "{status}");

        ada.inside.rotate_log();
        let status = dcaas.status(&ada.token).await;
        assert!(status["life"]["why"].as_str().unwrap().contains("nothing is heard from it"), "{status}");
        // it comes to itself before its time is over
        ada.inside.signal(SIGCONT).unwrap();
        ada.idle().await;
        eventually("it is known again", || async {
            ada.swept(json!({ "gpu": { "seen": chrono::Utc::now(), "value": "80 %" } }), None).await;
            let session = session(&ada.person).await;
            (session["unknown"].is_null() && session["why"].as_str()?.contains("(gpu)")).then_some(())
        })
        .await;
        assert_eq!(ended(&ada.person).await, Value::Null);
        // and is silent again, for good
        ada.inside.signal(SIGSTOP).unwrap();
        ada.inside.rotate_log();
        stopped_with_a_warning(&dcaas, &ada.person, "for 25 s its use could not be known: nothing is heard")
            .await;
    })
    .await;
}

#[tokio::test]
async fn one_that_ends_again_and_again_is_kept_as_long_as_an_idle_one_and_says_why() {
    Installation::own(unknown_for("silentb", "20s"), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        let status = dcaas.status(&ada.token).await;
        let kill = async || {
            // it may be gone by now
            let _ = Inside::now(&status).map(|inside| inside.signal(SIGKILL));
        };
        let why = "its first process was killed from outside (code 137)";
        eventually("it is kept, and says why", || async {
            kill().await;
            dcaas.sweep().await;
            let session = session(&ada.person).await;
            let kept = format!("nothing of it runs, which may pass: {why}");
            (session["why"] == kept.as_str() && session["unknown"].is_string()).then_some(())
        })
        .await;
        let end = eventually("it is stopped", || async {
            kill().await;
            dcaas.sweep().await;
            let end = ended(&ada.person).await;
            (!end.is_null()).then_some(end)
        })
        .await;
        assert_eq!(end["why"], format!("for 6 s nothing of it ran: {why}"), "{end}");
        assert!(session(&ada.person).await["warned"].is_string());
        let status = dcaas.until(&ada.token, "stopped").await;
        assert!(status["says"].as_str().unwrap().contains(why), "{status}");
    })
    .await;
}

#[tokio::test]
async fn one_whose_machine_is_lost_is_kept_and_says_so_and_is_stopped_in_the_end() {
    Installation::own(unknown_for("silentc", "20s"), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        let node = ada.person.pods().await[0]["spec"]["nodeName"].as_str().unwrap().to_owned();
        control("POST", &format!("/machines/{node}/lose"), json!(null)).await;
        kept(&dcaas, &ada.person, "its use can not be known: its machine does not answer").await;
        stopped_with_a_warning(&dcaas, &ada.person, "for 20 s its use could not be known").await;
    })
    .await;
}
