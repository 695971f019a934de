//! A look into a workspace that runs, from the machine that the whole world runs on: its home, and its CLI's faults.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::eventually;

/// The inside of a workspace that runs.
pub struct Inside {
    /// The home disk.
    pub home: PathBuf,
    /// The CLI's own folder, in memory.
    pub data: PathBuf,
    /// The agent's process.
    agent: PathBuf,
}

impl Inside {
    /// Of the workspace with that status, once its tunnel runs.
    pub async fn of(status: &Value) -> Self {
        let tunnel = status["address"].as_str().and_then(|address| address.rsplit('/').next()).unwrap();
        let words = format!("--name\0{tunnel}\0");
        eventually(&format!("a tunnel {tunnel}"), || async { find(&words) }).await
    }

    /// A line on the container's log, as if the agent had written it.
    pub fn say(&self, line: &Value) {
        let mut log = fs::OpenOptions::new().append(true).open(self.agent.join("fd/1")).unwrap();
        // it begins with this word; one write, so that no other line comes in between
        let line = line.to_string().replacen('{', "{\"dcaas\":1,", 1);
        log.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// A line of the workspace's own on the container's log.
    pub fn print(&self, line: &str) {
        let mut log = fs::OpenOptions::new().append(true).open(self.agent.join("fd/1")).unwrap();
        log.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Makes a fault of the CLI's stand-in, or takes it away.
    pub fn fault(&self, name: &str, on: bool) {
        let file = self.data.join(name);
        if on { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }
}

fn find(words: &str) -> Option<Inside> {
    let mut processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes.find_map(|process| {
        let text =
            |name| fs::read(process.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text("cmdline").ok().filter(|line| line.contains(words))?;
        let (variables, status) = (text("environ").ok()?, text("status").ok()?);
        let variable =
            |name: &str| variables.split('\0').find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        // the agent's view: it stays when the tunnel goes
        let agent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim();
        let seen =
            |path: &str| Path::new("/proc").join(agent).join("root").join(path.trim_start_matches('/'));
        let (home, data) = (seen(variable("HOME")?), seen(variable("VSCODE_CLI_DATA_DIR")?));
        Some(Inside { home, data, agent: Path::new("/proc").join(agent) })
    })
}
