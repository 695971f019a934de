//! The handshake: an address has to show that it wants notifications.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use uuid::Uuid;

use super::super::refusal::Refusal;

/// "Within 10 seconds" (learn: graph/change-notifications-delivery-webhooks, "notificationUrl validation").
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the address; with a token of its own if none is given.
pub(super) async fn validate(client: &Client, url: &Url, token: Option<&str>) -> Result<(), Refusal> {
    let token = token.map_or_else(
        || {
            format!(
                "Validation: Testing client application reachability for subscription Request-Id: {}",
                Uuid::new_v4()
            )
        },
        str::to_owned,
    );
    let mut asked = url.clone();
    // encoded as a form, so that a space is a plus
    asked.query_pairs_mut().append_pair("validationToken", &token);
    let request = client.post(asked).header(CONTENT_TYPE, "text/plain; charset=utf-8").body("");
    let answer = async {
        let answer = request.send().await?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let plain = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain"));
        Ok::<_, reqwest::Error>((answer.status(), plain, answer.bytes().await?))
    };
    let Ok(answered) = tokio::time::timeout(PATIENCE, answer).await else {
        return Err(Refusal::new(400, "InvalidRequest", "Subscription validation request timed out."));
    };
    match answered {
        Ok((http::StatusCode::OK, true, body)) if body == token.as_bytes() => Ok(()),
        Ok((http::StatusCode::OK, true, _)) => Err(failed("The validation token is not what was sent.")),
        Ok((http::StatusCode::OK, false, _)) => Err(failed("The validation response must be text/plain.")),
        Ok((status, ..)) => Err(failed(&format!("HTTP status code is '{}'.", status.as_str()))),
        Err(error) => {
            tracing::debug!("graph: {url} can not be validated: {error}");
            Err(failed("The notification endpoint can not be reached."))
        }
    }
}

fn failed(why: &str) -> Refusal {
    let says = format!(
        "Subscription validation request failed. {why} Notification endpoint must respond with 200 OK to validation \
         request."
    );
    Refusal::new(400, "ValidationError", says)
}
