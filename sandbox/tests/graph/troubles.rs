//! What goes wrong on purpose.

use sandbox::graph::{Forgery, Notifications, Pack, Refuse, Stale, Trouble, Whose};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::subscriber::Subscriber;
use crate::{Scene, error, eventually, scene, token};

fn notifications(notifications: Notifications) -> Trouble {
    Trouble { notifications, ..Trouble::default() }
}

/// Whom notifications name, in the order in which they came.
fn named(items: &[Value]) -> Vec<Value> {
    let names = |item: &Value| item["resourceData"]["members@delta"].as_array().cloned().unwrap_or_default();
    items.iter().flat_map(names).map(|entry| entry["id"].clone()).collect()
}

impl Scene {
    /// New people, each of whom joins in one step of their own.
    fn joined(&self, count: usize) -> Vec<Uuid> {
        let people: Vec<Uuid> = (0..count).map(|n| self.user(&format!("p{n}"))).collect();
        people.iter().for_each(|person| self.directory.join(self.group, &[*person]).unwrap());
        people
    }
}

#[tokio::test]
async fn notifications_are_dropped_doubled_and_bare() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let app = Some(scene.app);
    scene.graph.trouble(app, notifications(Notifications { drop: 2, ..Notifications::default() }));
    let people = scene.joined(3);
    assert_eq!(named(&subscriber.take(1).await), [json!(people[2])]);
    scene.graph.trouble(app, notifications(Notifications { copies: 3, ..Notifications::default() }));
    let people = scene.joined(1);
    assert_eq!(named(&subscriber.take(3).await), [json!(people[0]), json!(people[0]), json!(people[0])]);
    scene.graph.trouble(app, notifications(Notifications { bare: true, ..Notifications::default() }));
    scene.joined(1);
    let [item] = subscriber.take(1).await.try_into().unwrap();
    assert_eq!(item["resourceData"].get("members@delta"), None);
    assert_eq!(item["resourceData"]["id"], json!(scene.group));
    scene.end().await;
}

#[tokio::test]
async fn notifications_are_held_and_come_in_another_order() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let hold = notifications(Notifications { hold: true, ..Notifications::default() });
    scene.graph.trouble(Some(scene.app), hold.clone());
    let mut people = scene.joined(3);
    let facts = scene.graph.facts(Some(scene.app));
    assert_eq!((&facts["held"], &facts["waiting"]), (&json!(3), &json!(0)));
    assert_eq!(scene.graph.release(Some(scene.app), true), 3);
    people.reverse();
    assert_eq!(named(&subscriber.take(3).await), people.iter().map(|id| json!(id)).collect::<Vec<_>>());
    // whoever ends the trouble lets go of what is held
    let people = scene.joined(1);
    scene.graph.clear(Some(scene.app));
    assert_eq!(named(&subscriber.take(1).await), [json!(people[0])]);
    scene.end().await;
}

#[tokio::test]
async fn a_delay_is_waited_for() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let slow = Notifications { delay_ms: 300, ..Notifications::default() };
    scene.graph.trouble(Some(scene.app), notifications(slow));
    let before = std::time::Instant::now();
    scene.joined(1);
    subscriber.take(1).await;
    assert!(before.elapsed().as_millis() >= 300);
    scene.end().await;
}

/// A group emptied by one notification, and by as many as there were people.
#[tokio::test]
async fn people_are_named_one_by_one_or_all_at_once() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    let app = Some(scene.app);
    for (pack, requests, items) in [(Pack::Batch, 1, 20), (Pack::Merged, 1, 1), (Pack::Single, 20, 20)] {
        let hold = Notifications { pack, hold: true, ..Notifications::default() };
        scene.graph.trouble(app, notifications(hold));
        let people = scene.joined(20);
        scene.graph.release(app, false);
        eventually("all have come", || subscriber.items().len() == items).await;
        assert_eq!(subscriber.requests().len(), requests, "{pack:?}");
        let mut told = named(&subscriber.take(items).await);
        let mut wanted: Vec<Value> = people.iter().map(|id| json!(id)).collect();
        told.sort_by_key(ToString::to_string);
        wanted.sort_by_key(ToString::to_string);
        assert_eq!(told, wanted, "{pack:?}");
    }
    scene.end().await;
}

/// learn: graph/throttling: 429 with `Retry-After`. Only for the application that it is meant for.
#[tokio::test]
async fn graph_throttles_and_is_down() {
    let scene = scene().await;
    let path = format!("groups/{}", scene.group);
    let refuse = |status, times| Refuse { status, retry_after: Some(7), times, path: None };
    let trouble = |refuse| Trouble { refuse: Some(refuse), ..Trouble::default() };
    scene.graph.trouble(Some(scene.app), trouble(refuse(429, Some(1))));
    let other = token(&scene.entra, Uuid::new_v4(), &crate::READER);
    let ask = |token: &str| scene.client.get(scene.url(&path)).bearer_auth(token).send();
    assert_eq!(ask(&other).await.unwrap().status(), 200);
    let answer = ask(&scene.reader).await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(error(crate::read(answer).await), (429, "TooManyRequests".into()));
    assert_eq!(scene.get(&path).await.0, 200);
    scene.graph.trouble(None, trouble(refuse(503, None)));
    scene.graph.clear(Some(scene.app));
    for token in [&other, &scene.reader] {
        assert_eq!(error(crate::read(ask(token).await.unwrap()).await), (503, "serviceNotAvailable".into()));
    }
    scene.graph.clear(None);
    assert_eq!(scene.get(&path).await.0, 200);
    scene.end().await;
}

/// microsoft-graph-docs 6376: answers can lag a change by minutes.
#[tokio::test]
async fn answers_are_as_old_as_they_are_told_to_be() {
    let scene = scene().await;
    let (ada, ben) = (scene.user("ada"), scene.user("ben"));
    let group = scene.group;
    scene.join(group, ada).await;
    let stale = |stale| Trouble { stale: Some(stale), ..Trouble::default() };
    scene.graph.trouble(Some(scene.app), stale(Stale::Frozen));
    scene.join(group, ben).await;
    scene.leave(group, ada).await;
    scene.patch(&scene.admin, &format!("users/{ada}"), json!({"accountEnabled": false})).await;
    let members = format!("groups/{group}/transitiveMembers?$select=id,accountEnabled");
    let ada_then = json!([{"@odata.type": "#microsoft.graph.user", "id": ada, "accountEnabled": true}]);
    assert_eq!(scene.get(&members).await.1["value"], ada_then);
    let check = format!("users/{ben}/checkMemberGroups");
    let check = scene.post(&scene.reader, &check, json!({"groupIds": [group]}));
    assert_eq!(check.await.1["value"], json!([]));
    // everybody and everything was made within the last hour
    scene.graph.trouble(Some(scene.app), stale(Stale::Seconds(3_600)));
    assert_eq!(error(scene.get(&members).await).0, 404);
    scene.graph.trouble(Some(scene.app), stale(Stale::Seconds(0)));
    assert_eq!(scene.get(&members).await.1["value"][0]["id"], json!(ben));
    scene.graph.trouble(Some(scene.app), stale(Stale::Frozen));
    scene.delete(&scene.admin, &format!("groups/{group}")).await;
    assert_eq!(scene.get(&members).await.0, 200);
    scene.graph.clear(None);
    assert_eq!(error(scene.get(&members).await).0, 404);
    scene.end().await;
}

#[tokio::test]
async fn what_was_taken_comes_again_and_what_never_was_is_forged() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    subscriber.subscribe(&scene).await;
    scene.joined(1);
    let first = subscriber.take(1).await;
    assert_eq!(scene.graph.replay(scene.app, 1).await, [Some(202)]);
    assert_eq!(subscriber.take(1).await, first);

    let whose = Whose { app: Some(scene.app), subscription: None };
    let item =
        json!({"clientState": "wrong", "tenantId": null, "resourceData": {"members@delta": [{"id": 7}]}});
    let forgery = Forgery { item, ..Forgery::default() };
    assert_eq!(scene.graph.forge(whose, forgery).await.unwrap(), Some(202));
    let [item] = subscriber.take(1).await.try_into().unwrap();
    assert_eq!((&item["clientState"], item.get("tenantId")), (&json!("wrong"), None));
    assert_eq!(
        (&item["changeType"], named(std::slice::from_ref(&item))),
        (&json!("updated"), vec![json!(7)])
    );

    let url = Some(subscriber.url("elsewhere"));
    let forgery = Forgery { body: Some(json!("{no json")), url, ..Forgery::default() };
    assert_eq!(scene.graph.forge(Whose::default(), forgery).await.unwrap(), Some(202));
    let (path, _, body) = subscriber.requests().pop().unwrap();
    assert_eq!((path.as_str(), body), ("/elsewhere", json!("{no json")));
    scene.graph.lose(whose);
    assert!(scene.graph.forge(whose, Forgery::default()).await.is_err());
    scene.end().await;
}
