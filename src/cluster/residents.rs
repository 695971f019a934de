//! Everybody who has something in the cluster: two lists, read page by page, and as little of each object as counts.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Namespace};
use kube::{Resource, api::ListParams, core::Request};
use serde::Deserialize;

use crate::{
    cluster::{
        notes,
        reads::Cluster,
        request::{Error, build},
    },
    domain::{member::Member, membership::Resident},
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
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Page {
    metadata: PageMeta,
    /// Null, in an empty list of metadata.
    items: Option<Vec<Listed>>,
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
        self.each::<StatefulSet>(|set| {
            let open = notes::read_profiles(set.metadata.annotations.get(notes::PROFILES));
            workspaces.extend(Member::of_namespace(&set.metadata.namespace).map(|member| (member, open)));
        })
        .await?;
        let mut residents = Vec::new();
        self.each::<Namespace>(|namespace| {
            let ListedMeta { name, uid, resource_version: version, annotations, .. } = namespace.metadata;
            if let Some(member) = Member::of_namespace(&name) {
                let there = workspaces.remove(&member);
                let left = annotations.get(notes::LEFT).and_then(|text| notes::read_left(text));
                let (workspace, profiles) = (there.is_some(), there.flatten());
                residents.push(Resident { member, workspace, left, profiles, uid, version });
            }
        })
        .await?;
        Ok(residents)
    }

    /// Hands on the metadata of every object of a kind that is this installation's.
    pub(super) async fn each<K: Resource<DynamicType = ()>>(
        &self,
        mut take: impl FnMut(Listed),
    ) -> Result<(), Error> {
        let mut params = ListParams::default().labels(&self.ours()).limit(PAGE);
        loop {
            let request = build(Request::new(K::url_path(&(), None)).list_metadata(&params))?;
            let page: Page = self.sender.send(request).await?;
            page.items.into_iter().flatten().for_each(&mut take);
            match page.metadata.next.filter(|next| !next.is_empty()) {
                Some(next) => params = params.continue_token(&next),
                None => return Ok(()),
            }
        }
    }
}
