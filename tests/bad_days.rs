//! Bad days: parties that refuse, break off or are silent, machines that do not come or are lost, and people and
//! admins who do two things at once.

mod changes;
mod cluster;
mod graph;
mod lingering;
mod machines;
mod parties;

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Answer, Installation, Person, Token, eventually};

/// The host cuts off whoever waits longer than this.
const HOST: Duration = Duration::from_secs(230);

/// What can be asked of the program.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Start,
    Stop,
    Status,
}

impl Call {
    const ALL: [Self; 3] = [Self::Start, Self::Stop, Self::Status];

    async fn ask(self, dcaas: &Installation, token: &Token) -> Answer {
        let answer = async {
            match self {
                Self::Start => dcaas.start(token, json!({})).await,
                Self::Stop => dcaas.stop(token).await,
                Self::Status => dcaas.get(token, "/api/status").await,
            }
        };
        tokio::time::timeout(HOST, answer).await.expect("an answer before the host cuts it off")
    }

    /// Whether the answer is what it should be on a good day.
    fn is_good(self, answer: &Answer) -> bool {
        match self {
            Self::Start => [200, 202].contains(&answer.status) && answer.json()["phase"] == "starting",
            Self::Stop => {
                [200, 202].contains(&answer.status)
                    && ["stopping", "stopped"].contains(&answer.json()["phase"].as_str().unwrap())
            }
            Self::Status => answer.status == 200,
        }
    }
}

/// A refusal because a party is not there: what it is, what to do, and when to come again; nothing else.
fn unavailable(answer: &Answer, code: &str) {
    assert_eq!(answer.problem(), (503, code.to_owned()), "{}", answer.text);
    assert!(answer.headers.contains_key("retry-after"), "{:?}", answer.headers);
    assert!(answer.json().get("phase").is_none(), "no half-truth: {}", answer.text);
}

/// Waits until somebody's message has been worked off.
async fn provisioned(dcaas: &Installation, person: &Person) {
    let done = format!("provisioned {}", person.oid);
    eventually("the member is provisioned", || async { dcaas.log().await.contains(&done).then_some(()) })
        .await;
}

/// Puts a fault on everything that the cluster is asked about a person.
async fn about(dcaas: &Installation, person: &Person, fault: &Value, times: Option<u32>) {
    let party = "kubernetes";
    dcaas.fault(json!({ "party": party, "path": person.oid, "times": times, "fault": fault })).await;
}

/// So many requests about a person came to such an end.
async fn hits(dcaas: &Installation, person: &Person, end: &str) -> usize {
    let counts = |request: &&String| request.contains(&person.oid) && request.ends_with(&format!(" {end}"));
    dcaas.requests("kubernetes").await.iter().filter(counts).count()
}
