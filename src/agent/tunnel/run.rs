//! One run of `code tunnel`: what it says, what its status says, and when it must end.

use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::{Ended, LOOK_FOR_TOKEN, SignIn, Tunnel};
use crate::agent::children::Own;
use crate::agent::code::Code;
use crate::agent::hear::Status;
use crate::agent::voice::Voice;
use crate::agent::watch::{Fault, Watch};
use crate::domain::link::LinkState;

/// The status is asked so often while the tunnel is at the relay, …
const ASK: Duration = Duration::from_secs(15);
/// … and while it is not, or did not answer: together with the time that an answer may take, a tunnel that is
/// gone or does not answer is known as such after a minute.
const ASK_SOON: Duration = Duration::from_secs(3);
const END_WITHIN: Duration = Duration::from_secs(10);
const LAST_WORDS: Duration = Duration::from_secs(1);
const MEANINGS: usize = 64;

impl Tunnel {
    /// Runs it until it ends or must end.
    pub(super) async fn run(&self, sign_in: &SignIn, watch: &mut Watch) -> Ended {
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
        around.spawn(self.kept.clone().save_for_ever());
        let mut output = JoinSet::new();
        if let (Some(out), Some(err)) = (code.stdout.take(), code.stderr.take()) {
            output.spawn(self.voice.clone().pass(out, Some(heard.clone())));
            output.spawn(self.voice.clone().pass(err, Some(heard)));
        }
        let mut look = interval(LOOK_FOR_TOKEN);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let how = loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.end(&mut code).await;
                    break Ended::Stopped;
                }
                status = code.wait() => {
                    // what it said last explains its end
                    let _ = timeout(LAST_WORDS, async { while output.join_next().await.is_some() {} }).await;
                    while let Ok(heard) = meanings.try_recv() {
                        watch.heard(heard, Utc::now());
                    }
                    let how = match status {
                        Ok(status) => format!("`code tunnel` ended with {status}"),
                        Err(error) => format!("`code tunnel` is gone: {error}"),
                    };
                    watch.ended(&how, Utc::now());
                    break match watch.fault(Utc::now()) {
                        Some(Fault::Rejected) => Ended::ByUs(Fault::Rejected),
                        _ => Ended::ByItself(how),
                    };
                }
                Some(heard) = meanings.recv() => watch.heard(heard, Utc::now()),
                Some(status) = statuses.recv() => watch.seen(status, Utc::now()),
                _ = look.tick() => if self.read_token().is_some_and(|token| sign_in.is_new(&token)) {
                    code.end(END_WITHIN).await;
                    break Ended::NewToken;
                },
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

/// Asks for the status, more often while it is not good.
async fn ask(code: Code, voice: Voice, seen: mpsc::Sender<Status>) {
    let mut answered = true;
    loop {
        let good = answered && voice.link().state == LinkState::Connected;
        sleep(if good { ASK } else { ASK_SOON }).await;
        let status = code.status().await;
        answered = matches!(status, Status::Running { .. });
        if seen.send(status).await.is_err() {
            return;
        }
    }
}
