//! Everything that a person has, in a form in which two people's things are equal when they should be.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::world::{Person, get};

/// The kinds in a member's namespace of which dcaas makes some. The lists are whole: one too many is seen, too.
const KINDS: [&str; 8] = [
    "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings",
    "/api/v1/namespaces/NS/resourcequotas",
    "/api/v1/namespaces/NS/limitranges",
    "/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies",
    "/apis/policy/v1/namespaces/NS/poddisruptionbudgets",
    "/api/v1/namespaces/NS/persistentvolumeclaims",
    "/api/v1/namespaces/NS/services",
    "/apis/apps/v1/namespaces/NS/statefulsets",
];

/// What a person has: each object by its path, without what differs from one to the next.
pub async fn things(person: &Person) -> BTreeMap<String, Value> {
    let namespace = person.namespace();
    let mut found = BTreeMap::new();
    for path in ["/api/v1/namespaces/NS", "/api/v1/persistentvolumes/NS"] {
        found.insert(path.to_owned(), get(&path.replace("NS", &namespace)).await.unwrap_or_default());
    }
    for kind in KINDS {
        let list = get(&kind.replace("NS", &namespace)).await.unwrap();
        for object in list["items"].as_array().unwrap() {
            let name = object["metadata"]["name"].as_str().unwrap();
            found.insert(format!("{kind}/{name}"), object.clone());
        }
    }
    let tunnel = found.values().find_map(tunnel);
    for object in found.values_mut() {
        clean(object);
        let mut text = object.to_string().replace(&person.oid, "OID").replace(&person.name, "NAME");
        if let Some(tunnel) = &tunnel {
            text = text.replace(tunnel, "TUNNEL");
        }
        *object = serde_json::from_str(&text).unwrap();
    }
    found
}

/// The StatefulSet of a person, in the same form.
pub async fn workspace(person: &Person) -> Value {
    let mut set = person.set().await.unwrap();
    clean(&mut set);
    set
}

/// The tunnel's name, where the object is the StatefulSet.
fn tunnel(object: &Value) -> Option<String> {
    let command = object["spec"]["template"]["spec"]["containers"][0]["command"].as_array()?;
    let at = command.iter().position(|word| word == "--tunnel")?;
    Some(command[at + 1].as_str()?.to_owned())
}

/// Takes away what the cluster counts and stamps, and what is made up anew for every session.
fn clean(object: &mut Value) {
    let set = &object["spec"]["template"]["metadata"]["labels"]["dcaas.dev/session"];
    let session = set.as_str().filter(|id| !id.is_empty()).map(ToOwned::to_owned);
    if let Some(session) = session {
        *object = serde_json::from_str(&object.to_string().replace(&session, "SESSION")).unwrap();
    }
    // written by the controllers when they bind
    if let Some(claim) = object.pointer_mut("/spec/claimRef").and_then(Value::as_object_mut) {
        claim.remove("uid");
        claim.remove("resourceVersion");
    }
    let object = object.as_object_mut().unwrap();
    object.remove("status");
    let metadata = object["metadata"].as_object_mut().unwrap();
    for stamp in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers"]
    {
        metadata.remove(stamp);
    }
    let mut annotations = Map::new();
    for (name, value) in metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default() {
        match name.as_str() {
            "dcaas.dev/session" | "dcaas.dev/ended" => annotations.insert(name, note(&value)),
            bound if bound.starts_with("pv.kubernetes.io/") => None,
            _ => annotations.insert(name, value),
        };
    }
    metadata.insert("annotations".into(), Value::Object(annotations));
}

/// A note without its times.
fn note(text: &Value) -> Value {
    let Ok(Value::Object(mut note)) = serde_json::from_str(text.as_str().unwrap()) else {
        return text.clone();
    };
    for time in ["asked", "started", "at"] {
        if note.contains_key(time) {
            note.insert(time.into(), json!("TIME"));
        }
    }
    Value::Object(note)
}
