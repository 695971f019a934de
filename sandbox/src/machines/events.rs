//! The autoscaler's events on pods and on its own status.

use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

/// One event, as `kubectl describe` would show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub about: ObjectReference,
    pub kind: &'static str,
    pub reason: &'static str,
    pub message: String,
}

impl Event {
    /// An event on a pod, of type Normal.
    #[must_use]
    pub fn on_pod(pod: &Pod, reason: &'static str, message: String) -> Self {
        Self { about: pod.object_ref(&()), kind: "Normal", reason, message }
    }

    /// A warning on the autoscaler's status, where only an administrator looks.
    #[must_use]
    pub fn on_status(reason: &'static str, message: String) -> Self {
        let about = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("ConfigMap".into()),
            namespace: Some("kube-system".into()),
            name: Some("cluster-autoscaler-status".into()),
            ..ObjectReference::default()
        };
        Self { about, kind: "Warning", reason, message }
    }

    /// Records it, or counts one more if the very same was told before.
    ///
    /// # Errors
    /// What the API server answers; a namespace that is going is none.
    pub async fn record(&self, client: &Client) -> kube::Result<()> {
        let namespace = self.about.namespace.clone().unwrap_or_default();
        let events: Api<k8s_openapi::api::core::v1::Event> = Api::namespaced(client.clone(), &namespace);
        let seed = format!("{:?}{}{}", self.about.uid, self.reason, self.message);
        let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, seed.as_bytes()).simple().to_string();
        let name = format!("{}.{}", self.about.name.as_deref().unwrap_or("unnamed"), &hash[..16]);
        let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        if let Ok(known) = events.get(&name).await {
            let again = json!({"count": known.count.unwrap_or(1) + 1, "lastTimestamp": now});
            events.patch(&known.name_any(), &PatchParams::default(), &Patch::Merge(&again)).await?;
            return Ok(());
        }
        let event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": self.about, "type": self.kind, "reason": self.reason, "message": self.message,
            "count": 1, "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": "cluster-autoscaler"}, "reportingComponent": "cluster-autoscaler",
        });
        let event = serde_json::from_value(event).map_err(kube::Error::SerdeError)?;
        match events.create(&PostParams::default(), &event).await {
            Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404) => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

/// Which machine set grows, in the autoscaler's words.
#[must_use]
pub fn scale_up(scale_set: &str, from: usize, to: usize, max: usize) -> String {
    format!("pod triggered scale-up: [{{{scale_set} {from}->{to} (max: {max})}}]")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_scale_up_is_told_in_the_autoscalers_words() {
        assert_eq!(
            super::scale_up("aks-gpu-12345678-vmss", 0, 1, 4),
            "pod triggered scale-up: [{aks-gpu-12345678-vmss 0->1 (max: 4)}]"
        );
    }
}
