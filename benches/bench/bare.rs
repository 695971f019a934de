//! A bare client of the API server, for comparison: the requests of a start, and nothing around them.

use std::{collections::BTreeSet, time::Duration};

use futures::TryStreamExt;
use http::Request;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{PersistentVolumeClaim, Pod, Secret},
};
use kube::{
    Api, Client, Config, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
    client::{Body, ConfigExt},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;

use crate::world::{Person, World, eventually};

/// As many requests at once as the product has under way.
const IN_FLIGHT: usize = 32;

const SESSION: &str = "dcaas.dev/session";
const ENDED: &str = "dcaas.dev/ended";

/// The cluster's administrator.
pub struct Bare {
    pub client: Client,
    in_flight: Semaphore,
}

/// A start as the product made it for somebody, to be made for others.
pub struct Sample {
    oid: String,
    session: String,
    note: String,
    template: String,
}

impl Bare {
    pub async fn of(world: &World) -> Self {
        let file = Kubeconfig::read_from(&world.kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = config.rustls_https_connector_with_connector(tcp).unwrap();
        let hyper = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(https);
        let service = ServiceBuilder::new().layer(config.base_uri_layer()).service(hyper);
        let client = Client::new(service, config.default_namespace);
        Self { client, in_flight: Semaphore::new(IN_FLIGHT) }
    }

    /// Puts a token for the tunnel in place, as signing in will.
    pub async fn sign_in(&self, person: &Person) {
        let secret: Secret = serde_json::from_value(json!({
            "metadata": { "name": "tunnel" },
            "stringData": { "provider": "github", "access_token": "a-token-of-this-world" },
        }))
        .unwrap();
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &person.namespace());
        secrets.create(&Default::default(), &secret).await.unwrap();
    }

    /// The start that was last made for this person.
    pub async fn sample(&self, person: &Person) -> Sample {
        let set = self.send("GET", &person.set(), "", Vec::new()).await.unwrap();
        let note = set["metadata"]["annotations"][SESSION].as_str().unwrap().to_owned();
        let session = serde_json::from_str::<Value>(&note).unwrap()["id"].as_str().unwrap().to_owned();
        Sample { oid: person.oid.clone(), session, note, template: set["spec"]["template"].to_string() }
    }

    /// The three requests of a start: the StatefulSet, the Secret's metadata, the patch.
    pub async fn start(&self, person: &Person, sample: &Sample) -> Result<(), String> {
        let set = self.send("GET", &person.set(), "application/json", Vec::new()).await?;
        let secret = format!("/api/v1/namespaces/{}/secrets/tunnel", person.namespace());
        let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        self.send("GET", &secret, metadata, Vec::new()).await?;
        let annotation = |name: &str| format!("/metadata/annotations/{}", name.replace('/', "~1"));
        let seen = |name: &str| set["metadata"]["annotations"][name].clone();
        let session = uuid::Uuid::new_v4().simple().to_string();
        let own = |text: &str| text.replace(&sample.oid, &person.oid).replace(&sample.session, &session);
        let template: Value = serde_json::from_str(&own(&sample.template)).unwrap();
        let patch = json!([
            { "op": "test", "path": annotation(SESSION), "value": seen(SESSION) },
            { "op": "test", "path": annotation(ENDED), "value": seen(ENDED) },
            { "op": "replace", "path": "/spec/template", "value": template },
            { "op": "replace", "path": annotation(SESSION), "value": own(&sample.note) },
            { "op": "replace", "path": annotation(ENDED), "value": "" },
            { "op": "replace", "path": "/spec/replicas", "value": 1 },
        ]);
        self.send("PATCH", &person.set(), "application/json", patch.to_string().into_bytes()).await.map(drop)
    }

    /// Looks at pods until so many are placed on a node.
    pub async fn placed(&self, count: usize) -> impl Future<Output = usize> + use<> {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let now = pods.list_metadata(&ListParams::default().limit(1)).await.unwrap();
        let version = now.metadata.resource_version.unwrap_or_default();
        let watch =
            WatchParams::default().labels("app.kubernetes.io/managed-by=dcaas").fields("spec.nodeName!=");
        let events = pods.watch_metadata(&watch, &version).await.unwrap();
        async move {
            let mut placed = BTreeSet::new();
            let all = async {
                futures::pin_mut!(events);
                while placed.len() < count
                    && let Some(event) = events.try_next().await.unwrap()
                {
                    if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event {
                        placed.insert(pod.namespace());
                    }
                }
            };
            // who was lost is told by the number
            let _ = tokio::time::timeout(Duration::from_secs(60), all).await;
            placed.len()
        }
    }

    /// The namespaces with a workspace in them.
    pub async fn sets(&self) -> BTreeSet<String> {
        let sets: Api<StatefulSet> = Api::all(self.client.clone());
        let list = sets.list_metadata(&ListParams::default()).await.unwrap();
        list.items.iter().filter_map(ResourceExt::namespace).collect()
    }

    /// How many claims of storage containers are bound to their volume.
    pub async fn bound(&self) -> usize {
        let claims: Api<PersistentVolumeClaim> = Api::all(self.client.clone());
        let list = claims.list(&ListParams::default().fields("metadata.name=data")).await.unwrap();
        let phase = |claim: &PersistentVolumeClaim| claim.status.as_ref().and_then(|s| s.phase.clone());
        list.items.iter().filter(|claim| phase(claim).as_deref() == Some("Bound")).count()
    }

    /// Waits until no pod is left.
    pub async fn gone(&self) {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let ours = ListParams::default().labels("app.kubernetes.io/managed-by=dcaas");
        eventually("the pods are gone", || async {
            pods.list_metadata(&ours).await.unwrap().items.is_empty().then_some(())
        })
        .await;
    }

    /// Waits until every StatefulSet has come to rest.
    pub async fn at_rest(&self) {
        eventually("the StatefulSets are at rest", || async {
            let sets =
                self.send("GET", "/apis/apps/v1/statefulsets", "application/json", vec![]).await.unwrap();
            let rests = |set: &Value| {
                set["status"]["observedGeneration"] == set["metadata"]["generation"]
                    && set["status"]["replicas"] == set["spec"]["replicas"]
            };
            sets["items"].as_array().unwrap().iter().all(rests).then_some(())
        })
        .await;
    }

    /// The same for a text.
    pub async fn text(&self, path: &str) -> Result<String, String> {
        let _turn = self.in_flight.acquire().await.unwrap();
        let request = Request::builder().uri(path).body(Vec::new()).unwrap();
        self.client.request_text(request).await.map_err(|e| format!("{path}: {e}"))
    }

    pub async fn send(&self, method: &str, path: &str, accept: &str, body: Vec<u8>) -> Result<Value, String> {
        let _turn = self.in_flight.acquire().await.unwrap();
        let request = Request::builder().method(method).uri(path).header("accept", accept);
        let kind = if method == "PATCH" { "application/json-patch+json" } else { "application/json" };
        let request = request.header("content-type", kind).body(body).unwrap();
        self.client.request(request).await.map_err(|e| format!("{method} {path}: {e}"))
    }
}
