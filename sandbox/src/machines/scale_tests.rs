//! Tables for the autoscaler's decision.

use super::{
    fit::Shape,
    pools::{self, Pool, Resources},
    scale::{Closed, Delays, Seen, State, Step, Waiting, decide},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

fn two_pools() -> Vec<Pool> {
    pools::pools(
        r#"[{"name":"steady","cpu":"4","memory":"16Gi","gpus":1,
             "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"},
             "tolerations":[{"key":"sku","operator":"Equal","value":"gpu","effect":"NoSchedule"}]},
            {"name":"brief","cpu":"1","memory":"1Gi","nodeSelector":{"kubernetes.azure.com/agentpool":"brief"}}]"#,
    )
    .unwrap()
}

fn pod(uid: &str, pool: &str) -> Waiting {
    let selector = [("kubernetes.azure.com/agentpool".to_owned(), pool.to_owned())].into();
    let toleration = serde_json::from_str(r#"{"key":"sku","operator":"Exists"}"#).unwrap();
    let asks = Resources { cpu: 1000, memory: 1000, gpus: 0 };
    Waiting { uid: uid.into(), shape: Shape { selector, tolerations: vec![toleration], asks } }
}

fn machine(node: &str, state: State, pods: usize, empty_since: Instant, kept_for: Option<&str>) -> Seen {
    let (node, pool, kept_for) = (node.into(), "steady".into(), kept_for.map(Into::into));
    Seen { node, pool, state, pods, empty_since, kept_for }
}

fn bring(pod: &str, from: usize) -> Step {
    Step::Bring { pool: "steady".into(), pod: pod.into(), from, to: from + 1, max: pools::MAX_MACHINES }
}

fn refuse(text: &str) -> Vec<Step> {
    vec![Step::Refuse { pod: "a".into(), text: format!("pod didn't trigger scale-up: {text}") }]
}

#[test]
fn each_pod_that_waits_brings_one_machine_and_only_one() {
    let now = Instant::now();
    let decide = |machines: &[Seen], waiting: &[Waiting]| {
        decide(&two_pools(), machines, waiting, &BTreeMap::new(), &Delays::FAST, now)
    };
    let two = [pod("a", "steady"), pod("b", "steady")];
    assert_eq!(decide(&[], &two), [bring("a", 0), bring("b", 1)]);
    let coming = machine("n0", State::Coming, 0, now, Some("a"));
    assert_eq!(decide(std::slice::from_ref(&coming), &two), [bring("b", 1)]);
    assert_eq!(decide(&[coming], &two[..1]), []);
    let orphan = machine("n0", State::Coming, 0, now, Some("gone"));
    assert_eq!(decide(&[orphan], &two[..1]), [Step::Keep { node: "n0".into(), pod: "a".into() }]);
}

#[test]
fn a_machine_that_a_pod_did_not_take_does_not_count_for_it() {
    let start = Instant::now();
    let now = start + Duration::from_secs(60);
    let waiting = [pod("a", "steady")];
    let decide =
        |machines: &[Seen]| decide(&two_pools(), machines, &waiting, &BTreeMap::new(), &Delays::USUAL, now);
    let fresh = State::Ready { since: now };
    assert_eq!(decide(&[machine("n0", fresh, 0, now, Some("a"))]), []);
    let old = State::Ready { since: start };
    assert_eq!(decide(&[machine("n0", old, 0, start, Some("a"))]), [bring("a", 1)]);
    assert_eq!(decide(&[machine("n0", old, 1, start, None)]), [bring("a", 1)]);
    assert_eq!(decide(&[machine("n0", State::Lost { since: now }, 0, now, None)]), [bring("a", 1)]);
}

#[test]
fn what_brings_no_machine_is_told_in_the_autoscalers_words() {
    let now = Instant::now();
    let say = |waiting: Waiting, closed: &[(&str, Closed)]| {
        let closed = closed.iter().map(|(pool, closed)| ((*pool).to_owned(), *closed)).collect();
        decide(&two_pools(), &[], &[waiting], &closed, &Delays::FAST, now)
    };
    let other = "1 node(s) didn't match Pod's node affinity/selector";
    assert_eq!(
        say(pod("a", "steady"), &[("steady", Closed::Backoff)]),
        refuse(&format!("1 in backoff after failed scale-up, {other}"))
    );
    assert_eq!(
        say(pod("a", "steady"), &[("steady", Closed::Full)]),
        refuse(&format!("1 max node group size reached, {other}"))
    );
    let mut strict = pod("a", "steady");
    strict.shape.tolerations.clear();
    assert_eq!(say(strict, &[]), refuse(&format!("1 node(s) had untolerated taint {{sku: gpu}}, {other}")));
    assert_eq!(say(pod("a", "nowhere"), &[]), refuse("2 node(s) didn't match Pod's node affinity/selector"));
}

#[test]
fn a_machine_nobody_needs_goes_and_one_that_somebody_needs_stays() {
    let start = Instant::now();
    let now = start + Duration::from_secs(400);
    let old = State::Ready { since: start };
    let recently = now - Duration::from_secs(30);
    let table = [
        (machine("n", old, 0, start, None), vec![Step::Remove { node: "n".into() }]),
        (machine("n", old, 1, start, None), vec![]),
        (machine("n", old, 0, recently, None), vec![]),
        (machine("n", State::Coming, 0, start, None), vec![]),
        (machine("n", State::Going, 0, start, None), vec![]),
        (machine("n", State::Lost { since: start }, 1, start, None), vec![Step::Forget { node: "n".into() }]),
        (machine("n", State::Lost { since: recently }, 0, start, None), vec![]),
    ];
    for (row, (machine, expected)) in table.into_iter().enumerate() {
        let steps = decide(&two_pools(), &[machine], &[], &BTreeMap::new(), &Delays::USUAL, now);
        assert_eq!(steps, expected, "row {row}");
    }
}

#[test]
fn a_pool_has_no_more_machines_than_its_maximum() {
    let now = Instant::now();
    let machines: Vec<Seen> =
        (0..pools::MAX_MACHINES).map(|n| machine(&n.to_string(), State::Coming, 1, now, Some("x"))).collect();
    let machines: Vec<Seen> =
        machines.into_iter().map(|machine| Seen { state: State::Ready { since: now }, ..machine }).collect();
    let steps = decide(&two_pools(), &machines, &[pod("a", "steady")], &BTreeMap::new(), &Delays::FAST, now);
    assert_eq!(
        steps,
        refuse("1 max node group size reached, 1 node(s) didn't match Pod's node affinity/selector")
    );
}
