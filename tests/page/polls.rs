//! How often the page asks: often while something changes, seldom otherwise, and never while nobody looks.

use serde_json::json;

use super::{Browser, with_page};
use crate::{tunnel::until_says, world::Inside};

const STATUS: &str = "/api/status";
const REJECTED: &str = "the sign-in is no longer valid";

#[tokio::test]
async fn it_asks_seldom_when_nothing_changes_and_never_when_nobody_looks() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        // from here on the page's time is the test's
        page.does(json!({ "do": "clock" })).await;
        page.open("/").await;
        page.says("#phase", "Off").await;
        let before = page.asked(STATUS, 1).await;
        // a workspace that is off changes by nobody but its person
        page.does(json!({ "do": "passes", "seconds": 55 })).await;
        assert_eq!(page.asked(STATUS, 0).await, before);
        page.does(json!({ "do": "passes", "seconds": 10 })).await;
        assert_eq!(page.asked(STATUS, before + 1).await, before + 1);

        page.does(json!({ "do": "hide", "hidden": true })).await;
        page.does(json!({ "do": "passes", "seconds": 3600 })).await;
        page.does(json!({ "do": "hide", "hidden": false })).await;
        assert_eq!(
            page.asked(STATUS, before + 2).await,
            before + 2,
            "only who looks again is told what is now"
        );

        // while it starts, as often as the server says
        page.click("button", "Start").await;
        page.says("#steps-title", "").await;
        let before = page.asked(STATUS, 0).await;
        page.does(json!({ "do": "passes", "seconds": 6 })).await;
        assert_eq!(page.asked(STATUS, before + 1).await, before + 1);
        page.nothing_wrong().await;
        dcaas.stop(&ada.token().await).await;
    })
    .await;
}

#[tokio::test]
async fn it_asks_soon_again_while_a_workspace_that_runs_can_not_be_reached() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let (_, inside) = Inside::started(&dcaas, &token).await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.does(json!({ "do": "clock" })).await;
        page.open("/").await;
        page.see("link", "Open in the browser").await;
        let before = page.asked(STATUS, 1).await;
        page.does(json!({ "do": "passes", "seconds": 55 })).await;
        assert_eq!(page.asked(STATUS, 0).await, before, "nothing changes");

        inside.fault("reject-token", true);
        until_says(&dcaas, &token, REJECTED).await;
        page.does(json!({ "do": "passes", "seconds": 10 })).await;
        page.says("#says", REJECTED).await;
        let before = page.asked(STATUS, 0).await;
        page.does(json!({ "do": "passes", "seconds": 16 })).await;
        assert_eq!(page.asked(STATUS, before + 1).await, before + 1);
        page.nothing_wrong().await;
        dcaas.stop(&token).await;
    })
    .await;
}
