//! The kubelet of paper machines: it says that their pods run, and gives each of them the same log.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use chrono::{SecondsFormat, Utc};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    certificates::Authority,
    listener::{Answer, Listener, Request, text},
    strict::Oddities,
};

/// Pods that are told to run at once.
const AT_ONCE: usize = 16;

/// One endpoint for all paper machines.
pub struct Kubelet {
    listener: Listener,
    said: Arc<Mutex<Said>>,
    turns: Arc<Semaphore>,
}

/// What logs say.
#[derive(Default)]
struct Said {
    /// The lines of every log. `{now}` stands for the time, `{label KEY}` for a label of the pod.
    log: String,
    /// Labels of the pods, by `namespace/name`.
    pods: HashMap<String, BTreeMap<String, String>>,
}

impl Kubelet {
    /// Opens the endpoint.
    ///
    /// # Errors
    /// When there is no port or no certificate for it.
    pub async fn start(authority: &Authority, oddities: Oddities) -> Result<Self> {
        let said = Arc::<Mutex<Said>>::default();
        let tls = authority.server_leaf(&["paper"])?.rustls_server()?;
        let known = said.clone();
        let listener = Listener::start(Some(tls), move |request: Request| {
            let answer = answer(&lock(&known), &request, &oddities);
            async move { Ok(answer) }
        })
        .await?;
        Ok(Self { listener, said, turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Where the API server asks it.
    ///
    /// # Errors
    /// Never, once it listens.
    pub fn port(&self) -> Result<u16> {
        Ok(self.listener.url()?.port().unwrap_or_default())
    }

    /// What every log says from now on.
    pub fn log(&self, log: &str) {
        log.clone_into(&mut lock(&self.said).log);
    }

    /// Says that a pod runs which has just been placed.
    pub fn run(&self, client: &Client, pod: &Pod) {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        lock(&self.said).pods.insert(format!("{namespace}/{name}"), pod.labels().clone());
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if phase.is_some_and(|phase| phase != "Pending") {
            return;
        }
        let (pods, status) = (Api::<Pod>::namespaced(client.clone(), &namespace), running(pod));
        let turns = self.turns.clone();
        tokio::spawn(async move {
            let _turn = turns.acquire().await;
            match pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await {
                Ok(_) => (),
                Err(kube::Error::Api(status)) if status.is_not_found() => (),
                Err(error) => tracing::warn!("a pod on a paper machine does not run: {error}"),
            }
        });
    }
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The status of a pod that runs.
fn running(pod: &Pod) -> Value {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let true_now = |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": now });
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let container = |name: &str, image: &str| {
        json!({
            "name": name, "image": image, "imageID": "", "ready": true, "started": true, "restartCount": 0,
            "state": { "running": { "startedAt": now } },
        })
    };
    let containers: Vec<Value> =
        containers.map(|c| container(&c.name, c.image.as_deref().unwrap_or_default())).collect();
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(true_now);
    json!({ "status": {
        "phase": "Running", "startTime": now, "containerStatuses": containers,
        "podIP": "127.0.0.1", "podIPs": [{ "ip": "127.0.0.1" }],
        "conditions": conditions,
    } })
}

fn answer(said: &Said, request: &Request, oddities: &Oddities) -> Answer {
    let parts: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    let query = request.uri().query().unwrap_or_default();
    // the end of a log is all of it
    let known = query.split('&').all(|pair| pair.is_empty() || pair.starts_with("tailLines="));
    let plain = |status, words: String| text(status, "text/plain", words);
    match (request.method().as_str(), &parts[..]) {
        ("GET", ["containerLogs", namespace, pod, _]) if known => {
            match said.pods.get(&format!("{namespace}/{pod}")) {
                Some(labels) => plain(200, filled(&said.log, labels)),
                None => plain(404, format!("pod \"{pod}\" does not exist")),
            }
        }
        (method, _) => {
            let odd = format!("a paper machine was asked {method} {}", request.uri());
            oddities.remember(odd.clone());
            plain(501, odd)
        }
    }
}

/// The text of a log, for one pod.
fn filled(log: &str, labels: &BTreeMap<String, String>) -> String {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let text = log.replace("{now}", &now);
    labels.iter().fold(text, |text, (key, value)| text.replace(&format!("{{label {key}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_says_the_time_and_the_labels_of_its_pod() {
        let labels = BTreeMap::from([("a.b/c".to_owned(), "one".to_owned())]);
        let text = filled(r#"{"at":"{now}","of":"{label a.b/c}"}"#, &labels);
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["of"], "one");
        assert!(chrono::DateTime::parse_from_rfc3339(read["at"].as_str().unwrap()).is_ok());
    }

    #[test]
    fn a_pod_runs_with_all_of_its_containers() {
        let pod = json!({ "metadata": {}, "spec": { "containers": [{ "name": "a" }, { "name": "b", "image": "i" }] } });
        let status = running(&serde_json::from_value(pod).unwrap())["status"].clone();
        let read: Pod = serde_json::from_value(json!({ "metadata": {}, "status": status })).unwrap();
        let status = read.status.unwrap();
        assert_eq!(status.container_statuses.unwrap().iter().filter(|c| c.ready).count(), 2);
        assert!(status.conditions.unwrap().iter().any(|c| c.type_ == "Ready" && c.status == "True"));
    }
}
