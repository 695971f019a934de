//! The executable is killed before and after every single request of a provision, a start and a stop: the message
//! comes again, or the caller asks again, and the end is as if nothing had been.

mod leaving;
mod sign_ins;
pub mod things;

use serde_json::{Value, json};

use crate::world::{Answer, Installation, Person, Token, break_machines, eventually, with_profiles};
use things::{things, workspace};

/// Before the party has seen the request, and after it has answered: the executable learns nothing in both.
const KILLS: [&str; 2] = ["kill-before", "kill-after"];

/// The parties of a call; the last two are asked once by a new process, and their answers kept.
const ALL: [&str; 3] = ["kubernetes", "identity", "entra"];

/// The place of one kill: at the request to this party that comes after so many others.
#[derive(Clone, Copy, Debug)]
struct Place {
    party: &'static str,
    kill: &'static str,
    n: usize,
}

impl Place {
    /// Lets the kill come. Only requests about this person count, where the party can tell.
    async fn arm(self, dcaas: &Installation, person: &Person) {
        dcaas.clear_faults().await;
        dcaas.reset_gate().await;
        let Self { party, kill, n } = self;
        let mut fault = json!({ "party": party, "skip": n, "fault": kill });
        match party {
            "kubernetes" | "blob" => fault["path"] = json!(person.oid),
            // tokens and keys are kept: only a new process asks for them
            _ => dcaas.kill().await,
        }
        dcaas.fault(fault).await;
    }

    /// Whether it came.
    async fn has_hit(self, dcaas: &Installation) -> bool {
        dcaas.requests(self.party).await.iter().any(|request| request.ends_with(" killed"))
    }
}

/// So many requests a party gets about a person when nothing happens, without those that are only repeated until
/// a new role binding counts.
async fn requests(dcaas: &Installation, party: &str, person: &Person) -> usize {
    let counts = |request: &&String| request.contains(&person.oid) && !request.ends_with(" 403");
    dcaas.requests(party).await.iter().filter(counts).count()
}

/// Provisions somebody; they are told when the log says that it is done.
async fn provision(dcaas: &Installation, person: &Person) {
    dcaas.enqueue(person).await;
    let done = format!("provisioned {}", person.oid);
    eventually("the member is provisioned", || async { dcaas.log().await.contains(&done).then_some(()) })
        .await;
}

/// Kills at this party's requests, one after the other, until there are no more: from `first` on, in steps.
async fn provision_killed(parties: &[&'static str], kill: &'static str, first: usize, step: usize) {
    Installation::own(json!({}), |dcaas| async move {
        let undisturbed = dcaas.person().await;
        provision(&dcaas, &undisturbed).await;
        let wanted = things(&undisturbed).await;
        assert!(wanted.values().all(|thing| !thing.is_null()), "{wanted:#?}");
        for &party in parties {
            let count = requests(&dcaas, party, &undisturbed).await;
            let mut n = first;
            loop {
                let place = Place { party, kill, n };
                let person = dcaas.person().await;
                place.arm(&dcaas, &person).await;
                provision(&dcaas, &person).await;
                assert_eq!(things(&person).await, wanted, "{place:?}");
                if !place.has_hit(&dcaas).await {
                    break;
                }
                let again = dcaas.requests("blob").await;
                let made = again.iter().rfind(|request| request.contains(&person.oid)).unwrap();
                assert!(made.ends_with(" 201") || made.ends_with(" 409"), "{place:?}: {again:?}");
                n += step;
            }
            assert!(n >= count, "{party}: {n} kills for {count} requests");
        }
    })
    .await;
}

#[tokio::test]
async fn a_provision_killed_at_any_request_comes_to_the_same_end() {
    // four at a time: a kill hits everything that its installation does
    tokio::join!(
        provision_killed(&["kubernetes"], KILLS[0], 0, 2),
        provision_killed(&["kubernetes"], KILLS[0], 1, 2),
        provision_killed(&["kubernetes"], KILLS[1], 0, 2),
        provision_killed(&["kubernetes"], KILLS[1], 1, 2),
        provision_killed(&["blob", "identity"], KILLS[0], 0, 1),
        provision_killed(&["blob", "identity"], KILLS[1], 0, 1),
    );
}

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Start(&'static str),
    Stop,
}

impl Ask {
    async fn once(self, dcaas: &Installation, token: &Token) -> Answer {
        match self {
            Self::Start(profile) => dcaas.start(token, json!({ "profile": profile })).await,
            Self::Stop => dcaas.stop(token).await,
        }
    }

    /// Asks until it is granted: a caller whose request broke off asks again.
    async fn until_granted(self, dcaas: &Installation, token: &Token) -> Value {
        let what = format!("{self:?} is granted");
        let granted = eventually(&what, || async {
            let answer = self.once(dcaas, token).await;
            if answer.status == 500 {
                assert_eq!(answer.text, "", "the host's own answer, not a problem of ours");
            }
            [200, 202].contains(&answer.status).then_some(answer)
        });
        granted.await.json()
    }
}

/// Waits until the cluster has done what the StatefulSet says; what it says then.
async fn settled(person: &Person, what: &str) -> Value {
    eventually(what, || async {
        let set = person.set().await?;
        let wished = set["spec"]["replicas"].as_i64()?;
        let session = &set["spec"]["template"]["metadata"]["labels"]["dcaas.dev/session"];
        let pods = person.pods().await;
        let ours = pods.iter().all(|pod| pod["metadata"]["labels"]["dcaas.dev/session"] == *session);
        (ours && i64::try_from(pods.len()) == Ok(wished)).then_some(set)
    })
    .await
}

/// Brings a person's workspace to where `before` leads, asks for `ask`, and is killed at every request of it.
async fn asked_and_killed(wish: Value, before: Vec<Ask>, ask: Ask, parties: &[&'static str]) {
    Installation::own(wish, |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        let to_the_beginning = async || {
            dcaas.clear_faults().await;
            for ask in &before {
                ask.until_granted(&dcaas, &token).await;
                settled(&person, "the beginning").await;
            }
        };
        to_the_beginning().await;
        ask.until_granted(&dcaas, &token).await;
        settled(&person, "the undisturbed end").await;
        let wanted = workspace(&person).await;
        for &party in parties {
            for kill in KILLS {
                for n in 0.. {
                    let place = Place { party, kill, n };
                    to_the_beginning().await;
                    place.arm(&dcaas, &person).await;
                    let told = ask.until_granted(&dcaas, &token).await;
                    let what = format!("{before:?}, {ask:?}, {place:?}");
                    let set = settled(&person, &what).await;
                    let on = matches!(ask, Ask::Start(_));
                    assert_eq!(set["spec"]["replicas"], i32::from(on), "{what}");
                    let session = &set["spec"]["template"]["metadata"]["labels"]["dcaas.dev/session"];
                    assert_eq!(told["session"], *session, "{what}: {told}");
                    assert_eq!(workspace(&person).await, wanted, "{what}");
                    if !place.has_hit(&dcaas).await {
                        assert!(n > 0, "{what}: no request at all");
                        break;
                    }
                }
            }
        }
        dcaas.clear_faults().await;
        Ask::Stop.until_granted(&dcaas, &token).await;
    })
    .await;
}

/// No machine ever comes for these, so that nothing but the cluster is waited for.
async fn quiet(names: &[&str]) -> Value {
    let wish = with_profiles(names);
    // a pool is known from the first installation on that asks for it
    Installation::own(wish.clone(), |_| async {}).await;
    for name in names {
        break_machines(name, "max-reached").await;
    }
    wish
}

#[tokio::test]
async fn a_start_killed_at_any_request_comes_to_the_same_end() {
    let wish = quiet(&["killa", "killb"]).await;
    let (a, b) = (Ask::Start("killa"), Ask::Start("killb"));
    tokio::join!(
        asked_and_killed(wish.clone(), vec![Ask::Stop], a, &ALL),
        // takes the place of one that has not run: ends it, starts, and lets the old pod go
        asked_and_killed(wish.clone(), vec![Ask::Stop, b], a, &ALL[..1]),
        asked_and_killed(wish, vec![Ask::Stop, a], a, &ALL[..1]),
    );
}

#[tokio::test]
async fn a_stop_killed_at_any_request_comes_to_the_same_end() {
    let wish = quiet(&["killc"]).await;
    let start = Ask::Start("killc");
    tokio::join!(
        asked_and_killed(wish.clone(), vec![start], Ask::Stop, &ALL),
        asked_and_killed(wish, vec![start, Ask::Stop], Ask::Stop, &ALL[..1]),
    );
}
