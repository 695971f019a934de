//! Whether a pod could run on a machine of a pool, as the autoscaler's simulation of the scheduler says.

use super::{
    pools::{Pool, Resources},
    quantity::thousandths,
};
use anyhow::Result;
use k8s_openapi::api::core::v1::{Container, Pod, Taint, Toleration};
use std::{collections::BTreeMap, fmt};

/// What of a pod decides where it can run.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub selector: BTreeMap<String, String>,
    pub tolerations: Vec<Toleration>,
    pub asks: Resources,
}

/// Why a pod can not run on a pool's machines; the text is the scheduler's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    Selector,
    Taint { key: String, value: String },
    Insufficient(&'static str),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Self::Taint { key, value } => write!(f, "node(s) had untolerated taint {{{key}: {value}}}"),
            Self::Insufficient(resource) => write!(f, "Insufficient {resource}"),
        }
    }
}

/// Reads a pod's shape.
///
/// # Errors
/// A rule that the simulation does not know is named: it must not be passed over in silence.
pub fn shape(pod: &Pod) -> Result<Shape> {
    let Some(spec) = &pod.spec else {
        return Ok(Shape::default());
    };
    if let Some(affinity) = &spec.affinity
        && (affinity.node_affinity.is_some() || affinity.pod_affinity.is_some())
    {
        anyhow::bail!("the sandbox's autoscaler reads nodeSelector only, no affinity: use a nodeSelector");
    }
    let mut asks = Resources::default();
    for container in &spec.containers {
        let one = requests(container)?;
        asks.cpu += one.cpu;
        asks.memory += one.memory;
        asks.gpus += one.gpus;
    }
    for container in spec.init_containers.iter().flatten() {
        let one = requests(container)?;
        asks.cpu = asks.cpu.max(one.cpu);
        asks.memory = asks.memory.max(one.memory);
        asks.gpus = asks.gpus.max(one.gpus);
    }
    Ok(Shape {
        selector: spec.node_selector.clone().unwrap_or_default(),
        tolerations: spec.tolerations.clone().unwrap_or_default(),
        asks,
    })
}

/// The first reason why a pod of this shape does not fit on an empty machine of the pool.
#[must_use]
pub fn misfit(shape: &Shape, pool: &Pool) -> Option<Misfit> {
    if shape.selector.iter().any(|(key, value)| pool.labels.get(key) != Some(value)) {
        return Some(Misfit::Selector);
    }
    for taint in &pool.taints {
        if !shape.tolerations.iter().any(|toleration| tolerates(toleration, taint)) {
            let value = taint.value.clone().unwrap_or_default();
            return Some(Misfit::Taint { key: taint.key.clone(), value });
        }
    }
    let (asks, has) = (shape.asks, pool.has);
    [(asks.gpus, has.gpus, "nvidia.com/gpu"), (asks.cpu, has.cpu, "cpu"), (asks.memory, has.memory, "memory")]
        .into_iter()
        .find(|(asked, there, _)| asked > there)
        .map(|(.., resource)| Misfit::Insufficient(resource))
}

fn requests(container: &Container) -> Result<Resources> {
    let resources = container.resources.as_ref();
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let of = |name: &str| -> Result<u128> {
        let asked = requests.and_then(|map| map.get(name)).or_else(|| limits.and_then(|map| map.get(name)));
        asked.map_or(Ok(0), |quantity| thousandths(&quantity.0))
    };
    Ok(Resources { cpu: of("cpu")?, memory: of("memory")?, gpus: of("nvidia.com/gpu")? })
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    let exists = toleration.operator.as_deref() == Some("Exists");
    (effect.is_empty() || effect == taint.effect)
        && (key == taint.key || (key.is_empty() && exists))
        && (exists
            || toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::pools;
    use serde_json::{Value, json};

    fn pool() -> Pool {
        let profiles = r#"[{"name":"steady","cpu":"4","memory":"16Gi","gpus":1,
          "nodeSelector":{"kubernetes.azure.com/agentpool":"steady"},
          "tolerations":[{"key":"sku","operator":"Equal","value":"gpu","effect":"NoSchedule"}]}]"#;
        pools::pools(profiles).unwrap().remove(0)
    }

    fn pod(spec: Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
    }

    fn workspace(change: impl Fn(&mut Value)) -> Option<String> {
        let mut spec = json!({
            "nodeSelector": {"kubernetes.azure.com/agentpool": "steady"},
            "tolerations": [{"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}],
            "containers": [{"name": "c", "resources": {
                "requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"nvidia.com/gpu": "1"}}}],
        });
        change(&mut spec);
        misfit(&shape(&pod(spec)).unwrap(), &pool()).map(|misfit| misfit.to_string())
    }

    #[test]
    fn a_pod_that_fits_fits_and_every_misfit_is_told_in_the_schedulers_words() {
        assert_eq!(workspace(|_| ()), None);
        type Row = (fn(&mut Value), Option<&'static str>);
        let table: [Row; 7] = [
            (|s| s["tolerations"] = json!([]), Some("node(s) had untolerated taint {sku: gpu}")),
            (|s| s["tolerations"] = json!([{"operator": "Exists"}]), None),
            (
                |s| s["tolerations"][0]["value"] = json!("cpu"),
                Some("node(s) had untolerated taint {sku: gpu}"),
            ),
            (
                |s| s["nodeSelector"] = json!({"a": "b"}),
                Some("node(s) didn't match Pod's node affinity/selector"),
            ),
            (|s| s["nodeSelector"] = json!({}), None),
            (
                |s| s["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = json!("2"),
                Some("Insufficient nvidia.com/gpu"),
            ),
            (
                |s| s["initContainers"] = json!([{"name": "i", "resources": {"requests": {"cpu": "40"}}}]),
                Some("Insufficient cpu"),
            ),
        ];
        for (row, (change, expected)) in table.into_iter().enumerate() {
            assert_eq!(workspace(change).as_deref(), expected, "row {row}");
        }
    }

    #[test]
    fn affinity_is_refused_and_not_passed_over() {
        let pod = pod(json!({"containers": [], "affinity": {"nodeAffinity": {}}}));
        assert!(shape(&pod).is_err());
    }
}
