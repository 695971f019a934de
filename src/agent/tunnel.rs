//! Keeps the tunnel signed in and running, and the line's link true.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::children::Own;
use super::code::{Code, Token};
use super::hear::Status;
use super::pace::Backoff;
use super::voice::Voice;
use super::watch::{Fault, Watch};
use crate::domain::link::LinkState;

const LOOK_FOR_TOKEN: Duration = Duration::from_secs(2);
/// A token that was rejected is tried again after so long: the fault may have been the relay's.
const TRY_REJECTED_AGAIN: Duration = Duration::from_secs(300);
const ASK_WHILE_CONNECTING: Duration = Duration::from_secs(3);
const ASK: Duration = Duration::from_secs(15);
const END_WITHIN: Duration = Duration::from_secs(10);
const MEANINGS: usize = 64;

/// What keeps a tunnel.
pub struct Tunnel {
    pub code: Code,
    pub name: String,
    pub token: PathBuf,
    pub voice: Voice,
    /// Cancelled when the workspace stops.
    pub stop: CancellationToken,
    /// From the stop on, so long at most.
    pub grace: Duration,
}

enum Ended {
    ByItself(String),
    ByUs(Fault),
    Stopped,
}

impl Tunnel {
    /// Runs until the stop, and ends the tunnel then.
    pub async fn keep(self) {
        let mut watch = Watch::new(&self.name, Utc::now());
        let mut backoff = Backoff::default();
        let mut rejected = false;
        let mut used = None;
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            let how = match self.sign_in(rejected, &mut used, &mut watch).await {
                Ok(false) => break,
                Ok(true) => {
                    let how = self.run(&mut watch).await;
                    rejected = matches!(how, Ended::ByUs(Fault::Rejected));
                    how
                }
                Err(why) => {
                    watch.refused(&why, Utc::now());
                    Ended::ByItself(why)
                }
            };
            self.voice.set_link(watch.link());
            let wait = backoff.after(began.elapsed());
            match how {
                Ended::Stopped => break,
                Ended::ByUs(_) => {
                    self.voice.say(&format!("the tunnel is started again: {}", watch.link().why))
                }
                Ended::ByItself(how) => self.voice.say(&format!("{how}; again in {} s", wait.as_secs())),
            }
            self.stop.run_until_cancelled(sleep(wait)).await;
        }
        watch.stops(Utc::now());
        self.voice.set_link(watch.link());
    }

    /// False: the workspace stops. A token that was `used` and rejected is not used again for a while.
    async fn sign_in(
        &self,
        rejected: bool,
        used: &mut Option<Token>,
        watch: &mut Watch,
    ) -> Result<bool, String> {
        if !rejected && self.code.signed_in().await? {
            return Ok(true);
        }
        let again = Instant::now() + TRY_REJECTED_AGAIN;
        let token = loop {
            let token = Token::read(&self.token);
            match token {
                Some(token) if !rejected || Some(&token) != used.as_ref() || Instant::now() >= again => {
                    break token;
                }
                None if !rejected => {
                    watch.refused("no sign-in token", Utc::now());
                    self.voice.set_link(watch.link());
                }
                _ => {}
            }
            if self.stop.run_until_cancelled(sleep(LOOK_FOR_TOKEN)).await.is_none() {
                return Ok(false);
            }
        };
        token.secrets().for_each(|secret| self.voice.keep_secret(secret));
        self.code.sign_in(&token).await?;
        *used = Some(token);
        Ok(true)
    }

    /// One run of the tunnel.
    async fn run(&self, watch: &mut Watch) -> Ended {
        let mut code = match self.code.start(&self.name) {
            Ok(code) => code,
            Err(error) => {
                let how = format!("`code tunnel` can not be started: {error}");
                watch.ended(&how, Utc::now());
                return Ended::ByItself(how);
            }
        };
        watch.started(Utc::now());
        self.voice.set_link(watch.link());
        let (heard, mut meanings) = mpsc::channel(MEANINGS);
        let (seen, mut statuses) = mpsc::channel(1);
        // all of them end with this run
        let mut around = JoinSet::new();
        around.spawn(ask(self.code.clone(), self.voice.clone(), seen));
        let mut output = JoinSet::new();
        if let (Some(out), Some(err)) = (code.stdout.take(), code.stderr.take()) {
            output.spawn(self.voice.clone().pass(out, heard.clone()));
            output.spawn(self.voice.clone().pass(err, heard));
        }
        let how = loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.end(&mut code).await;
                    break Ended::Stopped;
                }
                status = code.wait() => {
                    // what it said last explains its end
                    let _ = timeout(Duration::from_secs(1), async { while output.join_next().await.is_some() {} }).await;
                    while let Ok(heard) = meanings.try_recv() {
                        watch.heard(heard, Utc::now());
                    }
                    let how = match status {
                        Ok(status) => format!("`code tunnel` ended with {status}"),
                        Err(error) => format!("`code tunnel` is gone: {error}"),
                    };
                    watch.ended(&how, Utc::now());
                    match watch.fault(Utc::now()) {
                        Some(Fault::Rejected) => break Ended::ByUs(Fault::Rejected),
                        _ => break Ended::ByItself(how),
                    }
                }
                Some(heard) = meanings.recv() => watch.heard(heard, Utc::now()),
                Some(status) = statuses.recv() => watch.seen(status, Utc::now()),
            }
            self.voice.set_link(watch.link());
            if let Some(fault) = watch.fault(Utc::now()) {
                code.end(END_WITHIN).await;
                break Ended::ByUs(fault);
            }
        };
        let _ =
            timeout(Duration::from_millis(200), async { while output.join_next().await.is_some() {} }).await;
        how
    }

    async fn end(&self, code: &mut Own) {
        let began = Instant::now();
        let how = if code.end(self.grace).await { "ended" } else { "was killed: it did not end by itself" };
        self.voice.say(&format!("the tunnel {how} ({:.1} s after the stop)", began.elapsed().as_secs_f32()));
    }
}

/// Asks for the status, more often while the tunnel is not there yet.
async fn ask(code: Code, voice: Voice, seen: mpsc::Sender<Status>) {
    loop {
        let waiting = matches!(voice.link().state, LinkState::Connecting | LinkState::Lost);
        sleep(if waiting { ASK_WHILE_CONNECTING } else { ASK }).await;
        if seen.send(code.status().await).await.is_err() {
            return;
        }
    }
}
