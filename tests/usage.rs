//! Usage: hours and costs of everybody, told while a session runs, and after its workspace is gone; and budgets.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::{Installation, Person, Token, eventually, kubernetes, profiles, with_profiles};

/// A time as notes have it.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Says of somebody's workspace that a session of this id began then, and how it ended; null while it runs.
async fn say(person: &Person, profile: &str, id: &str, started: DateTime<Utc>, ended: Value) {
    let session = json!({
        "v": 1, "id": id, "asked": time(started), "started": time(started), "by": person.oid, "profile": profile,
        "image": "i",
    });
    let ended = if ended.is_null() { String::new() } else { ended.to_string() };
    let notes = json!({ "dcaas.dev/session": session.to_string(), "dcaas.dev/ended": ended });
    kubernetes("PATCH", &person.set_path(), json!({ "metadata": { "annotations": notes } })).await.unwrap();
}

/// The token of an admin of this installation, who is no member.
async fn admin_of(dcaas: &Installation) -> Token {
    Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await.token().await
}

async fn usage(dcaas: &Installation, token: &Token, query: &str) -> Value {
    let answer = dcaas.get(token, &format!("/api/usage{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Whether a number is that of so many minutes at a price: a session that runs goes on while we look.
fn is_of(number: &Value, minutes: f64, price: f64) -> bool {
    let expected = minutes / 60.0 * price;
    (expected..expected + price * 0.2).contains(&(number.as_f64().unwrap() + 0.0001))
}

#[tokio::test]
async fn hours_and_costs_are_told_while_it_runs_when_it_is_recorded_and_when_the_person_is_gone() {
    Installation::own(with_profiles(&["usagea"]), |dcaas| async move {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let (token, admin) = (ada.token().await, admin_of(&dcaas).await);
        let started = Utc::now() - TimeDelta::minutes(90);
        let month = started.format("%Y-%m");
        let asked = format!("?month={month}");
        assert_eq!(usage(&dcaas, &token, &asked).await["hours"], 0.0);

        say(&ada, "usagea", "one", started, json!(null)).await;
        let told = usage(&dcaas, &token, &asked).await;
        let mine = &told["members"][0];
        assert!(is_of(&told["hours"], 90.0, 1.0) && is_of(&told["cost"], 90.0, 0.5), "{told}");
        assert_eq!((&mine["running"], &mine["sessions"], &mine["budget"]), (&json!(true), &json!(1), &Value::Null));
        assert!(told["says"].as_str().unwrap().contains("a session runs"), "{told}");

        // as it ended, before and after its record was made; then only the record knows of it
        let ended = json!({ "at": time(started + TimeDelta::minutes(60)), "by": "sweep", "why": "idle", "recorded": false });
        say(&ada, "usagea", "one", started, ended).await;
        let unrecorded = usage(&dcaas, &token, &asked).await;
        assert_eq!((&unrecorded["hours"], &unrecorded["cost"]), (&json!(1.0), &json!(0.5)), "{unrecorded}");
        let days = unrecorded["members"][0]["days"].as_array().unwrap();
        let sum: f64 = days.iter().map(|day| day["hours"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 0.001, "{unrecorded}");
        dcaas.sweep().await;
        assert_eq!(usage(&dcaas, &token, &asked).await, unrecorded);
        let anew = json!({ "at": time(started), "by": "sweep", "why": "idle", "recorded": true });
        say(&ada, "usagea", "two", started, anew).await;
        let both = usage(&dcaas, &token, &asked).await;
        assert_eq!((&both["hours"], &both["members"][0]["sessions"]), (&json!(1.0), &json!(2)), "{both}");

        // everybody, in one request to each party, however many there are
        say(&ben, "usagea", "three", started, json!(null)).await;
        dcaas.reset_gate().await;
        let all = usage(&dcaas, &admin, &format!("{asked}&all=true")).await;
        assert_eq!(all["members"].as_array().unwrap().len(), 2, "{all}");
        assert_eq!(dcaas.requests("kubernetes").await.len(), 1);
        assert_eq!(dcaas.requests("blob").await.len(), 1);
        let csv = dcaas.get(&admin, &format!("/api/usage{asked}&all=true&format=csv")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        let lines: Vec<_> = csv.text.lines().collect();
        assert_eq!(lines[0], "month,member,profile,sessions,hours,cost,currency");
        let adas = format!("{month},{},usagea,2,1,0.5,EUR", ada.oid);
        assert!(lines.len() == 3 && lines.contains(&adas.as_str()), "{lines:?}");

        // who leaves takes no hour along
        ada.leave().await;
        dcaas.enqueue(&ada).await;
        ada.gone().await;
        let of_ada = usage(&dcaas, &admin, &format!("{asked}&member={}", ada.oid)).await;
        assert!(of_ada["hours"].as_f64().unwrap() >= 1.0, "{of_ada}");
        dcaas.get(&token, "/api/usage").await.refuses(403, "not-a-member", "somebody who left");
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_what_is_not_theirs_or_for_no_month_is_refused() {
    let dcaas = Installation::first().await;
    let (ada, admin) = (dcaas.member().await, Person::admin().await);
    let (token, admin) = (ada.token().await, admin.token().await);
    for (token, query, status, code) in [
        (&token, "?all=true", 403, "not-admin"),
        (&token, "?member=00000000-0d3b-4b52-9a77-1c2d3e4f5a6b", 403, "not-admin"),
        (&token, "?month=november", 400, "bad-request"),
        (&token, "?format=xml", 400, "bad-request"),
        (&token, "?all=yes", 400, "bad-request"),
        (&token, "?year=2026", 400, "bad-request"),
        (&admin, "?all=true&member=00000000-0d3b-4b52-9a77-1c2d3e4f5a6b", 400, "bad-request"),
        (&admin, "", 403, "not-a-member"),
    ] {
        dcaas.get(token, &format!("/api/usage{query}")).await.refuses(status, code, query);
    }
}

/// The wish for an installation with budgets, and one profile of which a millisecond costs more than any of them.
fn with_budget(name: &str, soft: &str, hard: &str) -> Value {
    let mut all: Value = serde_json::from_str(&profiles(&[name])).unwrap();
    all[0]["pricePerHour"] = json!(1e9);
    json!({ "settings": {
        "PROFILES": all.to_string(), "DEFAULT_PROFILE": name, "BUDGET_SOFT": soft, "BUDGET_HARD": hard,
    } })
}

#[tokio::test]
async fn a_soft_budget_warns_and_a_hard_one_refuses_a_start_but_stops_nothing() {
    Installation::own(with_budget("usageb", "0.5", "1"), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let told = usage(&dcaas, &token, "").await;
        let budget = &told["members"][0]["budget"];
        assert_eq!(
            (&budget["state"], &budget["soft"], &budget["hard"]),
            (&json!("within"), &json!(0.5), &json!(1.0))
        );
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        // what runs goes on, and is told of
        eventually("a warning", || async { dcaas.status(&token).await["budget"].as_str().map(|_| ()) }).await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202, "it runs already");
        dcaas.stop(&token).await;
        let refused = dcaas.start(&token, json!({})).await;
        refused.refuses(403, "budget-spent", "a start");
        let opens = usage(&dcaas, &token, "").await["members"][0]["budget"]["opens"].clone();
        let problem = refused.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("of 1.00 EUR") && detail.contains(opens.as_str().unwrap()), "{problem}");
        assert!(problem["next"].as_str().unwrap().contains("BUDGET_HARD"), "{problem}");
        assert_eq!(dcaas.status(&token).await["phase"].as_str().map(|p| p.starts_with("stop")), Some(true));
    })
    .await;
    Installation::own(with_budget("usagec", "0.5", ""), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        dcaas.start(&token, json!({})).await;
        dcaas.stop(&token).await;
        let again = dcaas.start(&token, json!({})).await;
        assert_eq!(again.status, 202, "{}", again.text);
        assert!(again.json()["budget"].as_str().unwrap().contains("of 0.50 EUR"), "{}", again.text);
        // storage that does not answer spoils nobody's look
        dcaas.fault(json!({ "party": "blob", "times": null, "fault": { "status": 403 } })).await;
        assert_eq!(dcaas.status(&token).await["budget"], Value::Null);
        dcaas.get(&token, "/api/usage").await.refuses(503, "storage-unavailable", "usage");
    })
    .await;
}

/// Starts until that is granted: a caller whose request broke off asks again, and may find it running.
async fn begin(dcaas: &Installation, token: &Token) {
    eventually("a start", || async {
        let answer = dcaas.start(token, json!({})).await;
        [200, 202].contains(&answer.status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_record_of_each_session_is_made_once_whenever_the_next_start_is_killed() {
    Installation::own(with_profiles(&["usaged"]), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let mut sessions = 0;
        for party in ["kubernetes", "blob"] {
            for kill in ["kill-before", "kill-after"] {
                for n in 0.. {
                    begin(&dcaas, &token).await;
                    dcaas.stop(&token).await;
                    sessions += 1;
                    dcaas.reset_gate().await;
                    let path = if party == "blob" { "usage" } else { &ada.oid };
                    dcaas.fault(json!({ "party": party, "path": path, "skip": n, "fault": kill })).await;
                    begin(&dcaas, &token).await;
                    let hit = dcaas.requests(party).await.iter().any(|request| request.ends_with(" killed"));
                    dcaas.clear_faults().await;
                    let records = dcaas.blobs("usage", "").await.unwrap();
                    assert_eq!(records.len(), sessions, "{party} {kill} {n}");
                    dcaas.stop(&token).await;
                    sessions += 1;
                    if !hit {
                        assert!(n > 0, "{party} {kill}: no request at all");
                        break;
                    }
                }
            }
        }
        let told = usage(&dcaas, &token, "").await;
        assert_eq!(told["members"][0]["sessions"], sessions, "{told}");
    })
    .await;
}
