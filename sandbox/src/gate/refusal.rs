//! Errors in the words of each party, for faults that answer in its place.

use http::HeaderValue;
use http::header::RETRY_AFTER;
use serde_json::json;
use uuid::Uuid;

use crate::listener::{self, Answer};

/// What this party would say with this status.
pub(super) fn answer(party: &str, status: u16, retry_after: Option<u32>) -> Answer {
    let mut answer = match party {
        "kubernetes" => kubernetes(status, retry_after),
        "blob" | "queue" => storage(party, status),
        "entra" => {
            let says = "AADSTS90033: A transient error has occurred. Please try again.";
            listener::json(status, &json!({"error": "temporarily_unavailable", "error_description": says}))
        }
        "identity" => listener::json(
            status,
            &json!({"StatusCode": status, "Message": "An error occurred.", "CorrelationId": Uuid::new_v4()}),
        ),
        "graph" => {
            let code = if status == 429 { "TooManyRequests" } else { "serviceNotAvailable" };
            let inner = json!({"date": chrono::Utc::now(), "request-id": Uuid::new_v4()});
            let error = json!({"code": code, "message": "Please try again.", "innerError": inner});
            listener::json(status, &json!({"error": error}))
        }
        _ => listener::json(status, &json!({"message": "Please try again."})),
    };
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// The API server's `Status` (apimachinery, `api/errors`), with the words it has for each code.
fn kubernetes(status: u16, retry_after: Option<u32>) -> Answer {
    let (reason, message) = match status {
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", "forbidden"),
        404 => ("NotFound", "the server could not find the requested resource"),
        409 => (
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest \
             version and try again",
        ),
        422 => ("Invalid", "the server rejected our request due to an error in our request"),
        429 => ("TooManyRequests", "Too many requests, please try again later."),
        500 => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "the server was unable to return a response in the time allotted"),
        _ => ("Unknown", "an error on the server has prevented the request from succeeding"),
    };
    let mut body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status,
    });
    if let Some(seconds) = retry_after {
        body["details"] = json!({"retryAfterSeconds": seconds});
    }
    listener::text(status, "application/json", body.to_string())
}

/// The storage services' XML error (learn: rest/api/storageservices/status-and-error-codes2).
fn storage(party: &str, status: u16) -> Answer {
    let (code, message) = match status {
        // the one conflict that passes by itself: a deleted name is kept for half a minute or more
        409 if party == "blob" => {
            ("ContainerBeingDeleted", "The specified container is being deleted. Try operation later.")
        }
        409 => ("QueueBeingDeleted", "The specified queue is being deleted."),
        403 => ("AuthorizationFailure", "This request is not authorized to perform this operation."),
        404 => ("ResourceNotFound", "The specified resource does not exist."),
        500 => ("InternalError", "The server encountered an internal error. Please retry the request."),
        _ => ("ServerBusy", "The server is currently unable to receive requests. Please retry your request."),
    };
    let (id, now) = (Uuid::new_v4(), chrono::Utc::now().to_rfc3339());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}\n\
         RequestId:{id}\nTime:{now}</Message></Error>"
    );
    let mut answer = listener::text(status, "application/xml", body);
    answer.headers_mut().insert("x-ms-error-code", HeaderValue::from_static(code));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_party_refuses_with_the_status_and_the_time_to_wait() {
        for party in ["kubernetes", "blob", "queue", "entra", "identity", "graph", "github"] {
            let answer = answer(party, 429, Some(3));
            assert_eq!(answer.status(), 429, "{party}");
            assert_eq!(answer.headers()[RETRY_AFTER], "3", "{party}");
            assert!(answer.body().as_bytes().is_some_and(|body| !body.is_empty()), "{party}");
        }
    }

    #[test]
    fn the_cluster_names_its_reason_and_storage_its_code() {
        let body = |answer: Answer| String::from_utf8_lossy(answer.body().as_bytes().unwrap()).into_owned();
        for (status, reason) in [(409, "Conflict"), (429, "TooManyRequests"), (503, "ServiceUnavailable")] {
            assert!(body(answer("kubernetes", status, None)).contains(&format!("\"reason\":\"{reason}\"")));
        }
        let busy = answer("queue", 503, None);
        assert_eq!(busy.headers()["x-ms-error-code"], "ServerBusy");
        assert!(body(busy).contains("<Code>ServerBusy</Code>"));
        assert_eq!(answer("blob", 409, None).headers()["x-ms-error-code"], "ContainerBeingDeleted");
    }
}
