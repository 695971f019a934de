//! What every container on a kubelet finds of the world's real editor: the two things that the stand-in of the CLI looks
//! for, mounted beside the platform's tree.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::process::Command;

/// A folder beside one in which the platform's programs lie.
const INSIDE: &str = "/opt/editor";

/// Writes the specification that containerd begins each container's with; gives the file.
///
/// # Errors
/// When `ctr` does not say what containerd's own is.
pub async fn base_spec(editor: &Path, state: &Path) -> Result<PathBuf> {
    let output = Command::new("ctr").args(["oci", "spec"]).output().await.context("ctr does not start")?;
    let own = serde_json::from_slice(&output.stdout).context("`ctr oci spec` says no specification")?;
    let servers = editor.join("servers").canonicalize()?;
    let file = state.join("base-spec.json");
    std::fs::write(&file, with_mounts(own, &editor.join("relay"), &servers)?.to_string())?;
    Ok(file)
}

fn with_mounts(mut spec: Value, relay: &Path, servers: &Path) -> Result<Value> {
    let mounts = spec["mounts"].as_array_mut().context("containerd's own specification has no mounts")?;
    for (name, source) in [("relay", relay), ("servers", servers)] {
        let to = format!("{INSIDE}/{name}");
        mounts
            .push(json!({ "destination": to, "type": "bind", "source": source, "options": ["rbind", "ro"] }));
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relay_and_servers_are_added_to_what_containerd_mounts() {
        let (relay, servers) = (Path::new("/w/editor/relay"), Path::new("/t/servers"));
        let spec = with_mounts(json!({ "mounts": [{ "destination": "/proc" }] }), relay, servers).unwrap();
        let places: Vec<&str> =
            spec["mounts"].as_array().unwrap().iter().filter_map(|m| m["destination"].as_str()).collect();
        assert_eq!(places, ["/proc", "/opt/editor/relay", "/opt/editor/servers"]);
        assert_eq!(spec["mounts"][2]["source"], "/t/servers");
        assert!(with_mounts(json!({}), relay, servers).is_err());
    }
}
