//! The brake: when many would lose their workspaces at once nobody does, until a person has found it right.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::world::{Installation, Person, break_machines, directory, eventually, with_profiles};

/// The moment and the cause of the brake that holds.
async fn held(dcaas: &Installation) -> (String, Value) {
    let brake = eventually("the brake holds", || dcaas.memory("brake")).await;
    (brake["since"].as_str().unwrap().to_owned(), brake["cause"].clone())
}

/// New members, 25 at a time: each waits for their own workspace.
async fn members(dcaas: &Installation, count: usize) -> Vec<Person> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let some = (count - all.len()).min(25);
        all.extend(join_all((0..some).map(|_| dcaas.member())).await);
    }
    all
}

async fn all_are_there(people: &[Person]) {
    for person in people {
        assert!(person.set().await.is_some(), "{}", person.oid);
        assert_eq!(person.left().await, None, "{}", person.oid);
    }
}

async fn all_go(people: &[Person]) {
    for person in people {
        person.gone().await;
        assert!(person.left().await.is_some(), "{}", person.oid);
    }
}

/// So often the whole group was asked for since the gate was reset.
async fn lists(dcaas: &Installation) -> usize {
    let requests = dcaas.requests("graph").await;
    requests.iter().filter(|request| request.contains("/transitiveMembers")).count()
}

#[tokio::test]
async fn a_team_of_four_loses_one_without_anybody_but_never_its_last() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let team = members(&dcaas, 4).await;
        for leaver in &team[..3] {
            leaver.leave().await;
            all_go(std::slice::from_ref(leaver)).await;
        }
        assert_eq!(dcaas.memory("brake").await, None);
        let last = &team[3..];
        last[0].leave().await;
        assert_eq!(held(&dcaas).await.1, "group-empty");
        all_are_there(last).await;
        // the group is whole again
        last[0].join().await;
        dcaas.reconcile().await;
        assert_eq!(dcaas.memory("brake").await, None);
        all_are_there(last).await;
        // and then it does not exist any more
        directory("DELETE", &format!("/groups/{}", dcaas.group()), json!(null)).await;
        let (_, cause) = held(&dcaas).await;
        assert_eq!(cause, "group-missing");
        dcaas.reconcile().await;
        all_are_there(last).await;
        let fault = dcaas.memory("comparison").await.unwrap()["fault"].clone();
        assert!(fault.as_str().unwrap().contains("GROUP_ID has to name a group"), "{fault}");
        dcaas.confirm().await;
        dcaas.reconcile().await;
        all_go(last).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_that_is_emptied_at_once_loses_nobody_until_that_is_confirmed() {
    let wish = with_profiles(&["brakea"]);
    Installation::own(wish.clone(), |_| async {}).await;
    break_machines("brakea", "max-reached").await;
    Installation::own(wish, |dcaas| async move {
        dcaas.reconcile().await;
        let team = members(&dcaas, 5).await;
        let token = team[0].token().await;
        assert_eq!(dcaas.start(&token, json!({})).await.status, 202);
        dcaas.trouble(json!({ "notifications": { "pack": "merged" } })).await;
        join_all(team.iter().map(Person::leave)).await;
        let (since, cause) = held(&dcaas).await;
        assert_eq!(cause, "group-empty");
        dcaas.quiet().await;
        dcaas.reconcile().await;
        all_are_there(&team).await;
        // who works goes on working, and may start and stop
        assert_eq!(team[0].set().await.unwrap()["spec"]["replicas"], 1);
        assert!([200, 202].contains(&dcaas.stop(&token).await.status));
        // the log says what it is, and what to do
        let says = format!("set LEAVING_CONFIRMED to {since}");
        let log = dcaas.log().await;
        let line = log.lines().find(|line| line.contains(&says)).unwrap_or_else(|| panic!("{says}: {log}"));
        assert!(line.contains("5 people would lose their workspaces") && line.contains("WARN"), "{line}");
        // it is right, says a person, and one message is enough for all
        dcaas.confirm().await;
        dcaas.enqueue(&team[1]).await;
        all_go(&team).await;
        assert_eq!(team[0].left().await.unwrap()["confirmed"], true);
        dcaas.quiet().await;
        assert_eq!(dcaas.memory("brake").await, None);
    })
    .await;
}

#[tokio::test]
async fn many_single_messages_meet_one_brake_and_one_more_leaver_needs_a_person_again() {
    const MANY: usize = 100;
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let all = members(&dcaas, MANY + 3).await;
        let (team, rest) = all.split_at(MANY);
        dcaas.trouble(json!({ "notifications": { "pack": "single", "hold": true } })).await;
        join_all(team.iter().map(Person::leave)).await;
        dcaas.reset_gate().await;
        assert_eq!(dcaas.graph("release", json!({})).await["count"], MANY);
        dcaas.quiet().await;
        let (first, cause) = held(&dcaas).await;
        assert_eq!(cause, json!({ "too-many": { "lately": 0, "of": MANY + 3 } }));
        all_are_there(&all).await;
        // those that were under way at once may each have looked at everybody, and nobody after them
        let most = lists(&dcaas).await;
        assert!((1..=16).contains(&most), "{most} lists");
        dcaas.reset_gate().await;
        join_all(team.iter().map(|person| dcaas.enqueue(person))).await;
        dcaas.quiet().await;
        assert_eq!(lists(&dcaas).await, 0, "the brake is known, and so are they");
        // a person confirms, but somebody more has left by then: that is another brake
        dcaas.trouble(json!(null)).await;
        rest[0].leave().await;
        dcaas.quiet().await;
        let (second, _) = held(&dcaas).await;
        assert_ne!(second, first);
        dcaas.change(json!({ "LEAVING_CONFIRMED": first })).await;
        dcaas.reconcile().await;
        all_are_there(&all).await;
        assert_eq!(held(&dcaas).await.0, second);
        dcaas.confirm().await;
        dcaas.reconcile().await;
        all_go(&all[..=MANY]).await;
        all_are_there(&rest[1..]).await;
        assert_eq!(dcaas.memory("brake").await, None);
        // what was confirmed does not count any more: one of the rest goes as ever
        rest[1].leave().await;
        all_go(&rest[1..2]).await;
    })
    .await;
}
