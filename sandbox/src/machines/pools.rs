//! The node pools of the cluster, made from the profiles that the function app is given.

use super::quantity::thousandths;
use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::{Taint, Toleration};
use serde::Deserialize;
use std::collections::BTreeMap;

const AGENT_POOL: &str = "kubernetes.azure.com/agentpool";
const SPOT: &str = "kubernetes.azure.com/scalesetpriority";

/// At most so many machines a pool, as an administrator would set it.
pub const MAX_MACHINES: usize = 20;

/// What a pod asks for and a machine has, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    pub cpu: u128,
    pub memory: u128,
    pub gpus: u128,
}

/// One pool: every machine in it is alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    pub name: String,
    /// What a profile must select to get here; a pool is known by it.
    pub selector: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    pub has: Resources,
    pub max: usize,
}

impl Pool {
    /// The scale set's name, in which a machine's name begins.
    #[must_use]
    pub fn scale_set(&self) -> String {
        format!("aks-{}-12345678-vmss", self.name)
    }

    /// The name of the n-th machine: the scale set's and a number in base 36, as Azure gives them.
    #[must_use]
    pub fn machine(&self, mut n: u32) -> String {
        let mut digits = [b'0'; 6];
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(n % 36) as usize];
            n /= 36;
        }
        format!("{}{}", self.scale_set(), String::from_utf8_lossy(&digits))
    }
}

/// Reads the pools out of the setting `PROFILES`; profiles with the same selector share one.
///
/// # Errors
/// Names the profile that can not be read.
pub fn pools(profiles: &str) -> Result<Vec<Pool>> {
    let profiles: Vec<Profile> =
        serde_json::from_str(profiles).context("the setting PROFILES is no list of profiles")?;
    let mut pools: Vec<Pool> = Vec::new();
    for profile in &profiles {
        let pool = profile.pool().with_context(|| format!("profile `{}`", profile.name))?;
        add(&mut pools, pool);
    }
    Ok(pools)
}

/// Adds a pool, or makes the one with the same selector as large as both ask for.
pub fn add(pools: &mut Vec<Pool>, pool: Pool) {
    let Some(known) = pools.iter_mut().find(|known| known.selector == pool.selector) else {
        pools.push(pool);
        return;
    };
    known.has.cpu = known.has.cpu.max(pool.has.cpu);
    known.has.memory = known.has.memory.max(pool.has.memory);
    known.has.gpus = known.has.gpus.max(pool.has.gpus);
    for taint in pool.taints {
        if !known.taints.contains(&taint) {
            known.taints.push(taint);
        }
    }
    known.labels.extend(pool.labels);
}

/// What the pools need of a profile; the rest is the program's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    name: String,
    cpu: String,
    memory: String,
    #[serde(default)]
    gpus: u32,
    #[serde(default)]
    node_selector: BTreeMap<String, String>,
    #[serde(default)]
    tolerations: Vec<Toleration>,
}

impl Profile {
    fn pool(&self) -> Result<Pool> {
        let name = match self.node_selector.get(AGENT_POOL) {
            Some(name) => name.clone(),
            None if self.node_selector.is_empty() => "user".to_owned(),
            None => self.node_selector.values().cloned().collect::<Vec<_>>().join(""),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            bail!("`{name}` can not be a pool's name: AKS takes lower-case letters and digits");
        }
        let (cpu, memory) = (thousandths(&self.cpu)?, thousandths(&self.memory)?);
        let gpus = u128::from(self.gpus) * 1000;
        let spot = self.node_selector.get(SPOT).is_some_and(|value| value == "spot");
        Ok(Pool {
            labels: self.labels(&name, cpu, spot),
            name,
            selector: self.node_selector.clone(),
            taints: self.taints(spot),
            // a machine is a little larger than the profile: the system's own pods need room too
            has: Resources { cpu: cpu + 500, memory: memory + (1000 << 30), gpus },
            max: MAX_MACHINES,
        })
    }

    /// AKS's labels for a user pool, and whatever else the profile selects.
    fn labels(&self, name: &str, cpu: u128, spot: bool) -> BTreeMap<String, String> {
        let cores = cpu.div_ceil(1000);
        let size = match self.gpus {
            0 => format!("Standard_D{cores}s_v5"),
            _ => format!("Standard_NC{cores}as_T4_v3"),
        };
        let mut labels: BTreeMap<String, String> = [
            (AGENT_POOL, name),
            ("agentpool", name),
            ("kubernetes.azure.com/mode", "user"),
            ("kubernetes.azure.com/os-sku", "Ubuntu"),
            ("kubernetes.azure.com/priority", if spot { "spot" } else { "regular" }),
            ("node.kubernetes.io/instance-type", &size),
            ("topology.kubernetes.io/region", "westeurope"),
            ("topology.kubernetes.io/zone", "westeurope-1"),
            ("topology.disk.csi.azure.com/zone", "westeurope-1"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        if self.gpus > 0 {
            labels.insert("kubernetes.azure.com/accelerator".into(), "nvidia".into());
            labels.insert("accelerator".into(), "nvidia".into());
        }
        labels.extend(self.node_selector.clone());
        labels
    }

    /// The documented taint of a GPU pool where the profile tolerates it, and that of a spot pool.
    fn taints(&self, spot: bool) -> Vec<Taint> {
        let taint = |key: &str, value: &str| Taint {
            key: key.into(),
            value: Some(value.into()),
            effect: "NoSchedule".into(),
            time_added: None,
        };
        let mut taints = Vec::new();
        if self.tolerations.iter().any(|toleration| toleration.key.as_deref() == Some("sku")) {
            taints.push(taint("sku", "gpu"));
        }
        if spot {
            taints.push(taint(SPOT, "spot"));
        }
        taints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: &str = r#"[
      {"name":"steady","cpu":"4","memory":"16Gi","gpus":1,"image":"x","pricePerHour":0.9,
       "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"},
       "tolerations":[{"key":"sku","operator":"Equal","value":"gpu","effect":"NoSchedule"}]},
      {"name":"large","cpu":"8","memory":"8Gi","gpus":2,
       "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"}},
      {"name":"plain","cpu":"500m","memory":"1Gi"}]"#;

    #[test]
    fn profiles_with_the_same_selector_share_a_pool_as_large_as_both_ask_for() {
        let pools = pools(PROFILES).unwrap();
        assert_eq!(pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>(), ["steady", "user"]);
        let steady = &pools[0];
        assert_eq!(steady.has.cpu, 8500);
        assert_eq!(steady.has.memory, 1000 * (17 << 30));
        assert_eq!(steady.has.gpus, 2000);
        assert_eq!(steady.taints.len(), 1);
        assert_eq!(steady.labels["kubernetes.azure.com/accelerator"], "nvidia");
        assert_eq!(steady.labels["kubernetes.azure.com/mode"], "user");
        assert!(pools[1].taints.is_empty());
        assert!(!pools[1].labels.contains_key("accelerator"));
    }

    #[test]
    fn machines_are_named_as_azure_names_them() {
        let pool = &pools(PROFILES).unwrap()[0];
        assert_eq!(pool.machine(0), "aks-steady-12345678-vmss000000");
        assert_eq!(pool.machine(35), "aks-steady-12345678-vmss00000z");
        assert_eq!(pool.machine(36), "aks-steady-12345678-vmss000010");
    }

    #[test]
    fn a_profile_that_can_not_be_read_is_named() {
        let error = pools(r#"[{"name":"odd","cpu":"four","memory":"1Gi"}]"#).unwrap_err();
        assert!(format!("{error:#}").contains("profile `odd`"), "{error:#}");
    }
}
