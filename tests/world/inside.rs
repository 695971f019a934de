//! A look into a workspace that runs, from the machine that the whole world runs on: its home, and its CLI's faults.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Installation, Token, eventually};

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
        eventually(&format!("a tunnel {}", status["address"]), || async { Self::now(status) }).await
    }

    /// Starts a workspace that is for everything that is not about time; its status once it runs, and its inside.
    pub async fn started(dcaas: &Installation, token: &Token) -> (Value, Self) {
        dcaas.start_steady(token).await;
        let status = dcaas.until(token, "running").await;
        let inside = Self::of(&status).await;
        (status, inside)
    }

    /// The same, if its tunnel runs just now.
    pub fn now(status: &Value) -> Option<Self> {
        let tunnel = status["address"].as_str().and_then(|address| address.rsplit('/').next()).unwrap();
        find(&format!("--name\0{tunnel}\0"))
    }

    /// The same once its container has begun anew.
    pub async fn next(&self, status: &Value) -> Self {
        let another = || async { Self::now(status).filter(|now| now.agent != self.agent) };
        eventually("another agent", another).await
    }

    /// A line on the container's log, as if the agent had written it.
    pub fn say(&self, line: &Value) {
        // it begins with this word
        self.print(&line.to_string().replacen('{', "{\"dcaas\":1,", 1));
    }

    /// A line of the workspace's own on the container's log: one write, so that no other line comes in between.
    pub fn print(&self, line: &str) {
        let mut log = fs::OpenOptions::new().append(true).open(self.agent.join("fd/1")).unwrap();
        log.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The command lines of all that lives below the agent.
    pub fn processes(&self) -> Vec<String> {
        let agent = self.agent.file_name().and_then(|name| name.to_str()?.parse::<i32>().ok()).unwrap();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let parents: Vec<(i32, i32)> = entries
            .filter_map(|entry| {
                let id = entry.file_name().to_str()?.parse().ok()?;
                let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
                Some((id, stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?))
            })
            .collect();
        let mut family = vec![agent];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
            next += 1;
        }
        let command = |id: &i32| fs::read(format!("/proc/{id}/cmdline")).ok();
        let lines = family.iter().skip(1).filter_map(command);
        lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
    }

    /// Sends a signal to the agent.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, signal: nix::sys::signal::Signal) -> nix::Result<()> {
        let id = self.agent.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal)
    }

    /// Empties the container's log, as its machine does when it grows too large.
    pub fn rotate_log(&self) {
        let status = fs::read_to_string(self.agent.join("status")).unwrap();
        let machine = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim();
        let open = fs::read_dir(Path::new("/proc").join(machine).join("fd")).unwrap();
        let files = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let logs: Vec<PathBuf> = files.filter(|file| is_log(file)).collect();
        // a machine of the test's own has one workspace
        let [log] = &logs[..] else { panic!("one log, not {logs:?}") };
        fs::OpenOptions::new().write(true).open(log).unwrap().set_len(0).unwrap();
    }

    /// Makes a fault of the CLI's stand-in, or takes it away.
    pub fn fault(&self, name: &str, on: bool) {
        let file = self.data.join(name);
        if on { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }
}

fn is_log(file: &Path) -> bool {
    let folder = file.parent();
    folder.is_some_and(|folder| folder.ends_with("logs/workspace")) && file.extension().is_some()
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
        // what its agent has left is somebody else's child
        fs::read(Path::new("/proc").join(agent).join("cmdline"))
            .ok()
            .filter(|line| String::from_utf8_lossy(line).contains("\0agent\0"))?;
        let seen =
            |path: &str| Path::new("/proc").join(agent).join("root").join(path.trim_start_matches('/'));
        let (home, data) = (seen(variable("HOME")?), seen(variable("VSCODE_CLI_DATA_DIR")?));
        Some(Inside { home, data, agent: Path::new("/proc").join(agent) })
    })
}
