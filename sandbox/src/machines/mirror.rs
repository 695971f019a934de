//! A copy of all objects of one kind, kept fresh by a watch.

use futures::TryStreamExt;
use kube::{
    Api, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
};
use serde::de::DeserializeOwned;
use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// All objects of kind `K` by uid, as the API server last told them.
#[derive(Clone)]
pub struct Mirror<K>(Arc<Mutex<HashMap<String, K>>>);

impl<K> Mirror<K>
where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    /// Starts to follow; `seen` is called with each object that is new or changed. Ends with the task set.
    pub fn follow(
        tasks: &mut tokio::task::JoinSet<()>,
        api: Api<K>,
        seen: impl Fn(&K) + Send + Sync + 'static,
    ) -> Self {
        let mirror = Self(Arc::default());
        let copy = mirror.clone();
        tasks.spawn(async move {
            loop {
                if let Err(error) = copy.round(&api, &seen).await {
                    tracing::debug!("a watch is begun again: {error}");
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        });
        mirror
    }

    /// What `choose` makes of each object, without copying those it passes over.
    pub fn pick<T>(&self, choose: impl FnMut(&K) -> Option<T>) -> Vec<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().filter_map(choose).collect()
    }

    /// Lists once and watches until the watch ends or its history is gone.
    async fn round(&self, api: &Api<K>, seen: &(impl Fn(&K) + Send + Sync)) -> kube::Result<()> {
        let list = api.list(&ListParams::default()).await?;
        let version = list.metadata.resource_version.clone().unwrap_or_default();
        list.items.iter().for_each(seen);
        let fresh = list.items.into_iter().map(|object| (object.uid().unwrap_or_default(), object)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        let events = api.watch(&WatchParams::default(), &version).await?;
        futures::pin_mut!(events);
        while let Some(event) = events.try_next().await? {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    seen(&object);
                    let uid = object.uid().unwrap_or_default();
                    self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, object);
                }
                WatchEvent::Deleted(object) => {
                    let uid = object.uid().unwrap_or_default();
                    self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&uid);
                }
                WatchEvent::Bookmark(_) => (),
                WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
            }
        }
        Ok(())
    }
}
