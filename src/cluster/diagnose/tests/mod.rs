//! Tables of real messages, each with the phase, the sentence and the next step that a person gets. Above a
//! message stands where it comes from: a project's file, or an issue in which somebody pasted it.

#[rustfmt::skip]
mod containers;
#[rustfmt::skip]
mod machines;
#[rustfmt::skip]
mod placing;
#[rustfmt::skip]
mod preparing;
#[rustfmt::skip]
mod running;
mod case;
mod listed;
mod make;
mod state;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Event, Pod};

use self::{
    case::{Case, ago, now},
    make::{running as running_case, unscheduled},
};
use super::{container, diagnose, event, image, refusal};
use crate::{
    cluster::observe,
    domain::{link::LinkState, situation::Phase},
};

fn all() -> Vec<Case> {
    let tables = [
        placing::rows(),
        preparing::rows(),
        containers::images(),
        containers::rows(),
        machines::rows(),
        machines::refusals(),
        running::rows(),
        running::off(),
    ];
    tables.into_iter().flatten().collect()
}

#[test]
fn every_row_says_what_it_should() {
    assert_eq!(diagnose(None, now()).phase, Phase::Absent);
    for case in all() {
        case.check();
    }
}

#[test]
fn the_order_of_events_does_not_matter() {
    for mut case in all() {
        case.events.reverse();
        case.check();
    }
}

#[test]
fn sentences_are_for_people() {
    let jargon =
        ["node", "pod", "pvc", "claim", "taint", "kubelet", "statefulset", "toleration", "oom", "csi"];
    for case in all() {
        let situation = case.situation();
        let (says, next) = (situation.says, situation.next.unwrap_or_default());
        let words = format!("{says} {next}").to_lowercase();
        // an image's name and a rule's words are not ours
        let found = words
            .split(|c: char| !c.is_alphabetic())
            .find(|word| jargon.contains(word) || jargon.contains(&word.trim_end_matches('s')));
        assert_eq!(found, None, "{}: {words}", case.name);
        assert!(says.ends_with('.'), "{}: {says}", case.name);
        assert!(next.is_empty() || next.ends_with('.'), "{}: {next}", case.name);
        let silent = situation.phase == Phase::Failed && next.is_empty();
        assert!(!silent, "{}: a failure without a next step", case.name);
    }
}

#[test]
fn every_row_of_the_tables_is_met() {
    let (mut met, mut pulls, mut begins, mut refusals) =
        ([(); 3].map(|()| BTreeSet::new()), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let tables = [super::placing::PLACING, super::placing::SCHEDULING, super::preparing::PREPARING];
    for case in all() {
        for value in &case.events {
            let event: Event = serde_json::from_value(value.clone()).unwrap();
            for (table, met) in tables.iter().zip(&mut met) {
                met.extend(event::find(table, &event));
            }
            if event::reason(&event) == "FailedCreate" {
                refusals.insert(refusal::find(event::message(&event)));
            }
        }
        for value in &case.pods {
            let pod: Pod = serde_json::from_value(value.clone()).unwrap();
            let Some(workspace) = observe::container(&pod) else {
                continue;
            };
            for state in [&workspace.state, &workspace.last_state].into_iter().flatten() {
                let waits = state.waiting.as_ref().and_then(|w| w.message.as_deref());
                let ended = state.terminated.as_ref().and_then(|t| t.message.as_deref());
                if let Some(words) = waits.or(ended) {
                    pulls.insert(image::find(words, &workspace.image));
                    begins.insert(container::begin(words));
                }
            }
        }
    }
    for (table, met) in tables.iter().zip(&met) {
        let missed: Vec<_> =
            (0..table.len()).filter(|row| !met.contains(row)).map(|row| &table[row]).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }
    assert_eq!(pulls, (0..image::PULLING.len()).collect());
    assert_eq!(begins, (0..container::BEGINNING.len()).collect());
    assert_eq!(refusals, (0..refusal::REFUSALS.len()).collect());
}

#[test]
fn an_image_called_denied_is_not_denied() {
    let row = |words: &str, image: &str| image::PULLING[image::find(words, image)].1;
    let words =
        "failed to resolve reference \"docker.io/library/denied:1\": docker.io/library/denied:1: not found";
    assert_eq!(row(words, "denied:1"), "There is no image '{}'.");
    assert_eq!(
        row("Failed to pull image \"forbidden:1\": EOF", "forbidden:1"),
        "The image '{}' can not be pulled."
    );
    assert_eq!(row("", ""), "The image '{}' can not be pulled.");
}

#[test]
fn a_wait_says_since_when_and_how_long_it_usually_takes() {
    let waits = unscheduled("waits").event("TriggeredScaleUp", "pod triggered scale-up").situation();
    assert_eq!(waits.since, Some(ago(115)));
    assert_eq!(waits.usually, Some("3 to 10 minutes"));
}

#[test]
fn nothing_is_since_the_future() {
    let line = || running_case("a clock that is ahead", 900);
    for state in LinkState::ALL {
        let since = line().line(-7200, state, -7200, "").situation().since;
        assert_eq!(since, Some(now()), "{state:?}");
    }
}
