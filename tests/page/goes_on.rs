//! What goes on by itself or with one press: a log whose container began anew, a tunnel whose sign-in counts no more.

use nix::sys::signal::Signal::SIGKILL;

use super::{Browser, at_the_provider, with_page};
use crate::world::Inside;

#[tokio::test]
async fn a_log_goes_on_after_a_restart_and_a_rejected_sign_in_is_made_anew() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        let (status, inside) = Inside::started(&dcaas, &token).await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.says("#phase", "Running").await;
        page.click("button", "Show it").await;
        inside.print("before the restart");
        page.says("#lines", "before the restart").await;
        inside.signal(SIGKILL).unwrap();
        let inside = inside.next(&status).await;
        inside.print("after the restart");
        page.says("#lines", "after the restart").await;

        page.see("link", "Open in the browser").await;
        inside.fault("reject-token", true);
        page.says("#says", "the sign-in is no longer valid").await;
        page.gone("link", "Open in the browser").await;
        inside.fault("reject-token", false);
        page.state("rejected").await;
        page.click("button", "Sign in to the tunnel anew").await;
        page.see("button", "Copy the code").await;
        page.gone("button", "Sign in to the tunnel anew").await;
        at_the_provider(&page.text("#code").await, "approve").await;
        page.see("link", "Open in the browser").await;
        assert_eq!(dcaas.status(&token).await["session"], status["session"], "what runs goes on");
        page.nothing_wrong().await;
        dcaas.stop(&token).await;
    })
    .await;
}
