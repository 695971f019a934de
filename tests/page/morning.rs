//! From the first sign-in to connected, and to off again.

use serde_json::json;

use super::{Browser, at_the_provider, newcomer, with_page};

#[tokio::test]
async fn a_first_morning_from_the_sign_in_to_connected_kept_and_off() {
    with_page(async |dcaas| {
        let ada = newcomer(&dcaas).await;
        let Some(mut page) = Browser::new(&dcaas).await else { return };
        page.open("/").await;
        page.see("link", "Sign in").await;
        page.state("welcome").await;
        page.sign_in(&ada).await;
        page.says("#phase", "Off").await;
        page.says("nav", &ada.name).await;
        page.says("fieldset", "1 GPU, 4 cores, 16 GiB of memory").await;
        page.says("fieldset", "0.90 EUR an hour").await;
        page.says("#hours-says", "You have used no hours yet.").await;
        page.state("off").await;

        page.does(json!({ "do": "click", "css": "input[value=steady]" })).await;
        page.click("button", "Start").await;
        page.says("#phase", "Waiting for you").await;
        page.says("#sign-in-says", "Open GitHub").await;
        let code = page.text("#code").await;
        page.does(
            json!({ "do": "allow", "what": ["clipboard-read", "clipboard-write"], "url": dcaas.functions }),
        )
        .await;
        page.click("button", "Copy the code").await;
        page.says("#copy", "Copied").await;
        assert_eq!(page.does(json!({ "do": "clipboard" })).await, code);
        page.says("#licence", "License Terms").await;
        page.state("sign-in").await;

        at_the_provider(&code, "approve").await;
        page.says("#phase", "Running").await;
        page.see("link", "Open in the browser").await;
        page.says("#steps-title", "The start took").await;
        page.does(json!({ "do": "click", "css": "#steps-title" })).await;
        page.says("#step-list", "You sign in.").await;
        page.says("#ends", "It stops by itself at").await;
        let address = dcaas.status(&ada.token().await).await["address"].as_str().unwrap().to_owned();
        assert_eq!(page.attribute("#browser", "href").await, format!("{address}/home/dev"));
        let tunnel = address.rsplit_once('/').unwrap().1;
        let desktop = format!("vscode://vscode-remote/tunnel+{tunnel}/home/dev");
        assert_eq!(page.attribute("#desktop", "href").await, desktop);
        page.click("button", "Show it").await;
        page.says("#lines", "Visual Studio Code Server").await;
        page.state("running").await;

        page.click("button", "3 hours").await;
        page.says("#told", "It is kept until").await;
        let life = dcaas.status(&ada.token().await).await["life"].clone();
        assert!(life["keep"].is_string(), "{life}");
        page.says("#why", "asked").await;
        page.state("kept").await;

        page.click("button", "Stop").await;
        page.see("heading", "Stop your workspace?").await;
        page.state("sure").await;
        page.click("button", "Let it run").await;
        page.gone("heading", "Stop your workspace?").await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 1, "they were not sure");
        page.click("button", "Stop").await;
        page.click("button", "Stop it").await;
        page.says("#phase", "Off").await;
        assert_eq!(ada.set().await.unwrap()["spec"]["replicas"], 0);
        // what it cost is counted from now on
        page.open("/").await;
        page.says("#hours-says", "in 1 session").await;
        page.says("#hours-says", "EUR").await;
        page.says("#chart summary", "Day by day").await;
        assert!(page.count("#chart .bar").await > 0);
        page.state("off-again").await;
        page.nothing_wrong().await;

        page.click("link", "Sign out").await;
        page.see("link", "Sign in").await;
        assert_eq!(page.does(json!({ "do": "cookies" })).await, json!([]), "nothing is left in the browser");
    })
    .await;
}
