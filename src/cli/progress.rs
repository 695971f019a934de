//! Waiting: each step with its time and what is usual; on a terminal with a spinner, in a pipe a line for each.

use std::time::Duration;

use chrono::Utc;
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, sleep};

use super::{
    client::Api,
    fault::{Fault, TIMED_OUT, UNAVAILABLE, WRONG_STATE},
    seen::{self, Status},
    show,
};

/// How often is asked where nobody says.
const PACE: Duration = Duration::from_secs(5);

/// So often in a row no answer is borne: the network of a train.
const MISSES: u32 = 12;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It runs and can be reached.
    Connected,
    Stopped,
}

/// What a look means for the goal.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    Wait,
    Never(String),
}

fn judge(goal: Goal, status: &Status) -> Verdict {
    match (goal, status.phase.as_str()) {
        (Goal::Connected, "running") if status.address.is_some() => Verdict::Reached,
        (Goal::Stopped, "stopped" | "absent") => Verdict::Reached,
        (Goal::Connected, "stopped" | "stopping") => {
            Verdict::Never(format!("it was stopped meanwhile: {}", status.says))
        }
        (_, "failed") => Verdict::Never(status.says.clone()),
        _ => Verdict::Wait,
    }
}

/// Waits until it is so; the last look.
pub async fn until(api: &Api, goal: Goal, first: seen::Told, timeout: Duration) -> Result<seen::Told, Fault> {
    let mut steps = Steps::new();
    let (mut told, end, mut misses) = (first, Instant::now() + timeout, 0);
    loop {
        steps.show(&told.status);
        match judge(goal, &told.status) {
            Verdict::Reached => {
                steps.done();
                return Ok(told);
            }
            Verdict::Never(says) => {
                steps.done();
                let fault = Fault::new(WRONG_STATE, show::plain(&says));
                return Err(match told.status.next {
                    Some(next) => fault.next(show::plain(&next)),
                    None => fault,
                });
            }
            Verdict::Wait => {}
        }
        let pace = told.retry_after.unwrap_or(PACE).clamp(Duration::from_millis(200), PACE);
        if Instant::now() + pace > end {
            steps.done();
            let says = format!("not within {timeout:?}: {}", show::plain(&told.status.says));
            return Err(Fault::new(TIMED_OUT, says)
                .next("It goes on without you; `dcaas status` says how far it is."));
        }
        sleep(pace).await;
        match api.get("status", &[]).await {
            Ok(answer) => {
                misses = 0;
                told = seen::Told::read(answer)?;
            }
            Err(fault) if fault.exit == UNAVAILABLE && misses < MISSES => misses += 1,
            Err(fault) => {
                steps.done();
                return Err(fault);
            }
        }
    }
}

/// The steps that were seen, on stderr: stdout is for the answer.
struct Steps {
    bar: Option<ProgressBar>,
    says: String,
    code: String,
    since: Instant,
}

impl Steps {
    fn new() -> Self {
        let bar = Term::stderr().is_term().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {prefix} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, says: String::new(), code: String::new(), since: Instant::now() }
    }

    fn show(&mut self, status: &Status) {
        if let Some(wait) = status.sign_in.as_ref().filter(|wait| wait.code != self.code) {
            self.code.clone_from(&wait.code);
            let good = show::length(wait.expires - Utc::now());
            self.say(&show::plain(&format!(
                "Open {} and enter {} (good for {good}). {}",
                wait.page, wait.code, wait.licence
            )));
        }
        if status.says != self.says {
            self.step_done();
            self.says.clone_from(&status.says);
            self.since = Instant::now();
            if self.bar.is_none() {
                self.say(&self.line(status));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("{:>5}s", self.since.elapsed().as_secs()));
            bar.set_message(self.line(status));
        }
    }

    fn line(&self, status: &Status) -> String {
        let usually = status.usually.as_ref().map(|usually| format!(" (usually {usually})"));
        show::plain(&format!("{}{}", status.says, usually.unwrap_or_default()))
    }

    /// The step before is over: its time stays on the screen.
    fn step_done(&self) {
        if self.bar.is_some() && !self.says.is_empty() {
            let time = self.since.elapsed().as_secs();
            self.say(&format!("✓ {time:>5}s {}", show::plain(&self.says)));
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    fn done(&self) {
        self.step_done();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_look_says_whether_to_go_on_waiting() {
        use Verdict::{Reached, Wait};
        let rows = [
            (Goal::Connected, "running", true, Some(Reached)),
            (Goal::Connected, "running", false, Some(Wait)),
            (Goal::Connected, "starting", false, Some(Wait)),
            (Goal::Connected, "sign-in", false, Some(Wait)),
            (Goal::Connected, "failed", false, None),
            (Goal::Connected, "stopped", false, None),
            (Goal::Connected, "stopping", false, None),
            (Goal::Stopped, "stopping", false, Some(Wait)),
            (Goal::Stopped, "stopped", false, Some(Reached)),
            (Goal::Stopped, "failed", false, None),
        ];
        for (goal, phase, connected, expected) in rows {
            let address = connected.then_some("https://vscode.dev/tunnel/x");
            let status =
                seen::read::<Status>(&json!({ "phase": phase, "says": "so", "address": address })).unwrap();
            let verdict = judge(goal, &status);
            match expected {
                Some(expected) => assert_eq!(verdict, expected, "{goal:?} {phase}"),
                None => assert!(matches!(verdict, Verdict::Never(_)), "{goal:?} {phase}"),
            }
        }
    }
}
