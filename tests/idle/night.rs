//! The night: what does not work goes, what works stays until it is over, and who asks to be kept is kept.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::*;
use crate::world::{eventually, get, kubectl};

/// A zone that is no whole hour away, so that nothing is right by chance.
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Kathmandu;

/// The settings of a night from then to then.
fn night(from: DateTime<Utc>, until: DateTime<Utc>) -> Value {
    let clock = |at: DateTime<Utc>| at.with_timezone(&ZONE).format("%H:%M").to_string();
    json!({ "NIGHT_FROM": clock(from), "NIGHT_UNTIL": clock(until), "TIME_ZONE": ZONE.name() })
}

/// By day an hour, at night seconds, yet more than a busy machine takes from one look to the next.
fn policy() -> Value {
    let mut idle = seconds();
    idle["after"] = json!("1h");
    idle["night"] = json!("40s");
    idle
}

/// What dcaas told of a person's StatefulSet.
async fn events(person: &Person) -> Vec<Value> {
    let uid = person.set().await.unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
    let of = format!("events?fieldSelector=involvedObject.uid={uid},involvedObject.kind=StatefulSet");
    let list = get(&person.path(&of)).await.unwrap();
    // the StatefulSet's own controller tells of its pods
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["source"]["component"] == "dcaas")
        .cloned()
        .collect()
}

#[tokio::test]
async fn when_the_night_comes_what_does_not_work_goes_and_nightly_says_what_goes_on() {
    Installation::own(with_policy("nighta", policy()), |dcaas| async move {
        let (ada, ben) = tokio::join!(Runs::begin(&dcaas), Runs::begin(&dcaas));
        // by day nobody minds
        ada.idle().await;
        let by_day = session(&ada.person).await;
        assert!(by_day["warned"].is_null() && by_day["why"].is_string(), "{by_day}");
        let now = Utc::now();
        dcaas.change(night(now - TimeDelta::hours(2), now + TimeDelta::hours(2))).await;
        // a sweep does not look before it is due, nightly does
        eventually("they are warned", || async {
            ben.swept(Runs::works(), None).await;
            ada.idle().await;
            dcaas.nightly().await;
            (!session(&ada.person).await["warned"].is_null()).then_some(())
        })
        .await;
        let told = notice(&ada.person).await;
        assert!(told["why"].as_str().unwrap().contains("night"), "{told}");
        // the turn is the sweep's: a computation that nobody is connected to goes on, and the log says why
        ben.swept(Runs::works(), None).await;
        dcaas.nightly().await;
        let log = dcaas.log().await;
        assert!(log.contains("(gpu); at night that keeps it for 40 s"), "{log}");
        assert!(log.contains(" go on"), "{log}");
        let kept = session(&ben.person).await;
        assert!(kept["warned"].is_null(), "{kept}");
        // the agent's own line, which knows no driver, may come in between
        eventually("their status says so", || async {
            ben.swept(Runs::works(), None).await;
            let life = dcaas.status(&ben.token).await["life"].clone();
            (life["verdict"] == "keep" && life["by"] == "night").then_some(())
        })
        .await;
        eventually("it is stopped", || async {
            // each sweep looks at both
            if ended(&ada.person).await.is_null() {
                ada.idle().await;
            }
            ben.swept(Runs::works(), None).await;
            (!ended(&ada.person).await.is_null()).then_some(())
        })
        .await;
        let (end, last) = (ended(&ada.person).await, session(&ada.person).await);
        let why = "it is night, and no use was seen for 40 s";
        assert_eq!((&end["by"], &end["why"]), (&json!("sweep"), &json!(why)), "{end}");
        assert!(last["warned"].as_str() < last["look"].as_str(), "{last}");
        assert!(last["look"].as_str() <= end["at"].as_str(), "not before it was announced: {last} {end}");
        let events = events(&ada.person).await;
        assert_eq!(events.len(), 1, "{events:?}");
        let (event, says) = (&events[0], format!("dcaas stopped the workspace: {why}."));
        assert_eq!(
            (&event["reason"], &event["message"]),
            (&json!("StoppedAtNight"), &json!(says)),
            "{event}"
        );
        let described =
            kubectl(&["describe", "statefulset", "workspace", "--namespace", &ada.person.namespace()]);
        let described = String::from_utf8(described.stdout).unwrap();
        let shown = |line: &str| line.contains("StoppedAtNight") && line.trim_end().ends_with(&says);
        assert_eq!(described.lines().filter(|line| shown(line)).count(), 1, "{described}");
        // what works stays, and goes when its work is over
        assert_eq!(ended(&ben.person).await, Value::Null);
        eventually("the work is over", || async {
            ben.idle().await;
            (!ended(&ben.person).await.is_null()).then_some(())
        })
        .await;
        assert_eq!(ended(&ben.person).await["why"], why);
    })
    .await;
}

#[tokio::test]
async fn when_the_night_is_over_what_works_goes_and_who_was_kept_stays() {
    Installation::own(with_policy("nightb", policy()), |dcaas| async move {
        let (ada, ben, cy) = tokio::join!(Runs::begin(&dcaas), Runs::begin(&dcaas), Runs::begin(&dcaas));
        // the next minute of the clock ends the night
        let now = Utc::now().trunc_subsecs(0);
        let until = now - TimeDelta::seconds(now.timestamp() % 60) + TimeDelta::minutes(1);
        dcaas.change(night(until - TimeDelta::hours(4), until)).await;
        let kept = dcaas.post(&ben.token, "/api/keep", json!({ "for": "3h" })).await;
        assert_eq!(kept.status, 200, "{}", kept.text);
        // from inside, which the agent forgets when it is over
        let hold = (until + TimeDelta::hours(3)).to_rfc3339();
        cy.swept(Runs::works(), Some(&hold)).await;
        let noted: DateTime<Utc> = session(&cy.person).await["keep"].as_str().unwrap().parse().unwrap();
        assert!(noted > until, "a wish that reaches beyond the night is noted");
        eventually("the night is over", || async {
            tokio::join!(
                ada.said(Runs::works(), None),
                ben.said(Runs::works(), None),
                cy.said(Runs::works(), None)
            );
            dcaas.sweep().await;
            (!ended(&ada.person).await.is_null()).then_some(())
        })
        .await;
        let end = ended(&ada.person).await;
        let clock = until.with_timezone(&ZONE).format("%H:%M");
        let why = format!("the night was over at {clock} (Asia/Kathmandu), and nobody asked for longer");
        assert_eq!((&end["by"], &end["why"]), (&json!("sweep"), &json!(why)), "{end}");
        assert!(end["at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() >= until, "{end}");
        dcaas.nightly().await;
        for kept in [&ben, &cy] {
            let (end, last) = (ended(&kept.person).await, session(&kept.person).await);
            assert!(end.is_null() && last["warned"].is_null(), "{end} {last}");
            let life = dcaas.status(&kept.token).await["life"].clone();
            assert_eq!(
                (&life["verdict"], &life["why"]),
                (&json!("keep"), &json!("a member asked for it")),
                "{life}"
            );
        }
        // admins see the same, as of this moment
        let admin = Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await;
        let (admin, path) = (admin.token().await, format!("/api/workspaces?member={}", ben.person.oid));
        eventually("an admin sees what it does", || async {
            ben.swept(Runs::works(), None).await;
            let of = dcaas.get(&admin, &path).await.json()["people"][0].clone();
            assert_eq!(
                (&of["life"]["verdict"], &of["life"]["by"]),
                (&json!("keep"), &json!("idleness")),
                "{of}"
            );
            let gpu = json!({ "signal": "gpu", "state": "seen", "value": "87 %" });
            let seen = of["activity"]
                .as_array()?
                .iter()
                .any(|one| gpu.as_object().unwrap().iter().all(|(k, v)| &one[k] == v));
            seen.then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_can_not_be_written_keeps_nothing_from_being_stopped() {
    Installation::own(with_policy("nightc", policy()), |dcaas| async move {
        let now = Utc::now();
        dcaas.change(night(now - TimeDelta::hours(2), now + TimeDelta::hours(2))).await;
        let ada = Runs::begin(&dcaas).await;
        dcaas
            .fault(json!({ "party": "kubernetes", "method": "POST", "path": "/events", "fault": { "status": 403 } }))
            .await;
        eventually("it is stopped", || async {
            ada.idle().await;
            (!ended(&ada.person).await.is_null()).then_some(())
        })
        .await;
        dcaas.clear_faults().await;
        assert_eq!(events(&ada.person).await, Vec::<Value>::new());
        assert!(dcaas.log().await.contains("no event tells that it was stopped"));
    })
    .await;
}
