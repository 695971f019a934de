//! An installation for one measurement: its own group, gate and executable.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::world::{World, eventually};

/// Somebody of an installation of their own.
#[derive(Clone, Debug)]
pub struct Member {
    pub oid: String,
    name: String,
}

/// An installation for one measurement, with a group and a gate of its own.
pub struct Installation<'a> {
    pub world: &'a World,
    pub name: String,
    functions: String,
}

impl<'a> Installation<'a> {
    /// A new one.
    pub async fn new(world: &'a World) -> Self {
        let made = world.control("POST", "/installations", json!({})).await;
        let text = |name: &str| made[name].as_str().unwrap().trim_end_matches('/').to_owned();
        Self { world, name: text("name"), functions: text("functions") }
    }

    /// The one that every world has.
    pub fn first(world: &'a World) -> Self {
        Self { world, name: "dcaas".to_owned(), functions: world.functions.clone() }
    }

    /// Takes it away; what its members have in the cluster stays.
    pub async fn remove(self) {
        self.ask("DELETE", "", Value::Null).await;
    }

    /// Asks the world about this installation.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        self.world.control(method, &format!("/installations/{}{path}", self.name), body).await
    }

    /// Its gate counts from zero again.
    pub async fn reset(&self) {
        self.ask("POST", "/gate/reset", Value::Null).await;
    }

    /// Ends its executable, and waits for the next one.
    pub async fn kill(&self) {
        self.ask("POST", "/executable/kill", Value::Null).await;
        eventually("it is back", || async {
            let answer = self.world.client.get(format!("{}/api/health", self.functions)).send().await;
            answer.is_ok_and(|answer| answer.status() != 502).then_some(())
        })
        .await;
    }

    /// New people, in its group or not yet.
    pub async fn people(&self, count: usize, member: bool) -> Vec<Member> {
        let wish = json!({ "installation": self.name, "member": member });
        let person = |_| async {
            let person = self.world.control("POST", "/people", wish.clone()).await;
            let text = |name: &str| person[name].as_str().unwrap().to_owned();
            Member { oid: text("oid"), name: text("name") }
        };
        stream::iter(0..count).map(person).buffer_unordered(16).collect().await
    }

    /// Adds somebody to the group, or removes them.
    pub async fn set_member(&self, person: &Member, member: bool) {
        let path = format!("/people/{}", person.name);
        self.world.control("PATCH", &path, json!({ "member": member })).await;
    }

    pub async fn set_members(&self, people: &[Member], member: bool) {
        stream::iter(people).for_each_concurrent(16, |person| self.set_member(person, member)).await;
    }

    /// What happens to its notifications from now on.
    pub async fn trouble(&self, mut trouble: Value) {
        trouble["installation"] = json!(self.name);
        self.world.control("PUT", "/graph/troubles", trouble).await;
    }

    pub async fn clear_troubles(&self) {
        self.world
            .control("DELETE", &format!("/graph/troubles?installation={}", self.name), Value::Null)
            .await;
    }

    /// Lets Graph send what it holds.
    pub async fn release(&self) {
        self.world.control("POST", "/graph/release", json!({ "installation": self.name })).await;
    }

    /// Compares the group with the cluster, as the timer does; how long the invocation took, as the host says.
    pub async fn reconcile(&self) -> Duration {
        self.timer("reconcile").await
    }

    /// Goes through all workspaces, as the timer does; how long the invocation took, as the host says.
    pub async fn sweep(&self) -> Duration {
        self.timer("sweep").await
    }

    async fn timer(&self, name: &str) -> Duration {
        // the host remembers as many lines as one large sweep writes: what comes after them counts
        let before = self.ended(name).await;
        let url = format!("{}/admin/functions/{name}", self.functions);
        let answer = self.world.client.post(url).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        eventually(&format!("{name} has ended"), || async {
            assert_eq!(self.failed(name).await, 0);
            let ended = self.ended(name).await;
            (ended != before).then(|| ended.and_then(|line| took(&line)))?
        })
        .await
    }

    /// The last line of a function's end in the host's log.
    async fn ended(&self, function: &str) -> Option<String> {
        let begins = format!("Executed 'Functions.{function}' (Succeeded,");
        self.log().await.lines().rfind(|line| line.contains(&begins)).map(ToOwned::to_owned)
    }

    /// How long each of the last turns of a function took, as the host's log says.
    pub async fn turns(&self, function: &str) -> Vec<Duration> {
        let begins = format!("Executed 'Functions.{function}' (Succeeded,");
        self.log().await.lines().filter(|line| line.contains(&begins)).filter_map(took).collect()
    }

    /// How many of its last turns failed.
    pub async fn failed(&self, function: &str) -> usize {
        self.log().await.matches(&format!("Executed 'Functions.{function}' (Failed,")).count()
    }

    /// How many requests to a party, since the gate was reset, say this.
    pub async fn requests_with(&self, party: &str, says: &str) -> usize {
        let counts = self.ask("GET", "/gate", Value::Null).await;
        let requests = counts[party]["requests"].as_array().unwrap().iter();
        requests.filter(|request| request.as_str().unwrap().contains(says)).count()
    }

    async fn log(&self) -> String {
        let url = format!("{}/installations/{}/log?tail=5000", self.world.control, self.name);
        self.world.client.get(url).send().await.unwrap().text().await.unwrap()
    }
}

/// How long a turn took, as the line of its end says.
fn took(line: &str) -> Option<Duration> {
    let (_, rest) = line.split_once("Duration=")?;
    Some(Duration::from_millis(rest.split_once("ms")?.0.parse().ok()?))
}
