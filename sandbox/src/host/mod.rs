//! The Azure Functions host, played faithfully for a custom handler: what the real one does, and what it refuses.
//!
//! `facts` in the comments of this folder are the project's notes on the real host, section by section; "trap" is
//! one of the ten traps that open them.

mod admin;
mod app;
mod call;
mod child;
mod core;
mod easy_auth;
mod envelope;
mod function_json;
mod headers;
mod host_json;
mod http;
mod keys;
mod log;
mod proxy;
mod queue;
mod routes;
mod schedule;
mod settings;
mod storage;
mod supervisor;
mod timer;
mod upstream;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use reqwest::Url;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{listener::Listener, strict::Oddities};
use app::App;
use child::Plan;
use core::Core;
use log::{Level, Log};
use storage::Account;
use supervisor::Supervisor;

/// What a host is started with.
pub struct HostSettings {
    /// The assembled app: host.json, the executable, one folder a function.
    pub app: PathBuf,
    /// An executable to start instead of the one that host.json names.
    pub executable: Option<PathBuf>,
    /// The app's settings; the executable's whole environment, but for PATH and what the host adds.
    pub settings: BTreeMap<String, String>,
    /// Where clients reach the app; 0 takes a free port.
    pub port: u16,
    /// Easy Auth in front of the app, with anonymous requests allowed.
    pub easy_auth: Option<EasyAuth>,
    /// Where log lines are appended to.
    pub log: PathBuf,
    /// Where what was not understood is remembered.
    pub oddities: Oddities,
    /// For storage and Entra; trusts the world's certificates.
    pub client: reqwest::Client,
}

/// The app registration that Easy Auth checks tokens for.
#[derive(Debug, Clone)]
pub struct EasyAuth {
    pub authority: Url,
    pub tenant: Uuid,
    pub client_id: Uuid,
}

/// The real host's bounds; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// After this the front end cuts a client's connection, whatever the answer's state.
    pub front_end: Duration,
    /// So long may an answer stay silent.
    pub idle: Duration,
    /// Between two probes.
    pub probe_pause: Duration,
    /// An error this long after the one before is the first again.
    pub error_gap: Duration,
    /// So long a stop waits for queue and timer invocations before it kills the executable.
    pub drain: Duration,
    /// The largest request body.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            front_end: Duration::from_secs(230),
            idle: Duration::from_secs(240),
            probe_pause: Duration::from_millis(25),
            error_gap: Duration::from_secs(1800),
            drain: Duration::from_secs(5),
            body: 100 << 20,
        }
    }
}

/// A running host with its executable. Stop it; dropped without that, it kills the executable all the same.
pub struct Host {
    core: Arc<Core>,
    url: Url,
    listener: Listener,
    later: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Host {
    /// Starts the host and waits until the executable answers its first probe.
    pub async fn start(settings: HostSettings) -> Result<Self> {
        Self::start_with(settings, Limits::default()).await
    }

    /// The same with other bounds.
    pub async fn start_with(mut s: HostSettings, mut limits: Limits) -> Result<Self> {
        s.settings.entry("FUNCTIONS_WORKER_RUNTIME".into()).or_insert_with(|| "custom".into());
        if s.easy_auth.is_some() {
            s.settings.insert("WEBSITE_AUTH_ENABLED".into(), "True".into());
        }
        if let Some(most) = settings::get(&s.settings, "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") {
            limits.body =
                most.parse().context("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes")?;
        }
        let log = Log::open(&s.log)?;
        let app = app::read(&s.app, &s.settings)?;
        for (name, why) in &app.broken {
            let text = format!("The '{name}' function is in error: {why}");
            log.write(Level::Error, "Host.Startup", &text);
            s.oddities.remember(format!("functions host: {text}"));
        }
        let storage = settings::get(&s.settings, "AzureWebJobsStorage");
        let storage = storage.map(|connection| Account::parse(connection, s.client.clone())).transpose()?;
        let plan = plan(&app, &s)?;
        let later = plan.later.clone();
        let (port, initialization) = (s.port, app.host.initialization);
        let supervisor = Supervisor::start(
            plan,
            child::free_port()?,
            initialization,
            limits,
            log.clone(),
            s.oddities.clone(),
        );
        let core = Arc::new(Core {
            app,
            settings: s.settings,
            limits,
            log,
            oddities: s.oddities,
            supervisor,
            easy_auth: s.easy_auth.map(|auth| easy_auth::Checker::new(auth, s.client)),
            storage,
            calls: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            stopping: watch::Sender::new(false),
            tasks: watch::Sender::new(0),
        });
        let limit = initialization * 4;
        if let Err(error) = child::ready(&core.supervisor.phase, limit).await {
            core.supervisor.stop().await;
            bail!("the functions host did not start: {error}. Its log: {}", s.log.display());
        }
        let all = core.clone();
        let listener =
            Listener::start_on(port, None, move |request| http::answer(all.clone(), request)).await;
        if listener.is_err() {
            core.supervisor.stop().await;
        }
        let listener = listener?;
        core.listen();
        Ok(Self { url: listener.url()?, core, listener, later })
    }

    /// Where clients reach the app.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// SIGKILL to the executable, now; the host restarts it, and does not count this among its crashes.
    pub fn kill_executable(&self) {
        self.core.supervisor.kill();
    }

    /// Changes a variable for every run of the executable that comes; the one that runs keeps what it has.
    pub fn set_later(&self, name: &str, value: &str) {
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        later.insert(name.to_owned(), value.to_owned());
    }

    /// Stops taking work, lets queue and timer invocations end for a moment, then kills the executable.
    pub async fn stop(&self) {
        self.core.stopping.send_replace(true);
        self.core.idle(self.core.limits.drain).await;
        self.core.supervisor.stop().await;
        // what was under way has failed now, and its messages go back to the queue
        self.core.idle(Duration::from_secs(5)).await;
        self.listener.stop().await;
    }

    /// The newest `n` lines of the host and its executable.
    pub fn log_tail(&self, n: usize) -> String {
        self.core.log.tail(n)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.core.stopping.send_replace(true);
        self.core.supervisor.end();
    }
}

/// What the executable is started with: the settings, and the names the host adds (SOURCES 1.2).
fn plan(app: &App, s: &HostSettings) -> Result<Plan> {
    let (path, folder) = app::executable(app, s.executable.as_deref())?;
    let shown = s.settings.iter().filter(|(name, _)| !settings::is_key(name));
    let mut environment: BTreeMap<String, String> =
        shown.map(|(name, value)| (name.clone(), value.clone())).collect();
    let id = Uuid::new_v4().to_string();
    let root = app.root.to_string_lossy().into_owned();
    for (name, value) in [
        ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id),
        ("FUNCTIONS_HTTPWORKER_ID", &id),
        ("FUNCTIONS_APP_ROOT_PATH", &root),
    ] {
        environment.insert(name.to_owned(), value.clone());
    }
    let arguments = app.host.arguments.clone();
    Ok(Plan {
        path,
        arguments,
        folder,
        environment,
        later: Arc::default(),
        stderr_is_errors: app.host.stderr_is_errors,
    })
}
