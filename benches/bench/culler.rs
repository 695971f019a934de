//! JupyterHub's idle culler on the same cluster, for comparison: a script that anyone can run.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{table, world::World};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/jupyterhub/cull.py");

/// What the script says of its result.
const RESULT: &str = "result: ";

/// Lets it start so many servers on machines that run no pod, and stop them.
pub async fn measure(world: &World, count: usize) {
    table::about(&format!("JupyterHub's idle culler stops {count} idle servers on the same cluster"));
    let mut script = Command::new("python3");
    script.args([SCRIPT, "--count", &count.to_string(), "--control", &world.control]);
    script.arg("--kubeconfig").arg(Path::new(&world.kubeconfig)).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || script.output()).await.unwrap();
    let text = match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => return table::seen("left out", &format!("the script ended with {}", output.status)),
        Err(error) => return table::seen("left out", &format!("no python3: {error}")),
    };
    for (what, measured) in text.lines().filter_map(|line| line.strip_prefix(RESULT)?.split_once('=')) {
        table::seen(what, measured);
    }
}
