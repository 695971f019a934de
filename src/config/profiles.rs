//! PROFILES and PROFILE_GROUPS: the list of profiles, and which groups open which, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::IgnoredAny};

use crate::domain::{
    gates::Gates,
    profile::{Profile, Profiles, Toleration},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireProfile {
    name: String,
    cpu: String,
    memory: String,
    #[serde(default)]
    gpus: u32,
    #[serde(default)]
    node_selector: BTreeMap<String, String>,
    #[serde(default)]
    tolerations: Vec<WireToleration>,
    image: String,
    price_per_hour: f64,
    /// Read by itself.
    #[serde(default, rename = "idle")]
    _idle: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireToleration {
    key: String,
    #[serde(default = "equal")]
    operator: String,
    value: Option<String>,
    effect: Option<String>,
}

fn equal() -> String {
    "Equal".to_owned()
}

/// Reads the list.
///
/// # Errors
/// A sentence: what is wrong with it.
pub fn parse(json: &str, default: &str) -> Result<Profiles, String> {
    let wire: Vec<WireProfile> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    Profiles::new(wire.into_iter().map(Profile::from).collect(), default)
}

/// Reads which groups open which profiles.
///
/// # Errors
/// A sentence: what is wrong with it.
pub fn gates(json: &str, profiles: &Profiles) -> Result<Gates, String> {
    let wire: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    if let Some(group) = wire.keys().find(|group| uuid::Uuid::try_parse(group).is_err()) {
        return Err(format!("'{group}' is no object id of a group"));
    }
    Gates::new(wire.into_iter().map(|(group, names)| (group.to_lowercase(), names)).collect(), profiles)
}

impl From<WireProfile> for Profile {
    fn from(wire: WireProfile) -> Self {
        Self {
            name: wire.name,
            cpu: wire.cpu,
            memory: wire.memory,
            gpus: wire.gpus,
            node_selector: wire.node_selector,
            tolerations: wire.tolerations.into_iter().map(Toleration::from).collect(),
            image: wire.image,
            price_per_hour: wire.price_per_hour,
        }
    }
}

impl From<WireToleration> for Toleration {
    fn from(wire: WireToleration) -> Self {
        Self { key: wire.key, operator: wire.operator, value: wire.value, effect: wire.effect }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_that_can_not_be_used_say_why() {
        let two = r#"[{"name":"a","cpu":"1","memory":"1Gi","image":"i","pricePerHour":0.1},
            {"name":"b","cpu":"1","memory":"1Gi","image":"i","pricePerHour":0.1}]"#;
        let profiles = parse(two, "a").unwrap();
        let rows = [
            ("{}", ""),
            (r#"{"66666666-6666-6666-6666-66666666666A":["b"]}"#, ""),
            ("[]", "expected a map"),
            (r#"{"research":["b"]}"#, "'research' is no object id"),
            (r#"{"66666666-6666-6666-6666-666666666666":["c"]}"#, "no profile 'c'"),
            (r#"{"66666666-6666-6666-6666-666666666666":["a"]}"#, "open to everybody"),
        ];
        for (json, why) in rows {
            match gates(json, &profiles) {
                Ok(gates) => {
                    assert_eq!(why, "", "{json}");
                    assert!(gates.groups().all(|group| group == group.to_lowercase()));
                }
                Err(said) => assert!(!why.is_empty() && said.contains(why), "{json}: {said}"),
            }
        }
    }

    #[test]
    fn a_list_that_can_not_be_used_says_why() {
        let good = r#"[{"name":"a","cpu":"1","memory":"1Gi","image":"i","pricePerHour":0.1}]"#;
        let rows = [
            (good, "a", ""),
            (good, "b", "not among"),
            ("{", "a", "expected a sequence"),
            ("[]", "a", "not among"),
            (r#"[{"name":"a"}]"#, "a", "missing field"),
            (
                r#"[{"name":"a","cpu":"1","memory":"1Gi","image":"i","pricePerHour":0.1,"gpu":1}]"#,
                "a",
                "unknown field `gpu`",
            ),
        ];
        for (json, default, why) in rows {
            match parse(json, default) {
                Ok(_) => assert_eq!(why, "", "{json}"),
                Err(said) => assert!(!why.is_empty() && said.contains(why), "{json}: {said}"),
            }
        }
    }
}
