//! The executable is killed before and after every request of a sign-in, from the start that begins it to the one
//! that goes on: in the end the workspace starts with a token that is good, or is stopped and says why.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{KILLS, quiet};
use crate::{
    sign_in::{
        pace,
        turns::{code, decide, flow, kept, newcomer, whose},
    },
    world::{Installation, Person, Token, control, eventually, get},
};

/// So many people sign in at once, each killed at another request of theirs; it hits the others, too. One more, and a
/// message could fail five times, which is how often the host tries.
const AT_ONCE: usize = 4;

/// Whose looks move the flow on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Looks {
    /// Nobody calls after the start: the messages on the queue.
    Queue,
    /// The person's own, again and again, beside those.
    Status,
}

/// One row: what is killed, who looks, and what the person does at the provider's page.
#[derive(Clone, Copy, Debug)]
struct Row {
    party: &'static str,
    kill: &'static str,
    looks: Looks,
    does: &'static str,
}

impl Row {
    async fn arm(self, dcaas: &Installation, person: &Person, n: usize) {
        let mut fault = json!({ "party": self.party, "skip": n, "fault": self.kill });
        if self.party == "kubernetes" {
            fault["path"] = json!(person.oid);
        }
        dcaas.fault(fault).await;
    }

    /// Kills at each request of this party, until there are no more of them.
    async fn all(self, dcaas: &Installation) {
        // what other parties are asked for does not say for whom
        let at_once = if self.party == "kubernetes" { AT_ONCE } else { 1 };
        for first in (0..).step_by(at_once) {
            dcaas.clear_faults().await;
            let people = join_all((0..at_once).map(|_| newcomer(dcaas))).await;
            dcaas.reset_gate().await;
            for (n, (person, _)) in people.iter().enumerate() {
                self.arm(dcaas, person, first + n).await;
            }
            let lives = people.iter().enumerate().map(|(n, (person, token))| async move {
                let what = format!("{self:?}, {}", first + n);
                life(dcaas, person, token, self, &what).await;
            });
            join_all(lives).await;
            let requests = dcaas.requests(self.party).await;
            let killed = requests.iter().filter(|request| request.ends_with(" killed")).count();
            if killed == 0 {
                assert!(first > 0, "{self:?}: no request at all");
                return;
            }
        }
    }
}

/// A person signs in and is killed somewhere; how it ends is looked at from outside.
async fn life(dcaas: &Installation, ada: &Person, token: &Token, row: Row, what: &str) {
    let Row { looks, does, .. } = row;
    let shown = eventually(&format!("a code: {what}"), || async {
        let answer = dcaas.start(token, json!({})).await;
        (answer.status == 202).then(|| code(&answer))
    })
    .await;
    let look = || async {
        if looks == Looks::Status {
            dcaas.get(token, "/api/status").await;
        }
    };
    eventually(&format!("a look before the person decides: {what}"), || async {
        look().await;
        (flow(&shown).await["polls"].as_u64() > Some(0)).then_some(())
    })
    .await;
    let account = if does == "approve" { json!({ "as": ada.name }) } else { json!({}) };
    decide(&shown, does, account).await;
    let (replicas, why) = eventually(&format!("the start does not wait: {what}"), || async {
        look().await;
        ended(&ada.set().await?)
    })
    .await;
    eventually(&format!("nothing is left of the flow: {what}"), || async {
        look().await;
        get(&ada.path("secrets/sign-in")).await.is_none().then_some(())
    })
    .await;
    let held = kept(ada, "access_token").await;
    if replicas == 1 {
        assert_eq!(whose(&held.unwrap()).await["account"], ada.name, "{what}");
    } else if does == "approve" {
        // it can not be had a second time
        assert!(held.is_none() && why.contains("brought no token"), "{what}: {why}");
    } else {
        assert!(held.is_none() && why.contains("declined"), "{what}: {why}");
    }
    let status = eventually(&format!("a status: {what}"), || async {
        let answer = dcaas.get(token, "/api/status").await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    // no machine comes for these
    let phases: &[&str] = if replicas == 1 { &["starting", "failed"] } else { &["stopped"] };
    let phase = status["phase"].as_str().unwrap();
    assert!(phases.contains(&phase) && status["signIn"].is_null(), "{what}: {status}");
}

/// Replicas, and why it is stopped; none while a start waits.
fn ended(set: &Value) -> Option<(u64, String)> {
    let replicas = set["spec"]["replicas"].as_u64()?;
    let end = set["metadata"]["annotations"]["dcaas.dev/ended"].as_str().unwrap_or_default();
    (replicas == 1 || end.contains("sign-in")).then(|| (replicas, end.to_owned()))
}

/// The rows of one installation, one after the other.
async fn killed(wish: Value, rows: Vec<Row>) {
    Installation::own(wish, |dcaas| async move {
        pace(&dcaas, 1, 900).await;
        for row in rows {
            row.all(&dcaas).await;
        }
        let all = control("GET", "/sign-ins", json!(null)).await;
        let of_ours = |one: &&Value| one["installation"] == dcaas.name.as_str();
        for one in all.as_array().unwrap().iter().filter(of_ours) {
            // one that was begun and could not be kept any more is polled by nobody
            assert!(one["state"] != "waiting" || one["polls"] == 0, "a second flow: {one}");
            assert_eq!(one["hurried"], 0, "{one}");
        }
        let path = format!("/installations/{}/queues/members-poison", dcaas.name);
        assert_eq!(control("GET", &path, json!(null)).await, json!([]), "messages that were given up");
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_killed_at_any_request_goes_on_by_itself_or_ends_with_a_reason() {
    let wish = quiet(&["killd"]).await;
    let row = |party, kill| Row { party, kill, looks: Looks::Queue, does: "approve" };
    let [before, after] = KILLS;
    tokio::join!(
        killed(wish.clone(), vec![row("kubernetes", before)]),
        killed(wish.clone(), vec![row("kubernetes", after)]),
        killed(wish.clone(), vec![row("github", before), row("queue", before)]),
        killed(wish, vec![row("github", after), row("queue", after)]),
    );
}

#[tokio::test]
async fn a_sign_in_killed_while_the_person_looks_goes_on_or_ends_with_a_reason() {
    let wish = quiet(&["kille"]).await;
    let row = |party, kill, does| Row { party, kill, looks: Looks::Status, does };
    let [before, after] = KILLS;
    tokio::join!(
        killed(wish.clone(), vec![row("kubernetes", before, "approve")]),
        killed(wish.clone(), vec![row("kubernetes", after, "approve")]),
        killed(wish, vec![row("kubernetes", after, "decline"), row("github", after, "approve")]),
    );
}

#[tokio::test]
async fn a_sign_in_whose_messages_are_given_up_does_not_wait_for_ever() {
    Installation::own(quiet(&["killf"]).await, |dcaas| async move {
        pace(&dcaas, 1, 15).await;
        let (ada, token) = newcomer(&dcaas).await;
        code(&dcaas.start(&token, json!({})).await);
        // a cluster that is down for longer than the host tries
        let down = json!({ "status": 500 });
        dcaas.fault(json!({ "party": "kubernetes", "times": null, "path": ada.oid, "fault": down })).await;
        let poison = format!("/installations/{}/queues/members-poison", dcaas.name);
        eventually("the message is given up", || async {
            (control("GET", &poison, json!(null)).await != json!([])).then_some(())
        })
        .await;
        dcaas.clear_faults().await;
        // nobody calls
        let (replicas, why) = eventually("the start ends", || async { ended(&ada.set().await?) }).await;
        assert!(replicas == 0 && why.contains("not used in time"), "{why}");
        eventually("nothing is left of the flow", || async {
            get(&ada.path("secrets/sign-in")).await.is_none().then_some(())
        })
        .await;
    })
    .await;
}
