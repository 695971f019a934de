//! What an admin sees of everybody, and stopping somebody else's workspace.

use serde_json::json;

use super::{Browser, with_page};
use crate::world::Person;

#[tokio::test]
async fn an_admin_sees_everybody_and_stops_one() {
    with_page(async |dcaas| {
        let (ben, off) = (dcaas.member().await, dcaas.member().await);
        let token = ben.token().await;
        dcaas.start_steady(&token).await;
        dcaas.until(&token, "running").await;
        let wish = json!({ "installation": dcaas.name, "admin": true, "member": false });
        let admin = Person::made(wish).await;
        let Some(mut page) = Browser::of(&dcaas, &admin).await else { return };
        page.says("#problem", "You have no workspace here.").await;
        page.says("#everybody-says", "2 people, 1 on.").await;
        page.says("#people", &off.name).await;
        page.says("#people tr:has([data-member])", &ben.name).await;
        page.says("#people tr:has([data-member])", "Running, steady").await;
        page.says("#people tr:has([data-member])", " min, ").await;
        // what a sweep of now would say
        page.says("#people tr:has([data-member])", "It stops by itself at ").await;
        assert_eq!(page.count("#people [data-member]").await, 1, "what is off can not be stopped");
        page.state("everybody").await;

        page.click("button", &format!("Stop the workspace of {}", ben.name)).await;
        page.see("heading", &format!("Stop the workspace of {}?", ben.name)).await;
        page.click("button", "Stop it").await;
        page.says("#everybody-says", "2 people, 0 on.").await;
        assert_eq!(ben.set().await.unwrap()["spec"]["replicas"], 0);
        dcaas.until(&token, "stopped").await;
        page.nothing_wrong().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_else_is_shown_to_a_member() {
    with_page(async |dcaas| {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.says("#phase", "Off").await;
        assert_eq!(page.count("#everybody").await, 0);
        assert!(!page.text("body").await.contains(&ben.name));
        assert_eq!(page.asked("/api/workspaces", 0).await, 0);
    })
    .await;
}
