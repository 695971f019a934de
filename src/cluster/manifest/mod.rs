//! Everything that a member has in the cluster, as it is written there. Pure.

mod fence;
mod storage;
mod template;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::{
    cluster::notes,
    config::Settings,
    domain::{idleness::Watch, member::Member, membership::Allowance, workspace::Session},
};

/// The name space of the words that bounds come to: any, and always this one.
const BOUNDS: Uuid = uuid!("5b0c6c0e-9d0a-4f5e-8a55-0f2f8a1f6d3c");

pub use template::template;

/// An object and where it lives.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The path of the collection, as in `/api/v1/namespaces`.
    pub collection: String,
    pub name: String,
    pub body: Value,
}

/// Whose objects are made, and by which installation's settings.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    pub member: Member,
    pub settings: &'a Settings,
}

impl Owner<'_> {
    /// The labels of everything that belongs to a member.
    fn labels(&self) -> Value {
        json!({
            "app.kubernetes.io/managed-by": "dcaas",
            "app.kubernetes.io/instance": self.settings.installation,
            "dcaas.dev/member": self.member.to_string(),
        })
    }

    fn object(&self, api: &str, kind: &str, plural: &str, name: &str, rest: Value) -> Manifest {
        let namespace = self.member.namespace();
        let prefix = if api == "v1" { "/api".to_owned() } else { "/apis".to_owned() };
        let mut body = json!({
            "apiVersion": api,
            "kind": kind,
            "metadata": { "name": name, "namespace": namespace, "labels": self.labels() },
        });
        merge(&mut body, rest);
        Manifest {
            collection: format!("{prefix}/{api}/namespaces/{namespace}/{plural}"),
            name: name.to_owned(),
            body,
        }
    }

    /// A Secret of the member's.
    pub fn secret(&self, name: &str, rest: Value) -> Manifest {
        self.object("v1", "Secret", "secrets", name, rest)
    }

    fn clusterwide(&self, kind: &str, plural: &str, name: &str, rest: Value) -> Manifest {
        let mut body = json!({
            "apiVersion": "v1",
            "kind": kind,
            "metadata": { "name": name, "labels": self.labels() },
        });
        merge(&mut body, rest);
        Manifest { collection: format!("/api/v1/{plural}"), name: name.to_owned(), body }
    }
}

/// The namespace, which must be there before anything else; `name` is what Graph calls the member.
#[must_use]
pub fn namespace(owner: Owner, name: Option<&str>) -> Manifest {
    fence::namespace(owner, name)
}

/// Our own rights in the namespace, which must be there before anything in it.
#[must_use]
pub fn role_binding(owner: Owner) -> Manifest {
    fence::role_binding(owner)
}

/// The container as a volume.
#[must_use]
pub fn volume(owner: Owner) -> Manifest {
    storage::data_volume(owner)
}

/// The claims, home and data: posted where they are missing, and never applied. What they ask for can not be
/// changed: a smaller `HOME_SIZE` would be refused for everybody who has a disk already.
#[must_use]
pub fn claims(owner: Owner) -> [Manifest; 2] {
    [storage::home(owner), storage::data(owner)]
}

/// Bounds, in any order, and after the claims: a quota counts a claim before it is made, and forgets one that
/// was then not made, as when we are killed, only minutes later. Until then it would refuse it. `open` are the profiles
/// that the member may start; none means all.
#[must_use]
pub fn bounds(owner: Owner, open: Option<&[String]>) -> Vec<Manifest> {
    vec![
        fence::quota(owner, open),
        fence::limit_range(owner),
        fence::network_policy(owner),
        fence::disruption_budget(owner),
    ]
}

/// What a member may use to whom these profiles are open.
#[must_use]
pub fn allowance(owner: Owner, open: Option<Vec<String>>) -> Allowance {
    let bounds = bounds(owner, open.as_deref());
    let specs: Vec<&Value> = bounds.iter().map(|manifest| &manifest.body["spec"]).collect();
    // whose they are is no difference between them
    let text = json!(specs).to_string().replace(&owner.member.to_string(), "");
    Allowance { profiles: open, bounds: Uuid::new_v5(&BOUNDS, text.as_bytes()).simple().to_string() }
}

/// The StatefulSet at zero replicas: posted last, and never applied again.
#[must_use]
pub fn workspace(owner: Owner, allowance: &Allowance) -> Manifest {
    let profile = owner.settings.workspaces.profiles.default();
    let never = Session {
        id: String::new(),
        asked: chrono::DateTime::UNIX_EPOCH,
        started: None,
        waits: None,
        account: None,
        watch: Watch::default(),
        by: owner.member,
        profile: profile.name.clone(),
        image: profile.image.clone(),
    };
    let mut set = owner.object(
        "apps/v1",
        "StatefulSet",
        "statefulsets",
        "workspace",
        json!({
            "spec": {
                "replicas": 0,
                // a pending pod must not keep the next start from replacing it
                "podManagementPolicy": "Parallel",
                // no write of ours ever restarts a pod that works
                "updateStrategy": { "type": "OnDelete" },
                "revisionHistoryLimit": 1,
                "serviceName": "workspace",
                "selector": { "matchLabels": { "dcaas.dev/member": owner.member.to_string() } },
                "template": template(owner, &never, profile),
            },
        }),
    );
    set.body["metadata"]["annotations"] = json!({
        notes::SESSION: "",
        notes::ENDED: notes::NEVER_STARTED,
        notes::BOUNDS: allowance.bounds,
    });
    if let Some(open) = &allowance.profiles {
        set.body["metadata"]["annotations"][notes::PROFILES] = json!(notes::write_profiles(open));
    }
    set
}

/// Adds the members of `rest` to `body`, one level deep for those that both have.
fn merge(body: &mut Value, rest: Value) {
    let (Value::Object(body), Value::Object(rest)) = (body, rest) else {
        return;
    };
    for (key, value) in rest {
        match (body.get_mut(&key), value) {
            (Some(there @ Value::Object(_)), more @ Value::Object(_)) => merge(there, more),
            (_, value) => {
                body.insert(key, value);
            }
        }
    }
}
