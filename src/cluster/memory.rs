//! What belongs to no member: Secret `dcaas` in the installation's own namespace, one key for each fact.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Resource,
    api::{GetParams, Patch, PatchParams},
    core::Request,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::json;

use crate::{
    cluster::{
        reads::Cluster,
        request::{Error, build},
    },
    domain::{
        member::Member,
        membership::{Brake, Cause, Comparison},
        node::{Empty, Hold, Holder},
    },
};

const NAME: &str = "dcaas";
const BRAKE: &str = "brake";
const COMPARISON: &str = "comparison";

/// What is remembered; a fact that nobody can read counts as none, and is written anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub brake: Option<Brake>,
    pub comparison: Option<Comparison>,
}

#[derive(Deserialize, Serialize)]
struct BrakeNote {
    since: DateTime<Utc>,
    cause: CauseNote,
    losers: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum CauseNote {
    GroupMissing,
    GroupEmpty,
    TooMany { lately: usize, of: usize },
}

#[derive(Deserialize, Serialize)]
struct ComparisonNote {
    at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    empty: Vec<EmptyNote>,
}

#[derive(Deserialize, Serialize)]
struct EmptyNote {
    node: String,
    since: DateTime<Utc>,
    #[serde(default)]
    fixed: bool,
    /// Pods, each with the word of how it keeps the machine.
    held: Vec<(String, String)>,
}

impl Cluster {
    /// # Errors
    /// When the cluster can not tell.
    pub async fn memory(&self) -> Result<Memory, Error> {
        let secrets = Request::new(Secret::url_path(&(), Some(&self.installation)));
        let request = build(secrets.get(NAME, &GetParams::default()))?;
        match self.sender.send::<Secret>(request).await {
            Ok(secret) => Ok(read(&secret.data.unwrap_or_default())),
            Err(Error::NotFound) => Ok(Memory::default()),
            Err(e) => Err(e),
        }
    }

    /// Notes that the brake holds, or that it does not.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn remember_brake(&self, brake: Option<&Brake>) -> Result<(), Error> {
        self.remember(BRAKE, brake.map(brake_note).as_ref()).await
    }

    /// Notes what a comparison came to.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn remember_comparison(&self, comparison: &Comparison) -> Result<(), Error> {
        let note = comparison_note(comparison);
        self.remember(COMPARISON, Some(&note)).await
    }

    /// Applied as a manager of its own for each key: none touches another's, and the first one makes the Secret.
    async fn remember<T: Serialize>(&self, key: &str, note: Option<&T>) -> Result<(), Error> {
        let text = |note: &T| ByteString(serde_json::to_vec(note).unwrap_or_default());
        let data: BTreeMap<&str, ByteString> = note.map(|note| (key, text(note))).into_iter().collect();
        let body = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": NAME, "namespace": &*self.installation },
            "data": data,
        });
        let params = PatchParams::apply(&format!("dcaas-{key}")).force().validation_strict();
        let secrets = Request::new(Secret::url_path(&(), Some(&self.installation)));
        let request = build(secrets.patch(NAME, &params, &Patch::Apply(&body)))?;
        self.sender.send::<IgnoredAny>(request).await.map(|_| ())
    }
}

fn read(data: &BTreeMap<String, ByteString>) -> Memory {
    fn note<T: DeserializeOwned>(data: &BTreeMap<String, ByteString>, key: &str) -> Option<T> {
        serde_json::from_slice(&data.get(key)?.0).ok()
    }
    Memory {
        brake: note(data, BRAKE).and_then(read_brake),
        comparison: note(data, COMPARISON).map(read_comparison),
    }
}

fn read_brake(note: BrakeNote) -> Option<Brake> {
    let cause = match note.cause {
        CauseNote::GroupMissing => Cause::GroupMissing,
        CauseNote::GroupEmpty => Cause::GroupEmpty,
        CauseNote::TooMany { lately, of } => Cause::TooMany { lately, of },
    };
    let losers = note.losers.iter().map(|id| Member::parse(id).ok()).collect::<Option<_>>()?;
    Some(Brake { since: note.since, cause, losers })
}

fn read_comparison(ComparisonNote { at, fault, empty }: ComparisonNote) -> Comparison {
    let holder = |(pod, word): (String, String)| Some(Holder { hold: Hold::of_word(&word)?, pod });
    let empty = empty.into_iter().map(|EmptyNote { node, since, fixed, held }| Empty {
        node,
        since,
        fixed,
        held: held.into_iter().filter_map(holder).collect(),
    });
    Comparison { at, fault, empty: empty.collect() }
}

fn comparison_note(comparison: &Comparison) -> ComparisonNote {
    let held = |held: &[Holder]| {
        held.iter().map(|Holder { pod, hold }| (pod.clone(), hold.word().to_owned())).collect()
    };
    let empty = comparison.empty.iter().map(|Empty { node, since, fixed, held: pods }| EmptyNote {
        node: node.clone(),
        since: *since,
        fixed: *fixed,
        held: held(pods),
    });
    ComparisonNote { at: comparison.at, fault: comparison.fault.clone(), empty: empty.collect() }
}

fn brake_note(brake: &Brake) -> BrakeNote {
    let cause = match brake.cause {
        Cause::GroupMissing => CauseNote::GroupMissing,
        Cause::GroupEmpty => CauseNote::GroupEmpty,
        Cause::TooMany { lately, of } => CauseNote::TooMany { lately, of },
    };
    BrakeNote { since: brake.since, cause, losers: brake.losers.iter().map(ToString::to_string).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_again_and_nonsense_is_nothing() {
        let ada = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for cause in [Cause::GroupMissing, Cause::GroupEmpty, Cause::TooMany { lately: 2, of: 40 }] {
            let brake = Brake { since: at, cause, losers: [ada].into() };
            let text = serde_json::to_vec(&brake_note(&brake)).unwrap();
            let data = BTreeMap::from([(BRAKE.to_owned(), ByteString(text))]);
            assert_eq!(read(&data), Memory { brake: Some(brake), comparison: None });
        }
        let held = ["ending", "fixed", "alone", "system", "movable"]
            .map(|word| Holder { pod: format!("ml/{word}"), hold: Hold::of_word(word).unwrap() });
        let empty = vec![Empty { node: "gpu-1".into(), since: at, fixed: true, held: held.into() }];
        for (fault, empty) in [(None, vec![]), (Some("no right".to_owned()), empty)] {
            let comparison = Comparison { at, fault, empty };
            let text = serde_json::to_vec(&comparison_note(&comparison)).unwrap();
            let data = BTreeMap::from([(COMPARISON.to_owned(), ByteString(text))]);
            assert_eq!(read(&data), Memory { brake: None, comparison: Some(comparison) });
        }
        for text in ["", "{}", r#"{"since":"now","cause":"group-empty","losers":[]}"#] {
            let data = [BRAKE, COMPARISON].map(|key| (key.to_owned(), ByteString(text.into())));
            assert_eq!(read(&data.into()), Memory::default(), "{text}");
        }
    }
}
