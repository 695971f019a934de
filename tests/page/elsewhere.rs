//! Pages of others: what they ask for in the name of somebody who is signed in comes to nothing.

use serde_json::json;

use super::{Browser, with_page};

#[tokio::test]
async fn a_page_of_somebody_else_starts_and_stops_nothing() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        page.says("#phase", "Off").await;
        let cookies = page.does(json!({ "do": "cookies" })).await;
        let session =
            json!({ "name": "AppServiceAuthSession", "httpOnly": true, "secure": true, "sameSite": "None" });
        assert_eq!(cookies, json!([session]), "another site's requests carry the session, as they do in Azure");

        dcaas.reset_gate().await;
        // a neighbour on this machine is of the same site, another name is not
        for site in ["http://127.0.0.1:9/", "http://evil.example/"] {
            for path in ["start", "stop", "keep", "signin"] {
                let html = format!(
                    "<form method=\"post\" enctype=\"text/plain\" action=\"{}/api/{path}\"><button>Win</button></form>",
                    dcaas.functions
                );
                page.does(json!({ "do": "elsewhere", "url": site, "html": html })).await;
                page.click("button", "Win").await;
                page.says("body", "\"code\":\"cross-site\"").await;
            }
        }
        let set = ada.set().await.unwrap();
        assert_eq!(set["spec"]["replicas"], 0);
        let asks = |line: &&String| line.contains("PATCH");
        assert_eq!(dcaas.requests("kubernetes").await.iter().filter(asks).count(), 0, "nothing was changed");

        // and from its own page it works
        page.open("/").await;
        page.click("button", "Start").await;
        page.says("#steps-title", "").await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 1);
        dcaas.stop(&ada.token().await).await;
    })
    .await;
}

#[tokio::test]
async fn no_page_of_somebody_else_shows_ours_inside_it() {
    with_page(async |dcaas| {
        let ada = dcaas.member().await;
        let Some(mut page) = Browser::of(&dcaas, &ada).await else { return };
        let html = format!("<iframe src=\"{}/\"></iframe>", dcaas.functions);
        page.does(json!({ "do": "elsewhere", "url": "http://127.0.0.1:9/", "html": html })).await;
        page.does(json!({ "do": "refuses" })).await;
    })
    .await;
}
