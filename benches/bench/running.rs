//! Workspaces that run on machines which run no pod: made and changed by the cluster's administrator.

use chrono::{TimeDelta, Utc};
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use serde_json::{Value, json};

use crate::{
    bare::Bare,
    bulk::Copies,
    installation::{Installation, Member},
    sweep::not_due,
    world::eventually,
};

/// Requests at once.
const AT_ONCE: usize = 32;

/// A page of a list, as the product asks for it.
const PAGE: usize = 500;

const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// Members of an installation whose workspaces run.
pub struct Running<'a> {
    dcaas: &'a Installation<'a>,
    bare: &'a Bare,
    copies: Copies,
    pub people: Vec<Member>,
}

/// The note of a session that has run for a day, with what else is noted.
pub fn session(oid: &str, watch: &Value) -> String {
    let ago = |hours| Utc::now() - TimeDelta::hours(hours);
    let mut note = json!({
        "v": 1, "id": oid, "asked": ago(9), "started": ago(9), "by": oid, "profile": "steady",
        "image": "dcaas.example/workspace:dev", "why": "it was used last at 12:00 UTC (gpu)",
    });
    note.as_object_mut().unwrap().extend(watch.as_object().unwrap().clone());
    note.to_string()
}

impl<'a> Running<'a> {
    /// Nobody yet; whoever comes has what this member has.
    pub async fn of(dcaas: &'a Installation<'a>, bare: &'a Bare, sample: &Member) -> Self {
        let mut copies = bare.copies(sample).await;
        copies.change("statefulsets", |set| {
            set["spec"]["replicas"] = json!(1);
            set["metadata"]["annotations"]["dcaas.dev/session"] = json!(session(&sample.oid, &not_due()));
            set["metadata"]["annotations"]["dcaas.dev/ended"] = json!("");
            let template = &mut set["spec"]["template"];
            template["metadata"]["labels"]["dcaas.dev/session"] = json!(sample.oid);
            // as small as it can be: it does not run
            template["spec"] = json!({
                "automountServiceAccountToken": false,
                "nodeSelector": { "kubernetes.azure.com/agentpool": "steady" },
                "tolerations": [{ "operator": "Exists" }],
                "containers": [{ "name": "workspace", "image": "dcaas.example/workspace:dev" }],
            });
        });
        Self { dcaas, bare, copies, people: Vec::new() }
    }

    /// Until there are so many.
    pub async fn grow(&mut self, count: usize) {
        let more = self.dcaas.people(count - self.people.len(), true).await;
        let copy = |person| self.bare.copy(&self.copies, person);
        stream::iter(&more).for_each_concurrent(AT_ONCE, copy).await;
        self.people.extend(more);
        self.pods(count).await;
    }

    /// Writes into each session what else is noted.
    pub async fn note(&self, watch: &Value) {
        self.all(|person| {
            let note = session(&person.oid, watch);
            json!([
                { "op": "replace", "path": "/metadata/annotations/dcaas.dev~1session", "value": note },
                { "op": "replace", "path": "/metadata/annotations/dcaas.dev~1ended", "value": "" },
            ])
        })
        .await;
    }

    /// Wishes for so many pods of each.
    async fn scale(&self, replicas: i64) {
        self.all(|_| json!([{ "op": "replace", "path": "/spec/replicas", "value": replicas }])).await;
    }

    async fn all(&self, patch: impl Fn(&Member) -> Value) {
        let each = self.people.iter().map(|person| {
            let patch = patch(person);
            async move { self.bare.patch(&person.oid, patch).await }
        });
        stream::iter(each).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Starts all of them again.
    pub async fn start(&self) {
        self.pods(0).await;
        self.scale(1).await;
        self.note(&not_due()).await;
        self.pods(self.people.len()).await;
    }

    /// Waits until so many pods run; none means that there is none at all.
    pub async fn pods(&self, count: usize) {
        let pods: Api<Pod> = Api::all(self.bare.client.clone());
        let mut of = ListParams::default().labels(&format!("app.kubernetes.io/instance={}", self.dcaas.name));
        if count > 0 {
            of = of.fields("status.phase=Running");
        }
        eventually(&format!("{count} pods run"), || async {
            (pods.list_metadata(&of).await.unwrap().items.len() == count).then_some(())
        })
        .await;
    }

    /// How many are wished to have so many pods.
    pub async fn wished(&self, replicas: i64) -> usize {
        let path = format!(
            "/apis/apps/v1/statefulsets?labelSelector=app.kubernetes.io/instance={}",
            self.dcaas.name
        );
        let all = self.bare.send("GET", &path, JSON, vec![]).await.unwrap();
        let wished = |set: &&Value| set["spec"]["replicas"] == replicas && self.has(set);
        all["items"].as_array().unwrap().iter().filter(wished).count()
    }

    fn has(&self, set: &Value) -> bool {
        let namespace = set["metadata"]["namespace"].as_str().unwrap();
        self.people.iter().any(|person| namespace.ends_with(&person.oid))
    }

    /// Stops all of them, and waits for it.
    pub async fn end(&self) {
        self.scale(0).await;
        self.pods(0).await;
    }
}

impl Bare {
    async fn patch(&self, oid: &str, patch: Value) {
        let path = format!("/apis/apps/v1/namespaces/dc-{oid}/statefulsets/workspace");
        self.send("PATCH", &path, METADATA_OF_ONE, patch.to_string().into_bytes()).await.unwrap();
    }

    /// The lists of a sweep.
    pub async fn lists(&self, installation: &str) {
        for (path, accept) in [("/api/v1/pods", JSON), ("/apis/apps/v1/statefulsets", METADATA)] {
            let mut next = String::new();
            loop {
                let page = format!(
                    "{path}?limit={PAGE}&labelSelector=app.kubernetes.io%2Finstance%3D{installation}&continue={next}"
                );
                let page = self.send("GET", &page, accept, vec![]).await.unwrap();
                next = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
                if next.is_empty() {
                    break;
                }
            }
        }
    }

    /// The end of a workspace's log.
    pub async fn log(&self, oid: &str) {
        let path =
            format!("/api/v1/namespaces/dc-{oid}/pods/workspace-0/log?container=workspace&tailLines=600");
        assert!(self.text(&path).await.unwrap().contains(oid));
    }

    /// What a sweep writes in the end: the session with what is noted then, or how it ended.
    pub async fn judged(&self, oid: &str, session: Option<String>) {
        let path = format!("/apis/apps/v1/namespaces/dc-{oid}/statefulsets/workspace");
        let of_session = "/metadata/annotations/dcaas.dev~1session";
        let of_ended = "/metadata/annotations/dcaas.dev~1ended";
        let mut patch = vec![json!({ "op": "test", "path": of_ended, "value": "" })];
        match session {
            Some(note) => patch.push(json!({ "op": "replace", "path": of_session, "value": note })),
            None => {
                let end = json!({ "at": Utc::now(), "by": "sweep", "why": "no use was seen for 1 h", "recorded": false });
                patch.push(json!({ "op": "replace", "path": of_ended, "value": end.to_string() }));
                patch.push(json!({ "op": "replace", "path": "/spec/replicas", "value": 0 }));
            }
        }
        let patch = Value::Array(patch).to_string().into_bytes();
        self.send("PATCH", &path, JSON, patch).await.unwrap();
    }

    /// The event that tells of a stop.
    pub async fn told(&self, oid: &str) {
        let (namespace, now) = (format!("dc-{oid}"), Utc::now());
        let event = json!({
            "metadata": { "generateName": "workspace.", "namespace": namespace },
            "involvedObject": { "apiVersion": "apps/v1", "kind": "StatefulSet", "namespace": namespace, "name": "workspace" },
            "type": "Normal", "reason": "StoppedIdle", "source": { "component": "dcaas" },
            "message": "dcaas stopped the workspace: no use was seen for 1 h.",
            "firstTimestamp": now, "lastTimestamp": now, "count": 1,
        });
        let path = format!("/api/v1/namespaces/{namespace}/events");
        self.send("POST", &path, JSON, event.to_string().into_bytes()).await.unwrap();
    }
}

const METADATA_OF_ONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
