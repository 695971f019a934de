//! Thousands of members, made and watched by the cluster's administrator.

use std::{collections::BTreeSet, time::Duration};

use futures::TryStreamExt;
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::{
    Api, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
};

use serde_json::Value;

use crate::{bare::Bare, installation::Member};

/// How long a watch may last, below the API server's own bound.
const WATCH: u32 = 290;

/// What is copied of a member: without the rest they are as good as whole to whoever compares.
const COPIED: [&str; 3] = [
    "/api/v1/namespaces/NS",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings/dcaas",
    "/apis/apps/v1/namespaces/NS/statefulsets/workspace",
];

/// The things of a member, to be made for others.
pub struct Copies {
    oid: String,
    /// Each with the path of its kind, in the order in which they are made.
    things: Vec<(String, String)>,
}

impl Copies {
    /// Changes those things of a kind that are to be made.
    pub fn change(&mut self, kind: &str, change: impl Fn(&mut Value)) {
        for (path, thing) in self.things.iter_mut().filter(|(path, _)| path.contains(kind)) {
            let mut changed = serde_json::from_str(thing).unwrap_or_else(|e| panic!("{path}: {e}"));
            change(&mut changed);
            *thing = changed.to_string();
        }
    }
}

impl Bare {
    /// The things of a member as the product made them.
    pub async fn copies(&self, of: &Member) -> Copies {
        let mut things = Vec::new();
        for path in COPIED {
            let path = path.replace("NS", &format!("dc-{}", of.oid));
            let mut thing = self.send("GET", &path, "application/json", Vec::new()).await.unwrap();
            thing.as_object_mut().unwrap().remove("status");
            let metadata = thing["metadata"].as_object_mut().unwrap();
            for stamp in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"] {
                metadata.remove(stamp);
            }
            let collection = path.rsplit_once('/').unwrap().0;
            things.push((format!("{collection}?fieldManager=dcaas"), thing.to_string()));
        }
        Copies { oid: of.oid.clone(), things }
    }

    /// Makes them for somebody else.
    pub async fn copy(&self, copies: &Copies, person: &Member) {
        for (path, thing) in &copies.things {
            let own = |text: &str| text.replace(&copies.oid, &person.oid);
            self.send("POST", &own(path), "application/json", own(thing).into_bytes()).await.unwrap();
        }
    }

    /// Watches until an installation has so many more StatefulSets; how many it were, should time run out.
    pub async fn sets_made(&self, installation: &str, count: usize) -> impl Future<Output = usize> + use<> {
        self.watched(installation, count, |event| matches!(event, WatchEvent::Added(_))).await
    }

    /// Watches until it has so many less.
    pub async fn sets_gone(&self, installation: &str, count: usize) -> impl Future<Output = usize> + use<> {
        self.watched(installation, count, |event| matches!(event, WatchEvent::Deleted(_))).await
    }

    async fn watched(
        &self,
        installation: &str,
        count: usize,
        counts: fn(&WatchEvent<Listed>) -> bool,
    ) -> impl Future<Output = usize> + use<> {
        let sets: Api<StatefulSet> = Api::all(self.client.clone());
        let ours = format!("app.kubernetes.io/instance={installation}");
        let now = sets.list_metadata(&ListParams::default().labels(&ours).limit(1)).await.unwrap();
        let version = now.metadata.resource_version.unwrap_or_default();
        let watch = WatchParams::default().labels(&ours).timeout(WATCH);
        let events = sets.watch_metadata(&watch, &version).await.unwrap();
        async move {
            let mut seen = BTreeSet::new();
            let all = async {
                futures::pin_mut!(events);
                while seen.len() < count
                    && let Some(event) = events.try_next().await.unwrap()
                {
                    if counts(&event)
                        && let WatchEvent::Added(set) | WatchEvent::Deleted(set) = event
                    {
                        seen.insert(set.namespace());
                    }
                }
            };
            // who was lost is told by the number
            let _ = tokio::time::timeout(Duration::from_secs(WATCH.into()), all).await;
            seen.len()
        }
    }
}

type Listed = kube::core::PartialObjectMeta<StatefulSet>;
