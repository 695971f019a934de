//! What admins see of everybody, and machines of the whole: `workspaces` and `health`.

mod health;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{
    Installation, Person, Token, break_machines, eventually, kubernetes, mend_machines, with_profiles,
};

/// An admin of that installation, who is no member of its group.
async fn admin(dcaas: &Installation) -> Person {
    Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await
}

/// What an admin sees.
async fn seen(dcaas: &Installation, boss: &Token) -> Value {
    let answer = dcaas.get(boss, "/api/workspaces").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// What an admin sees of one person.
fn of(seen: &Value, person: &Person) -> Value {
    let people = seen["people"].as_array().unwrap();
    let found: Vec<&Value> = people.iter().filter(|p| p["member"] == person.oid.as_str()).collect();
    assert_eq!(found.len(), 1, "{}: {seen:#}", person.oid);
    found[0].clone()
}

fn says(of: &Value, phase: &str, words: &str) {
    assert_eq!(of["phase"], phase, "{of:#}");
    assert!(of["says"].as_str().unwrap().contains(words), "{of:#}");
}

#[tokio::test]
async fn an_admin_sees_where_everybody_stands() {
    Installation::own(with_profiles(&["rooms", "noroom"]), |dcaas| async move {
        let admin = admin(&dcaas).await;
        let boss = admin.token().await;
        let (ada, ben, cy) = tokio::join!(dcaas.member(), dcaas.member(), dcaas.member());
        let (dora, eve, fay) = tokio::join!(dcaas.member(), dcaas.member(), dcaas.member());
        // from now on Graph tells of changes
        dcaas.reconcile().await;
        // one runs
        let token = ben.token().await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        let session = dcaas.until(&token, "running").await["session"].clone();
        // one waits for a machine that does not come
        break_machines("noroom", "max-reached").await;
        let of_cy = format!("/api/start?member={}", cy.oid);
        assert_eq!(dcaas.post(&boss, &of_cy, json!({ "profile": "noroom" })).await.status, 202);
        eventually("there is a pod", || async { (cy.pods().await.len() == 1).then_some(()) }).await;
        // one has stopped
        let stops = dora.token().await;
        assert_eq!(dcaas.start(&stops, json!({})).await.status, 202);
        assert_eq!(dcaas.stop(&stops).await.status, 202);
        dcaas.until(&stops, "stopped").await;
        // one has left, and one was not provisioned whole
        eve.leave().await;
        eventually("who left has no workspace", || async { eve.set().await.is_none().then_some(()) }).await;
        kubernetes("DELETE", &fay.set_path(), json!(null)).await.unwrap();
        eventually("it is gone", || async { fay.set().await.is_none().then_some(()) }).await;

        eventually("the agent is heard", || async {
            of(&seen(&dcaas, &boss).await, &ben)["activity"].is_array().then_some(())
        })
        .await;
        dcaas.reset_gate().await;
        let all = seen(&dcaas, &boss).await;
        let asked = dcaas.requests("kubernetes").await;
        let logs = asked.iter().filter(|request| request.contains("/log")).count();
        assert_eq!((asked.len(), logs), (5, 1), "a log of each that has a machine: {asked:?}");
        assert_eq!(all["people"].as_array().unwrap().len(), 6, "{all:#}");
        assert!(all["brake"].is_null() && all["comparison"]["fault"].is_null(), "{all:#}");
        assert!(all["comparison"]["at"].is_string(), "{all:#}");
        says(&of(&all, &ada), "stopped", "never started");
        assert!(of(&all, &ada)["name"].is_string() && of(&all, &ada).get("session").is_none());
        let runs = of(&all, &ben);
        says(&runs, "running", "Their workspace runs");
        assert_eq!((&runs["profile"], &runs["session"]["id"]), (&json!("rooms"), &session));
        assert_eq!(runs["session"]["by"], ben.oid.as_str());
        assert!(runs["since"].is_string() && runs["session"]["started"].is_string(), "{runs:#}");
        // as their own status says it; nothing is noted before the first sweep
        assert_eq!(
            (&runs["life"]["verdict"], &runs["life"]["by"]),
            (&json!("keep"), &json!("idleness")),
            "{runs:#}"
        );
        let window = json!({ "signal": "presence", "state": "nothing" });
        assert!(runs["activity"].as_array().unwrap().contains(&window), "{runs:#}");
        assert!(runs["session"]["look"].is_null() && of(&all, &dora).get("life").is_none(), "{all:#}");
        let waits = of(&all, &cy);
        assert_eq!(waits["life"]["verdict"], "keep", "{waits:#}");
        let why = waits["life"]["why"].as_str().unwrap();
        assert!(why.contains("no machine has taken it yet") && waits.get("activity").is_none(), "{waits:#}");
        says(&waits, "starting", "Waiting for a machine for profile 'noroom'");
        assert_eq!(waits["session"]["by"], admin.oid.as_str());
        says(&of(&all, &dora), "stopped", "they asked for it");
        let gone = of(&all, &eve);
        says(&gone, "absent", "They left the group. Their home disk is kept until");
        let time =
            |name: &str| gone[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert!(time("kept_until") - time("left") >= chrono::TimeDelta::days(1), "{gone:#}");
        says(&of(&all, &fay), "absent", "not made to its end");
        // one of them
        let one = dcaas.get(&boss, &format!("/api/workspaces?member={}", ben.oid)).await.json();
        // what is judged anew may have moved on
        let judged_once = |mut person: Value| {
            for anew in ["life", "activity"] {
                assert!(person.as_object_mut().unwrap().remove(anew).is_some(), "{person:#}");
            }
            person
        };
        assert_eq!(one["people"].as_array().unwrap().len(), 1, "{one:#}");
        assert_eq!(judged_once(one["people"][0].clone()), judged_once(runs));
        let nobody = dcaas.get(&boss, &format!("/api/workspaces?member={}", Uuid::new_v4())).await.json();
        assert_eq!(nobody["people"], json!([]));

        // and a workspace that ends does so as long as a pod is left
        assert_eq!(dcaas.stop(&token).await.status, 202);
        let phases = ["stopping", "stopped"];
        eventually("it has stopped", || async {
            let of_ben = of(&seen(&dcaas, &boss).await, &ben);
            let pods = ben.pods().await.len();
            assert!(phases.contains(&of_ben["phase"].as_str().unwrap()), "{of_ben:#}");
            assert!(of_ben["phase"] != "stopped" || pods == 0, "{of_ben:#}");
            (of_ben["phase"] == "stopped").then_some(())
        })
        .await;
        mend_machines("noroom").await;
    })
    .await;
}

#[tokio::test]
async fn who_is_no_admin_sees_nobody() {
    let dcaas = Installation::first().await;
    let (ada, boss) = (dcaas.member().await, Person::admin().await);
    let token = ada.token().await;
    let own = format!("?member={}", ada.oid);
    for query in ["", own.as_str(), "?verbose=true"] {
        let path = format!("/api/workspaces{query}");
        dcaas.get(&token, &path).await.refuses(403, "not-admin", &path);
        dcaas.send(dcaas.request("GET", &path)).await.refuses(401, "not-signed-in", &path);
    }
    let boss = boss.token().await;
    for query in ["verbose=true", "member=ada", "member=", &format!("member={0}&member={0}", ada.oid)] {
        let path = format!("/api/workspaces?{query}");
        dcaas.get(&boss, &path).await.refuses(400, "bad-request", query);
    }
    let post = dcaas.post(&boss, "/api/workspaces", json!({})).await;
    assert_eq!((post.status, post.text.as_str()), (404, ""));
}

#[tokio::test]
async fn however_many_people_there_are_it_takes_as_many_requests() {
    Installation::own(json!({}), |dcaas| async move {
        let boss = admin(&dcaas).await.token().await;
        let mut counts = Vec::new();
        for more in [1, 5] {
            futures::future::join_all((0..more).map(|_| dcaas.member())).await;
            dcaas.reset_gate().await;
            seen(&dcaas, &boss).await;
            let asked = dcaas.requests("kubernetes").await;
            assert!(asked.iter().all(|request| request.starts_with("GET ")), "{asked:?}");
            counts.push(asked.len());
        }
        assert_eq!(counts, [4, 4]);
    })
    .await;
}
