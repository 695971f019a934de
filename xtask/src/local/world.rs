//! A world as our child: started, waited for, ended.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::child::{self, Group};
use crate::prepare::{self, Prepared};
use crate::processes;
use crate::running::{Running, file_of};
use crate::show::{Progress, tail};

/// How long a world may take from its start until it says where it is.
const COMING_UP: Duration = Duration::from_secs(180);
/// How long it may take to end: it stops what it started, one after the other.
const ENDING: Duration = Duration::from_secs(60);

/// What a world is started with.
pub struct Start {
    pub name: String,
    pub fast: bool,
    pub kubeconfig: Option<PathBuf>,
    /// Its output goes to the terminal, and not to a file.
    pub aloud: bool,
}

/// A world that is our child.
pub struct World {
    pub child: Group,
    name: String,
    log: PathBuf,
    aloud: bool,
}

impl World {
    pub fn start(prepared: &Prepared, start: &Start) -> Result<World> {
        let state = prepare::state();
        std::fs::create_dir_all(&state)?;
        let mut command = child::bound_to_us(&prepared.world);
        command.arg("--app").arg(&prepared.app).arg("--kubernetes").arg(&prepared.kubernetes);
        command.arg("--azurite").arg(&prepared.azurite).arg("--manifests").arg(&prepared.manifests);
        command
            .arg("--images")
            .arg(&prepared.images)
            .arg("--state")
            .arg(&state)
            .args(["--name", &start.name]);
        if start.fast {
            command.arg("--fast");
        }
        if let Some(containers) = &prepared.containers {
            command.arg("--containers").arg(containers);
        }
        if let Some(editor) = &prepared.editor {
            command.arg("--editor").arg(editor);
        }
        if let Some(kubeconfig) = &start.kubeconfig {
            command.arg("--kubeconfig").arg(kubeconfig);
        }
        let log = state.join(format!("{}.log", start.name));
        if !start.aloud {
            let file = File::create(&log).with_context(|| format!("can not write {}", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let child = Group::start(&mut command, "the world")?;
        Ok(World { child, name: start.name.clone(), log, aloud: start.aloud })
    }

    /// Waits until it has written where it is.
    pub fn wait_until_up(&mut self) -> Result<Running> {
        let mut progress = Progress::new("the world comes up", "");
        let since = Instant::now();
        while since.elapsed() < COMING_UP {
            if let Some(running) = Running::find(&prepare::state(), &self.name)?
                && running.pid == self.child.id()
            {
                progress.clear();
                return Ok(running);
            }
            if let Some(status) = self.child.ended()? {
                progress.clear();
                bail!("the world did not come up: it ended {}\n\n{}", child::says(status), self.last_words());
            }
            if child::stopped() {
                bail!("stopped");
            }
            progress.at("");
            child::pause(Duration::from_millis(50));
        }
        progress.clear();
        bail!("the world is not up after {} s\n\n{}", COMING_UP.as_secs(), self.last_words())
    }

    /// Ends it; a world that ends badly, or leaves a process or its file behind, is an error.
    pub fn end(mut self) -> Result<()> {
        let family = processes::family(self.child.id());
        // Of a world that ended by itself, this is just how.
        let status = self.child.stop(ENDING)?;
        if !status.success() {
            bail!("the world ended {}\n\n{}", child::says(status), self.last_words());
        }
        // A process that was told to end may need a moment to be gone.
        let since = Instant::now();
        while !processes::alive(&family).is_empty() && since.elapsed() < Duration::from_secs(5) {
            child::pause(Duration::from_millis(20));
        }
        let left = processes::alive(&family);
        if !left.is_empty() {
            bail!("the world ended, but left behind: {}", left.join(", "));
        }
        let file = file_of(&prepare::state(), &self.name);
        if file.exists() {
            bail!("the world ended, but {} is still there", file.display());
        }
        Ok(())
    }

    /// The last lines it said, where they are not on the terminal already.
    pub fn last_words(&self) -> String {
        if self.aloud {
            return String::new();
        }
        format!("{}\n(all of it: {})", tail(&self.log, 30), self.log.display()).trim_start().to_owned()
    }
}
