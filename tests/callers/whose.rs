//! Whose workspace: everybody their own, an admin anybody's, and nobody learns who else there is.

use serde_json::json;
use uuid::Uuid;

use super::{all_refuse, provisioned, wishes};
use crate::world::{Installation, Person};

#[tokio::test]
async fn who_is_no_member_gets_the_same_answer_whoever_else_there_is() {
    let dcaas = Installation::new(json!({})).await;
    let dora = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
    let token = dora.token().await;
    let mut told = Vec::new();
    for others in [false, true] {
        if others {
            provisioned(&dcaas).await;
        }
        for (path, answer) in dcaas.everywhere(|request| request.bearer_auth(&token.0)).await {
            answer.refuses(403, "not-a-member", path);
            told.push(answer.text);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(crate::world::get(&format!("/api/v1/namespaces/{}", dora.namespace())).await.is_none());
    dcaas.remove().await;
}

#[tokio::test]
async fn a_member_names_nobody_else_whether_there_is_such_a_person_or_not() {
    let dcaas = Installation::first().await;
    let (ada, ben) = (dcaas.member().await, dcaas.member().await);
    let token = ada.token().await;
    let before = (wishes(&ada).await, wishes(&ben).await);
    let nobody = Uuid::new_v4().to_string();
    let names = [ben.oid.as_str(), &nobody, "nonsense", "", "../x", &ben.name];
    let mut told = Vec::new();
    for name in names {
        let named = dcaas.everywhere(|r| r.query(&[("member", name)]).bearer_auth(&token.0)).await;
        for (path, answer) in named {
            answer.refuses(403, "not-admin", &format!("{name:?} at {path}"));
            told.push(answer.text);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((wishes(&ada).await, wishes(&ben).await), before);
    // to name oneself is no harm
    let own = dcaas.get(&token, &format!("/api/status?member={}", ada.oid.to_uppercase())).await;
    assert_eq!(own.status, 200, "{}", own.text);
}

#[tokio::test]
async fn an_admin_names_a_member_and_learns_when_there_is_none() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let boss = Person::admin().await;
    let token = boss.token().await;
    // an admin is not by that a member
    dcaas.get(&token, "/api/status").await.refuses(403, "not-a-member", "an admin's own");

    let of_ada = |path: &str| format!("{path}?member={}", ada.oid);
    let started = dcaas.post(&token, &of_ada("/api/start"), json!({ "profile": "steady" })).await;
    assert_eq!(started.status, 202, "{}", started.text);
    let session = ada.set().await.unwrap()["metadata"]["annotations"]["dcaas.dev/session"].clone();
    assert!(session.as_str().unwrap().contains(&boss.oid), "who asked is noted: {session}");
    let seen = dcaas.get(&token, &of_ada("/api/status")).await;
    assert_eq!(seen.json()["session"], started.json()["session"]);
    let stopped = dcaas.post(&token, &of_ada("/api/stop"), json!({})).await;
    assert_eq!(stopped.status, 202, "{}", stopped.text);
    let off = dcaas.until(&ada.token().await, "stopped").await;
    assert!(off["says"].as_str().unwrap().contains("an admin asked for it"), "{off}");

    for name in ["nonsense", "", "ada", "00000000-0000-0000-0000-00000000000"] {
        let named = dcaas.everywhere(|r| r.query(&[("member", name)]).bearer_auth(&token.0)).await;
        all_refuse(&named, 400, "bad-request", &format!("{name:?}"));
    }
    let nobody = Uuid::new_v4().to_string();
    let answers = dcaas.everywhere(|r| r.query(&[("member", &nobody)]).bearer_auth(&token.0)).await;
    all_refuse(&answers, 403, "not-a-member", "nobody");
    for (path, answer) in answers {
        let told = answer.json();
        assert_eq!(told["detail"], "this person has no workspace here", "{path}");
        let next = told["next"].as_str().unwrap();
        assert!(next.contains("Add them") && next.contains(&nobody), "{path}: {next}");
    }
}
