//! What does not go as wished: each time the page says why, and what to do next.

use serde_json::json;

use super::{Browser, at_the_provider, newcomer, with_page};
use crate::world::{Installation, Person, break_machines, kubernetes, mend_machines, sign_in, with_profiles};

#[tokio::test]
async fn a_code_that_ran_out_and_one_that_was_declined_end_the_start_with_the_reason() {
    with_page(async |dcaas| {
        let ada = newcomer(&dcaas).await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        for (does, reason, name) in
            [("expire", "was not used in time", "expired"), ("decline", "was declined", "declined")]
        {
            page.click("button", "Start").await;
            page.says("#phase", "Waiting for you").await;
            page.see("button", "Copy the code").await;
            let code = page.text("#code").await;
            at_the_provider(&code, does).await;
            page.says("#phase", "Off").await;
            page.gone("button", "Copy the code").await;
            page.says("#says", reason).await;
            page.see("button", "Start").await;
            page.state(name).await;
            assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
        }
        page.nothing_wrong().await;
    })
    .await;
}

#[tokio::test]
async fn a_start_that_is_not_allowed_says_why_and_what_to_do() {
    with_page(async |dcaas| {
        let ada = newcomer(&dcaas).await;
        sign_in(&ada).await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.says("#phase", "Off").await;
        // after the page has offered it
        let closed = json!({ "metadata": { "annotations": { "dcaas.dev/profiles": "brief" } } });
        kubernetes("PATCH", &ada.set_path(), closed).await.unwrap();
        page.does(json!({ "do": "click", "css": "input[value=steady]" })).await;
        page.click("button", "Start").await;
        page.says("#problem", "The profile 'steady' is not open to you.").await;
        page.says("#problem-next", "Choose one of: brief.").await;
        page.state("denied").await;
        // it offers what is open, and what is said goes when something has worked
        page.open("/").await;
        page.says("#phase", "Off").await;
        page.says("fieldset", "Not open to you: steady.").await;
        page.nothing_wrong().await;
    })
    .await;
}

#[tokio::test]
async fn a_stranger_learns_whom_to_ask_and_a_session_that_is_over_how_to_go_on() {
    with_page(async |dcaas| {
        let eve = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
        let Some(mut page) = Browser::of(&dcaas, &eve).await else { return };
        page.says("#problem", "You have no workspace here.").await;
        page.says("#problem-next", "Ask an admin to add you").await;
        page.gone("button", "Start").await;
        page.state("stranger").await;
        page.does(json!({ "do": "forget" })).await;
        page.does(json!({ "do": "hide", "hidden": true })).await;
        page.does(json!({ "do": "hide", "hidden": false })).await;
        page.says("#problem", "Your sign-in to this page has ended.").await;
        page.state("session-over").await;
        page.click("link", "Sign in again").await;
        page.does(json!({ "do": "see", "label": "Account" })).await;
        page.nothing_wrong().await;
    })
    .await;
}

#[tokio::test]
async fn a_start_that_is_stuck_says_so_and_goes_on() {
    let mut wish = with_profiles(&["pagestuck"]);
    wish["easy_auth"] = json!(true);
    Installation::own(wish, |dcaas| async move {
        let ada = dcaas.member().await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        break_machines("pagestuck", "no-stock").await;
        page.click("button", "Start").await;
        page.says("#steps-title", "").await;
        page.state("starting").await;
        page.says("#phase", "Stuck").await;
        page.says("#says", "The cloud gives no machine of this size just now").await;
        page.see("button", "Stop").await;
        page.says("#steps-title", "Starting for").await;
        page.state("stuck").await;
        mend_machines("pagestuck").await;
        page.says("#phase", "Running").await;
        page.says("#steps-title", "The start took").await;
        page.nothing_wrong().await;
    })
    .await;
}
