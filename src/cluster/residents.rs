//! Everybody who has something in the cluster: two lists, read page by page, and as little of each object as counts.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Namespace, Pod},
};
use kube::{Resource, api::ListParams, core::Request};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    cluster::{
        notes,
        reads::Cluster,
        request::{Error, build},
    },
    domain::{
        member::Member,
        membership::{Allowance, Resident},
        workspace::Seen,
    },
};

/// Objects on a page: what one answer holds in memory is bounded.
const PAGE: u32 = 500;

/// An object's metadata without its managed fields, which are most of it.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub metadata: ListedMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedMeta {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub uid: String,
    #[serde(default)]
    pub resource_version: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When its deletion began.
    pub deletion_timestamp: Option<String>,
}

impl ListedMeta {
    /// Both texts of a workspace, empty where there is none.
    pub fn seen(&self) -> Seen {
        let text = |name: &str| self.annotations.get(name).cloned().unwrap_or_default();
        Seen { session: text(notes::SESSION), ended: text(notes::ENDED) }
    }
}

#[derive(Deserialize)]
struct Page<T> {
    metadata: PageMeta,
    /// Null, in an empty list of metadata.
    items: Option<Vec<T>>,
}

#[derive(Deserialize)]
struct PageMeta {
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl Cluster {
    /// Everybody who has a namespace of this installation, with or without a workspace in it.
    ///
    /// # Errors
    /// When the cluster does not give both lists whole.
    pub async fn residents(&self) -> Result<Vec<Resident>, Error> {
        // workspaces first: one that is made in between has its namespace in the second list
        let mut workspaces = HashMap::new();
        self.each::<StatefulSet>(&self.ours(), |set| {
            let ListedMeta { namespace, mut annotations, .. } = set.metadata;
            let profiles = notes::read_profiles(annotations.get(notes::PROFILES));
            let bounds = annotations.remove(notes::BOUNDS).unwrap_or_default();
            let allowance = Allowance { profiles, bounds };
            workspaces.extend(Member::of_namespace(&namespace).map(|member| (member, allowance)));
        })
        .await?;
        let mut residents = Vec::new();
        self.each::<Namespace>(&self.ours(), |namespace| {
            let ListedMeta { name, uid, resource_version: version, annotations, .. } = namespace.metadata;
            if let Some(member) = Member::of_namespace(&name) {
                let there = workspaces.remove(&member);
                let left = annotations.get(notes::LEFT).and_then(|text| notes::read_left(text));
                let (workspace, allowance) = (there.is_some(), there.unwrap_or_default());
                residents.push(Resident { member, workspace, left, allowance, uid, version });
            }
        })
        .await?;
        Ok(residents)
    }

    /// Hands on the metadata of every object of a kind that has these labels.
    pub(super) async fn each<K: Resource<DynamicType = ()>>(
        &self,
        labels: &str,
        take: impl FnMut(Listed),
    ) -> Result<(), Error> {
        let objects = Request::new(K::url_path(&(), None));
        let ours = ListParams::default().labels(labels);
        self.pages(ours, |params| build(objects.list_metadata(params)), take).await
    }

    /// Hands on every pod that has these labels, and whose it is. To be asked before the workspaces: a pod can then only
    /// be older than the session beside it.
    pub(super) async fn each_pod(
        &self,
        labels: &str,
        mut take: impl FnMut(Member, Pod),
    ) -> Result<(), Error> {
        let pods = Request::new(Pod::url_path(&(), None));
        let take = |pod: Pod| {
            if let Some(member) = pod.metadata.namespace.as_deref().and_then(Member::of_namespace) {
                take(member, pod);
            }
        };
        let ours = ListParams::default().labels(labels);
        self.pages(ours, |params| build(pods.list(params)), take).await
    }

    /// Hands on every object of a list, which is asked for page by page.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        params: ListParams,
        list: impl Fn(&ListParams) -> Result<http::Request<Vec<u8>>, Error>,
        mut take: impl FnMut(T),
    ) -> Result<(), Error> {
        let mut params = params.limit(PAGE);
        loop {
            let page: Page<T> = self.sender.send(list(&params)?).await?;
            page.items.into_iter().flatten().for_each(&mut take);
            match page.metadata.next.filter(|next| !next.is_empty()) {
                Some(next) => params = params.continue_token(&next),
                None => return Ok(()),
            }
        }
    }
}
