//! A member's own images, under `members/<object id>/` of the registry: that member starts them, and nobody else.

use serde_json::json;

use super::settings::make;
use crate::world::Installation;

#[tokio::test]
async fn only_the_member_starts_what_they_pushed() {
    let Some(made) = make("images", &json!({})) else { return };
    let made = made.unwrap_or_else(|said| panic!("{said}"));
    let settings = json!({ "ALLOWED_IMAGES": made.settings["ALLOWED_IMAGES"] });
    Installation::own(json!({ "settings": settings }), |dcaas| async move {
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let image = format!("dcaasexample.azurecr.io/members/{}/torch:1", ada.oid);
        let refused = dcaas.start(&ben.token().await, json!({ "image": image })).await;
        refused.refuses(403, "image-not-allowed", "another member's image");
        let token = ada.token().await;
        assert_eq!(dcaas.start(&token, json!({ "image": image })).await.status, 202);
        let set = ada.set().await.unwrap();
        assert_eq!(set["spec"]["template"]["spec"]["containers"][0]["image"], image);
        dcaas.stop(&token).await;
    })
    .await;
}
