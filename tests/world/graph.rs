//! Graph as a test disturbs it: what is told and when, what it answers, and the directory behind it.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Answer, Installation, Person, client, control, eventually, facts, get};

impl Installation {
    /// What goes wrong at Graph for this installation from now on, in place of all before; null ends it.
    pub async fn trouble(&self, mut trouble: Value) {
        if trouble.is_null() {
            control("DELETE", &format!("/graph/troubles?installation={}", self.name), json!(null)).await;
        } else {
            trouble["installation"] = json!(self.name);
            control("PUT", "/graph/troubles", trouble).await;
        }
    }

    /// A verb of the world's Graph that is about this installation.
    pub async fn graph(&self, verb: &str, mut body: Value) -> Value {
        body["installation"] = json!(self.name);
        control("POST", &format!("/graph/{verb}"), body).await
    }

    async fn told(&self) -> Value {
        control("GET", &format!("/graph?installation={}", self.name), json!(null)).await
    }

    /// The subscriptions of its identity.
    pub async fn subscriptions(&self) -> Vec<Value> {
        self.told().await["subscriptions"].as_array().unwrap().clone()
    }

    /// Waits until Graph has told all that it does not hold back, and every message is worked off that is due.
    pub async fn quiet(&self) {
        let members = format!("/installations/{}/queues/members", self.name);
        eventually("all messages are worked off", || async {
            let told = self.told().await["waiting"] == 0;
            let waits = control("GET", &members, json!(null)).await;
            let log = self.log().await;
            // by their ids, because the host keeps only so many lines, and forgets a beginning before its end
            let ids = |text: &str| -> HashSet<String> {
                let lines = log.lines().filter(|line| line.contains(text));
                lines.filter_map(|line| line.split("Id=").nth(1)?.get(..36).map(str::to_owned)).collect()
            };
            let worked =
                ids("Executing 'Functions.provision'").is_subset(&ids("Executed 'Functions.provision'"));
            (told && worked && waits.as_array()?.is_empty()).then_some(())
        })
        .await;
    }

    /// What it remembers under a key of its Secret.
    pub async fn memory(&self, key: &str) -> Option<Value> {
        let secret = get(&format!("/api/v1/namespaces/{}/secrets/dcaas", self.name)).await?;
        let text = BASE64_STANDARD.decode(secret["data"][key].as_str()?).unwrap();
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// A person confirms that those who would lose their workspace shall.
    pub async fn confirm(&self) {
        let brake = self.memory("brake").await.expect("a brake that holds");
        self.change(json!({ "LEAVING_CONFIRMED": brake["since"] })).await;
    }

    /// The object id of its group.
    pub fn group(&self) -> &str {
        self.facts["group"].as_str().unwrap()
    }
}

/// Asks Graph itself, as an admin of the tenant who may change users and groups.
pub async fn directory(method: &str, path: &str, body: Value) -> Answer {
    let token = control("POST", "/graph/token", json!({})).await;
    let url = format!("{}/v1.0{path}", facts()["graph"].as_str().unwrap().trim_end_matches('/'));
    let mut request =
        client().request(method.parse().unwrap(), url).bearer_auth(token["token"].as_str().unwrap());
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let answer = Answer { status, headers, text: answer.text().await.unwrap() };
    assert!(status < 300, "{method} {path}: {status} {}", answer.text);
    answer
}

/// A new group of the tenant; its object id.
pub async fn new_group() -> String {
    let group = json!({
        "displayName": "a test's own", "mailEnabled": false, "mailNickname": "own", "securityEnabled": true,
    });
    directory("POST", "/groups", group).await.json()["id"].as_str().unwrap().to_owned()
}

/// Adds a person or a group to a group.
pub async fn add(group: &str, member: &str) {
    let reference = format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}");
    directory("POST", &format!("/groups/{group}/members/$ref"), json!({ "@odata.id": reference })).await;
}

/// Takes a person or a group out of a group.
pub async fn take_out(group: &str, member: &str) {
    directory("DELETE", &format!("/groups/{group}/members/{member}/$ref"), json!(null)).await;
}

/// Lets a person sign in, or not.
pub async fn enable(person: &Person, enabled: bool) {
    directory("PATCH", &format!("/users/{}", person.oid), json!({ "accountEnabled": enabled })).await;
}
