//! What goes wrong with machines on request: in the cloud (none comes) or on the node (it misbehaves).

use super::scale::Closed;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A fault of one pool's machines, or of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    pub kind: Kind,
    /// For `image-pull`: which images, by a part of their name; all if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// For `slow`: how much later each container starts; for `gpu-late`: how much later the GPUs are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// For `oom`: whose containers are killed for memory, once: `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    NoQuota,
    NoStock,
    MaxReached,
    ImagePull,
    VolumeStuck,
    Slow,
    Oom,
    /// A kubelet that has ended is not started again.
    KubeletDown,
    /// The GPUs of a machine are told `delay_ms` after it came.
    GpuLate,
    /// The GPUs of a machine are there no more.
    GpuGone,
}

impl Kind {
    /// Whether machines of this form can do it: a real one pulls, is slow, and kills for memory by itself.
    fn fits(self, real: bool) -> bool {
        match self {
            Self::ImagePull | Self::Slow | Self::Oom => !real,
            Self::KubeletDown | Self::GpuLate | Self::GpuGone => real,
            Self::NoQuota | Self::NoStock | Self::MaxReached | Self::VolumeStuck => true,
        }
    }
}

impl Fault {
    /// Whether the fault says all that its kind needs, and the machines can do it; `real` where they are kubelets.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn check(&self, pools: &[&str], real: bool) -> Result<()> {
        if !self.kind.fits(real) {
            let (are, other) = if real { ("kubelets", "process") } else { ("processes", "kubelet") };
            bail!("machines that are {are} can not do this fault: start the world with --node {other}");
        }
        if let Some(pool) = &self.pool
            && !pools.contains(&pool.as_str())
        {
            bail!("there is no pool `{pool}`; name one of {}, or none for all", pools.join(", "));
        }
        if self.kind == Kind::Oom && !self.pod.as_deref().is_some_and(|pod| pod.contains('/')) {
            bail!("the fault `oom` needs `pod`: namespace/name");
        }
        Ok(())
    }

    fn hits(&self, pool: &str) -> bool {
        self.pool.as_deref().is_none_or(|name| name == pool)
    }
}

/// Azure's words for a machine that does not come, if the pool has such a fault.
#[must_use]
pub fn failure(faults: &[Fault], pool: &str) -> Option<&'static str> {
    faults.iter().filter(|fault| fault.hits(pool)).find_map(|fault| match fault.kind {
        Kind::NoQuota => Some(
            "QuotaExceeded: Operation could not be completed as it results in exceeding approved \
             standardNCASv3_T4Family Cores quota.",
        ),
        Kind::NoStock => Some(
            "AllocationFailed: Allocation failed. We do not have sufficient capacity for the requested VM \
             size in this region.",
        ),
        _ => None,
    })
}

/// Why the pool brings no machine: at its maximum, or after an attempt that failed and would fail again.
#[must_use]
pub fn closed(faults: &[Fault], pool: &str, failed: bool) -> Option<Closed> {
    if failed && failure(faults, pool).is_some() {
        return Some(Closed::Backoff);
    }
    let full = faults.iter().any(|fault| fault.hits(pool) && fault.kind == Kind::MaxReached);
    full.then_some(Closed::Full)
}

/// The content of the file that tells a pool's nodes how to misbehave.
#[must_use]
pub fn for_nodes(faults: &[Fault], pool: &str) -> Value {
    let of = |kind: Kind| faults.iter().filter(move |fault| fault.kind == kind && fault.hits(pool));
    let images: Vec<_> = of(Kind::ImagePull).map(|fault| fault.image.clone().unwrap_or_default()).collect();
    let slow = of(Kind::Slow).map(|fault| fault.delay_ms.unwrap_or(5000)).max();
    let pods: Vec<_> = of(Kind::Oom).filter_map(|fault| fault.pod.clone()).collect();
    let late = of(Kind::GpuLate).map(|fault| fault.delay_ms.unwrap_or(20_000)).max();
    let is = |kind: Kind| of(kind).next().is_some();
    let time = |ms: Option<u64>| ms.map_or(String::new(), |ms| format!("{ms}ms"));
    json!({
        "imagePull": images, "volumeStuck": is(Kind::VolumeStuck), "slow": time(slow), "oom": pods,
        "kubeletDown": is(Kind::KubeletDown), "gpuLate": time(late), "gpuGone": is(Kind::GpuGone),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<Fault> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_hits_its_pool_or_all() {
        let list = faults(r#"[{"pool":"steady","kind":"no-quota"},{"kind":"max-reached"}]"#);
        assert!(failure(&list, "steady").unwrap().contains("quota"));
        assert_eq!(failure(&list, "brief"), None);
        assert_eq!(closed(&list, "steady", true), Some(Closed::Backoff));
        assert_eq!(closed(&list, "steady", false), Some(Closed::Full));
        assert_eq!(closed(&list, "brief", true), Some(Closed::Full));
        assert_eq!(closed(&[], "brief", true), None);
    }

    #[test]
    fn nodes_are_told_of_their_faults_in_their_own_form() {
        let list = faults(
            r#"[{"kind":"image-pull"},{"kind":"slow","delay_ms":20},{"kind":"oom","pod":"a/b"},
                {"kind":"volume-stuck","pool":"other"},{"kind":"no-stock"}]"#,
        );
        let none = json!({"imagePull": [], "volumeStuck": false, "slow": "", "oom": [],
            "kubeletDown": false, "gpuLate": "", "gpuGone": false});
        let mut expected = none.clone();
        expected["imagePull"] = json!([""]);
        expected["slow"] = json!("20ms");
        expected["oom"] = json!(["a/b"]);
        assert_eq!(for_nodes(&list, "steady"), expected);
        assert_eq!(for_nodes(&[], "steady"), none);
        let mut real = none;
        real["gpuLate"] = json!("20000ms");
        real["gpuGone"] = json!(true);
        assert_eq!(for_nodes(&faults(r#"[{"kind":"gpu-late"},{"kind":"gpu-gone"}]"#), "steady"), real);
    }

    #[test]
    fn a_fault_that_says_too_little_is_refused_with_what_is_missing() {
        let check = |text: &str| faults(text)[0].check(&["steady"], false).map_err(|error| error.to_string());
        assert_eq!(check(r#"[{"kind":"slow","pool":"steady"}]"#), Ok(()));
        assert!(check(r#"[{"kind":"slow","pool":"x"}]"#).unwrap_err().contains("steady"));
        assert!(check(r#"[{"kind":"oom"}]"#).unwrap_err().contains("namespace/name"));
        assert!(check(r#"[{"kind":"gpu-gone"}]"#).unwrap_err().contains("--node kubelet"));
        let real = faults(r#"[{"kind":"oom","pod":"a/b"}]"#)[0].check(&["steady"], true);
        assert!(real.unwrap_err().to_string().contains("--node process"));
    }
}
