//! A laptop that falls asleep: its connections say no goodbye, and after a while the relay gives them up.

use super::*;

#[tokio::test]
async fn a_laptop_that_sleeps_is_no_use_before_and_after_it_is_given_up_and_comes_back_when_it_wakes() {
    let Some(mut ada) = Runs::begin().await else { return };
    ada.open().await;
    ada.connections("sleep").await;
    let asleep = ada.rest(&USE, ada.line().at).await;
    // that nobody is there, nobody can know yet
    ada.sees("presence", asleep + LONG_ENOUGH).await;
    ada.connections("cut").await;
    ada.alone().await;
    assert!(ada.runs("--type=extensionHost"), "it waits for its window: {:?}", ada.inside.processes());
    let given_up = ada.line().at;
    let last = ada.rest(&[&USE[..], &["presence"]].concat(), given_up).await;
    assert_eq!(last, given_up, "nobody was there after it");
    ada.connections("wake").await;
    ada.sees("presence", given_up).await;
    ada.end().await;
}
