//! The API server refuses, breaks off or is silent: tried again within bounds, then a clear problem.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Call, about, hits, provisioned, unavailable};
use crate::world::{Installation, Person, Token, break_machines, cluster_faults, eventually, with_profiles};

/// How often it does so where it is only a short trouble: a hanging request costs ten seconds each time.
fn short(end: &str) -> u32 {
    if end == "hang" { 1 } else { 2 }
}

/// One call that meets one fault; everybody has a workspace of their own, so that all can be tried at once.
struct Case {
    call: Call,
    fault: Value,
    end: &'static str,
    person: Person,
    token: Token,
}

async fn case(dcaas: &Installation, call: Call, fault: Value, end: &'static str) -> Case {
    let person = dcaas.member().await;
    let token = person.token().await;
    if call != Call::Start {
        assert!(Call::Start.is_good(&Call::Start.ask(dcaas, &token).await));
    }
    Case { call, fault, end, person, token }
}

/// The wish for an installation whose machines never come, so that nothing but the cluster is waited for.
async fn quiet(pool: &str) -> Value {
    let wish = with_profiles(&[pool]);
    Installation::own(wish.clone(), |_| async {}).await;
    break_machines(pool, "max-reached").await;
    wish
}

#[tokio::test]
async fn a_call_outlasts_a_short_trouble_and_tells_a_long_one() {
    Installation::own(quiet("badcalls").await, |dcaas| async move {
        let dcaas = &dcaas;
        let mut wanted = Vec::new();
        for (fault, end) in cluster_faults() {
            wanted.extend(Call::ALL.map(|call| case(dcaas, call, fault.clone(), end)));
        }
        let cases = join_all(wanted).await;

        join_all(cases.iter().map(async |case| {
            let times = short(case.end);
            about(dcaas, &case.person, &case.fault, Some(times)).await;
            let answer = case.call.ask(dcaas, &case.token).await;
            let what = format!("{:?} after {times} times {}: {}", case.call, case.end, answer.text);
            assert!(case.call.is_good(&answer), "{what}");
            assert_eq!(hits(dcaas, &case.person, case.end).await, times as usize, "{what}");
        }))
        .await;

        // now it does not go away: who was started is asked to stop, and the other way round
        let other = |call| match call {
            Call::Start => Call::Stop,
            Call::Stop => Call::Start,
            Call::Status => Call::Status,
        };
        join_all(cases.iter().map(async |case| {
            let before = case.person.set().await.unwrap()["spec"].clone();
            about(dcaas, &case.person, &case.fault, None).await;
            unavailable(&other(case.call).ask(dcaas, &case.token).await, "cluster-unavailable");
            assert_eq!(case.person.set().await.unwrap()["spec"], before);
        }))
        .await;

        dcaas.clear_faults().await;
        join_all(cases.iter().map(async |case| {
            let answer = other(case.call).ask(dcaas, &case.token).await;
            assert!(other(case.call).is_good(&answer), "{:?} after {}: {}", case.call, case.end, answer.text);
        }))
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_long_wait_is_the_callers_and_no_part_of_a_look_is_left_out() {
    Installation::own(quiet("badlooks").await, |dcaas| async move {
        let person = dcaas.member().await;
        let token = person.token().await;
        let long = json!({ "status": 429, "retry_after": 60 });
        about(&dcaas, &person, &long, None).await;
        for call in Call::ALL {
            dcaas.reset_gate().await;
            unavailable(&call.ask(&dcaas, &token).await, "cluster-unavailable");
            assert_eq!(hits(&dcaas, &person, "429").await, 1, "{call:?} is not tried again");
        }
        dcaas.clear_faults().await;

        assert!(Call::Start.is_good(&Call::Start.ask(&dcaas, &token).await));
        dcaas.until(&token, "failed").await;
        for part in ["/statefulsets", "/pods", "/events"] {
            let path = format!("/namespaces/{}{part}", person.namespace());
            dcaas.fault(json!({ "party": "kubernetes", "path": path, "times": null, "fault": long })).await;
            unavailable(&Call::Status.ask(&dcaas, &token).await, "cluster-unavailable");
            dcaas.clear_faults().await;
        }
        assert!(Call::Stop.is_good(&Call::Stop.ask(&dcaas, &token).await));
    })
    .await;
}

#[tokio::test]
async fn a_provision_outlasts_a_short_trouble_and_its_message_a_long_one() {
    Installation::own(json!({}), |dcaas| async move {
        let dcaas = &dcaas;
        join_all(cluster_faults().iter().map(async |(fault, end)| {
            let person = dcaas.person().await;
            about(dcaas, &person, fault, Some(short(end))).await;
            dcaas.enqueue(&person).await;
            provisioned(dcaas, &person).await;
            assert_eq!(hits(dcaas, &person, end).await, short(end) as usize, "{end}");
        }))
        .await;
        assert!(!dcaas.log().await.contains("cluster-unavailable"), "no message had to come twice");

        let people = join_all(cluster_faults().iter().map(async |(fault, end)| {
            let person = dcaas.person().await;
            about(dcaas, &person, fault, None).await;
            dcaas.enqueue(&person).await;
            // all the tries of a request, so that the message has failed; but not so long that it is poison
            let tries = if *end == "hang" { 3 } else { 6 };
            eventually("it is given up", || async {
                (hits(dcaas, &person, end).await >= tries).then_some(())
            })
            .await;
            person
        }))
        .await;
        assert!(dcaas.log().await.contains("cluster-unavailable"));
        assert!(join_all(people.iter().map(Person::set)).await.iter().all(Option::is_none));
        dcaas.clear_faults().await;
        join_all(people.iter().map(|person| provisioned(dcaas, person))).await;
    })
    .await;
}
