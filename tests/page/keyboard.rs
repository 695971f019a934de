//! The keyboard alone: everything is reached, and the focus is never lost.

use super::{Browser, with_page};

#[tokio::test]
async fn a_workspace_is_started_and_stopped_with_the_keyboard_alone() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.says("#phase", "Off").await;
        page.press("Tab").await;
        assert_eq!(page.focused().await, "Skip to your workspace");
        page.press("Enter").await;
        // the choice among sizes is one stop, with the arrows in it
        page.tab_to("brief").await;
        page.press("ArrowUp").await;
        assert_eq!(page.focused().await, "steady");
        page.tab_to("go").await;
        page.press("Enter").await;
        // the button has gone: the focus is on what is said now
        page.says("#steps-title", "").await;
        page.says("#says:focus", "").await;
        page.says("#phase", "Running").await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 1);
        page.tab_to("browser").await;
        page.tab_to("desktop").await;
        page.tab_to("stop").await;
        page.press("Enter").await;
        page.see("heading", "Stop your workspace?").await;
        // Escape is no, and leads back
        page.press("Escape").await;
        page.gone("heading", "Stop your workspace?").await;
        assert_eq!(page.focused().await, "stop");
        // a button that stays keeps the focus
        page.tab_to("1 hour").await;
        page.press("Enter").await;
        page.says("#told", "It is kept until").await;
        assert_eq!(page.focused().await, "1 hour");
        page.press("Shift+Tab").await;
        assert_eq!(page.focused().await, "stop");
        page.press("Enter").await;
        page.see("heading", "Stop your workspace?").await;
        page.press("Enter").await;
        page.says("#phase", "Off").await;
        page.says("#says:focus", "").await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
        page.nothing_wrong().await;
    })
    .await;
}
