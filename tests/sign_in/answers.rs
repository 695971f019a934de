//! What a flow comes to, with either provider.

use dcaas::{
    device_flow::Error,
    domain::{
        member::Member,
        sign_in::{Account, NoToken::*, Provider},
    },
    plan::sign_in::{Whose, whose},
};

use super::*;
use crate::world::{Person, facts};

#[tokio::test]
async fn who_signs_in_brings_a_token_and_nobody_polls_too_early() {
    let dcaas = Installation::first().await;
    let client = device_flow(&dcaas);
    let (ada, ben) = (Person::new().await, Person::new().await);
    for provider in Provider::ALL {
        let flow = client.begin(provider, Utc::now()).await.unwrap();
        assert_eq!(no_token(client.poll(&flow).await), Waiting, "{provider}");
        assert_eq!(told(&flow).await["state"], "waiting");
        person(&flow, "approve", json!({ "as": ada.name })).await;
        let mut polled = flow.clone();
        polled.pending.next_poll = Utc::now() + polled.pending.interval;
        let token = in_the_end(&client, polled).await.unwrap();
        assert_eq!(token.refresh.is_some(), provider == Provider::Microsoft, "{provider}");
        let seen = told(&flow).await;
        assert_eq!((&seen["state"], &seen["hurried"]), (&json!("done"), &json!(0)), "{provider}: {seen}");

        let account = client.account(&token).await.unwrap();
        let tenant = facts()["tenant"].as_str().unwrap();
        let of = |person: &Person| whose(Member::parse(&person.oid).unwrap(), tenant, None, &account);
        assert_eq!(of(&ada), Whose::Own, "{provider}");
        match provider {
            Provider::GitHub => {
                assert!(matches!(&account, Account::GitHub { login, .. } if *login == ada.name))
            }
            Provider::Microsoft => assert_eq!(of(&ben), Whose::Another, "the code was used by somebody else"),
        }
    }
}

#[tokio::test]
async fn a_code_that_is_declined_expired_or_unknown_brings_none() {
    let dcaas = Installation::first().await;
    let client = device_flow(&dcaas);
    for provider in Provider::ALL {
        for (does, expected) in [("decline", Declined), ("expire", Expired)] {
            let flow = client.begin(provider, Utc::now()).await.unwrap();
            person(&flow, does, json!({})).await;
            assert_eq!(no_token(client.poll(&flow).await), expected, "{provider} {does}");
        }
        let flow = client.begin(provider, Utc::now()).await.unwrap();
        let unknown = Flow { device_code: "nonsense".into(), ..flow };
        assert_eq!(no_token(client.poll(&unknown).await), UnknownCode, "{provider}");
    }
}

#[tokio::test]
async fn a_code_that_nobody_uses_ends_by_itself() {
    Installation::own(json!({}), async |dcaas| {
        pace(&dcaas, 1, 2).await;
        let client = device_flow(&dcaas);
        for provider in Provider::ALL {
            let begun = Utc::now();
            let flow = client.begin(provider, begun).await.unwrap();
            assert_eq!(flow.pending.expires, begun + Duration::from_secs(2), "{provider}");
            let ended = in_the_end(&client, flow.clone()).await;
            assert_eq!(ended.err().as_deref(), Some("expired"), "{provider}");
            assert_eq!(told(&flow).await["hurried"], 0, "{provider}");
        }
    })
    .await;
}

/// github/docs: authorizing-oauth-apps, "Rate limits for the device flow".
#[tokio::test]
async fn github_slows_down_who_polls_too_early_and_is_obeyed() {
    Installation::own(json!({}), async |dcaas| {
        pace(&dcaas, 1, 900).await;
        let client = device_flow(&dcaas);
        let mut flow = client.begin(Provider::GitHub, Utc::now()).await.unwrap();
        // a busy machine may need more than two to be too early
        let slow = loop {
            match no_token(client.poll(&flow).await) {
                Waiting => {}
                slow => break slow,
            }
        };
        assert_eq!(slow, SlowDown { interval: seconds(6) });
        let After::Wait { pending } = after(&flow.pending, &slow, Utc::now()) else { panic!("it goes on") };
        assert_eq!(Some(pending.interval), seconds(6));
        flow.pending = pending;
        person(&flow, "approve", json!({})).await;
        in_the_end(&client, flow.clone()).await.unwrap();
        assert_eq!(told(&flow).await["hurried"], 1, "not once more");
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_later_and_the_flow_goes_on() {
    Installation::own(json!({}), async |dcaas| {
        pace(&dcaas, 1, 900).await;
        let client = device_flow(&dcaas);
        let ada = dcaas.person().await;
        for provider in Provider::ALL {
            let party = party(provider);
            let path = if party == "entra" { "/oauth2/" } else { "/login/" };
            let fault = async |fault: Value| {
                dcaas.fault(json!({ "party": party, "path": path, "fault": fault })).await;
            };
            fault(json!({ "status": 503, "retry_after": 2 })).await;
            let Err(Error::Unavailable { wait, .. }) = client.begin(provider, Utc::now()).await else {
                panic!("{provider} answers")
            };
            assert_eq!(wait, seconds(2), "{provider}");

            let mut flow = client.begin(provider, Utc::now()).await.unwrap();
            person(&flow, "approve", json!({ "as": ada.name })).await;
            let rows = [
                (json!({ "status": 500 }), None),
                (json!({ "status": 429, "retry_after": 3 }), seconds(3)),
                (json!("cut"), None),
                (json!("hang"), None),
            ];
            for (broken, wait) in rows {
                fault(broken.clone()).await;
                assert_eq!(no_token(client.poll(&flow).await), Unavailable { wait }, "{provider}: {broken}");
            }
            fault(json!({ "status": 502 })).await;
            flow.pending.next_poll = Utc::now();
            assert!(turn(&client, &mut flow, Utc::now()).await.is_none());
            assert_eq!(flow.pending.misses, 1, "{provider}");
            in_the_end(&client, flow.clone()).await.unwrap();
            let seen = told(&flow).await;
            assert_eq!((&seen["polls"], &seen["hurried"]), (&json!(1), &json!(0)), "{provider}: {seen}");
        }
    })
    .await;
}
