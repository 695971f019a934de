//! Keeps the executable running by the host's rules, and tells everybody where it stands (SOURCES 1.3, 1.4).

use std::{
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::Method;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    Limits,
    child::{Phase, Plan, Run},
    log::{Level, Log},
    upstream::{request, send, whole},
};
use crate::strict::Oddities;

const CATEGORY: &str = "Host.Worker";
/// The third error stops the host.
const ERRORS: usize = 3;

/// The handle on a supervised executable.
pub struct Supervisor {
    pub port: u16,
    pub phase: watch::Receiver<Phase>,
    orders: mpsc::UnboundedSender<Order>,
    running: Arc<Running>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

enum Order {
    Restart { run: u64, why: String },
    GiveUp(String),
    Stop,
}

#[derive(Default)]
struct Running {
    number: AtomicU64,
    now: Mutex<Option<(Pid, OnPurpose)>>,
}

/// Whether the world itself killed this run.
type OnPurpose = bool;

struct Loop {
    plan: Plan,
    port: u16,
    initialization: Duration,
    limits: Limits,
    log: Log,
    oddities: Oddities,
    running: Arc<Running>,
    phase: watch::Sender<Phase>,
    orders: mpsc::UnboundedReceiver<Order>,
    errors: Vec<Instant>,
}

/// Why a run is over.
enum End {
    Restart,
    Error(String),
    GaveUp(String),
    Stop,
}

impl Supervisor {
    /// Starts the executable and keeps it running.
    pub fn start(
        plan: Plan,
        port: u16,
        initialization: Duration,
        limits: Limits,
        log: Log,
        oddities: Oddities,
    ) -> Self {
        let (phase, seen) = watch::channel(Phase::Starting);
        let (sender, orders) = mpsc::unbounded_channel();
        let running = Arc::new(Running::default());
        let own = running.clone();
        let all = Loop {
            plan,
            port,
            initialization,
            limits,
            log,
            oddities,
            running: own,
            phase,
            orders,
            errors: Vec::new(),
        };
        let task = Mutex::new(Some(tokio::spawn(all.run())));
        Self { port, phase: seen, orders: sender, running, task }
    }

    /// The number of the present run; a restart names the run it is about.
    pub fn number(&self) -> u64 {
        self.running.number.load(Ordering::Relaxed)
    }

    /// SIGKILL now, from outside, as when the machine runs out of memory. It is not counted among the errors
    /// that stop a host: the platform would bring a fresh host, and here that is the same one.
    pub fn kill(&self) {
        let mut now = self.running.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((group, on_purpose)) = now.as_mut() {
            *on_purpose = true;
            let _ = killpg(*group, Signal::SIGKILL);
        }
    }

    /// Kill and restart, not counted: an invocation of this run took longer than functionTimeout.
    pub fn restart(&self, run: u64, why: &str) {
        let _ = self.orders.send(Order::Restart { run, why: why.to_owned() });
    }

    /// The host stops for good.
    pub fn give_up(&self, why: &str) {
        let _ = self.orders.send(Order::GiveUp(why.to_owned()));
    }

    /// Lets the executable be killed soon.
    pub fn end(&self) {
        let _ = self.orders.send(Order::Stop);
    }

    /// Kills the executable and returns when it is gone.
    pub async fn stop(&self) {
        self.end();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

impl Loop {
    async fn run(mut self) {
        loop {
            self.phase.send_replace(Phase::Starting);
            let mut run = match self.plan.start(self.port, &self.log).await {
                Ok(run) => run,
                // the real host does not try again, and stops once an invocation has waited long enough
                Err(error) => return self.stopped(format!("{error:#}")),
            };
            self.running.number.fetch_add(1, Ordering::Relaxed);
            *self.running.now.lock().unwrap_or_else(PoisonError::into_inner) = Some((run.group(), false));
            self.say(Level::Information, &format!("the executable was started on port {}", self.port));
            let end = self.watch(&mut run).await;
            run.kill().await;
            let killed = self.running.now.lock().unwrap_or_else(PoisonError::into_inner).take();
            match end {
                End::Stop => {
                    self.phase.send_replace(Phase::Stopped("the host was stopped".into()));
                    return;
                }
                End::GaveUp(why) => return self.stopped(why),
                End::Restart => {}
                End::Error(why) if killed.is_some_and(|(_, on_purpose)| on_purpose) => {
                    self.say(Level::Warning, &format!("{why}; the world killed it, so this is not counted"));
                }
                End::Error(why) => {
                    let why = format!("{why} {}", run.last_errors());
                    self.say(Level::Error, why.trim_end());
                    if self.count() >= ERRORS {
                        let why = format!(
                            "Exceeded http worker restart retry count. Shutting down Functions Host: {why}"
                        );
                        return self.stopped(why);
                    }
                }
            }
        }
    }

    /// One error more, and how many there are; what lies before a gap of half an hour is forgotten.
    fn count(&mut self) -> usize {
        if self.errors.last().is_some_and(|last| last.elapsed() > self.limits.error_gap) {
            self.errors.clear();
        }
        self.errors.push(Instant::now());
        self.errors.len()
    }

    fn stopped(&self, why: String) {
        self.say(Level::Error, &why);
        self.oddities.remember(format!("functions host: {why}"));
        self.phase.send_replace(Phase::Stopped(why));
    }

    fn say(&self, level: Level, text: &str) {
        self.log.write(level, CATEGORY, text);
    }

    /// From the start of a run to its end.
    async fn watch(&mut self, run: &mut Run) -> End {
        let probe = probe(self.port, self.initialization, self.limits);
        tokio::pin!(probe);
        let (mut ready, mut dead) = (false, false);
        let number = self.running.number.load(Ordering::Relaxed);
        loop {
            let end = async { if dead { pending().await } else { run.ended().await } };
            tokio::select! {
                code = end => match code {
                    0 => {
                        dead = true;
                        *self.running.now.lock().unwrap_or_else(PoisonError::into_inner) = None;
                        self.say(Level::Warning, "the executable ended with 0: the host does not restart it (trap 2)");
                    }
                    200 => return End::Restart,
                    code => return End::Error(format!("the executable exited with code {code} (0x{code:X})")),
                },
                answered = &mut probe, if !ready => {
                    if !answered {
                        let limit = self.initialization;
                        return End::Error(format!("the executable did not answer GET / within {limit:?}"));
                    }
                    ready = true;
                    self.phase.send_replace(Phase::Ready);
                }
                order = self.orders.recv() => match order {
                    Some(Order::Restart { run, why }) if run == number => {
                        self.say(Level::Error, &format!("{why}: the executable is killed and restarted"));
                        return End::Restart;
                    }
                    Some(Order::Restart { .. }) => {}
                    Some(Order::GiveUp(why)) => return End::GaveUp(why),
                    Some(Order::Stop) | None => return End::Stop,
                },
            }
        }
    }
}

/// `GET /` every 25 ms until anything answers; false when the time is over (trap 10).
async fn probe(port: u16, limit: Duration, limits: Limits) -> bool {
    let started = Instant::now();
    while started.elapsed() < limit {
        let Ok(request) = request(Method::GET, "/", whole(Default::default())) else {
            return false;
        };
        match timeout(limit.saturating_sub(started.elapsed()), send(port, request)).await {
            Err(_) => return false,
            Ok(Err(error)) if error.connecting => sleep(limits.probe_pause).await,
            // any answer, and any failure that is not one of connecting
            _ => return true,
        }
    }
    false
}
