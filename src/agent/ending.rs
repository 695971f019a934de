//! What ends the agent, and how the time that is left then is shared out.

use std::time::Duration;

use futures::future::select_all;
use nix::libc::SIGRTMIN;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is kept of the grace period for the end of the agent itself.
pub const MARGIN: Duration = Duration::from_secs(2);
/// What is kept for the tunnel and the workspace's processes, after the script.
const REST: Duration = Duration::from_secs(10);

/// The signals that mean the end: SIGTERM, and what else images name as their stop signal. As the first process
/// the agent would not even notice one that it does not listen to.
pub struct Signals(Vec<Signal>);

impl Signals {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        use SignalKind as Kind;
        let plain =
            [Kind::terminate(), Kind::interrupt(), Kind::quit(), Kind::hangup(), Kind::user_defined1()];
        // a web server's, and an init's
        let others = [Kind::window_change(), Kind::from_raw(SIGRTMIN() + 3)];
        Ok(Self(plain.into_iter().chain(others).map(signal).collect::<Result<_, _>>()?))
    }

    /// The first of them.
    pub async fn first(&mut self) {
        select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }
}

/// How the time from the stop on is shared out.
#[derive(Debug, PartialEq, Eq)]
pub struct Budget {
    /// All that there is before the workspace's processes are killed.
    pub all: Duration,
    /// What the script has of it.
    pub script: Duration,
    /// What the tunnel has, after the script.
    pub tunnel: Duration,
}

/// Shares out a grace period.
pub fn budget(grace: Duration) -> Budget {
    let all = grace.saturating_sub(MARGIN).max(grace / 2);
    let tunnel = REST.min(all / 2);
    Budget { all, script: all - tunnel, tunnel }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_gets_what_the_others_do_not_need() {
        let table = [
            (0, 0, 0, 0),
            (1_000, 500, 250, 250),
            (3_000, 1_500, 750, 750),
            (30_000, 28_000, 18_000, 10_000),
        ];
        let table = table.into_iter().chain([(120_000, 118_000, 108_000, 10_000)]);
        for (grace, all, script, tunnel) in table {
            let [all, script, tunnel] = [all, script, tunnel].map(Duration::from_millis);
            assert_eq!(budget(Duration::from_millis(grace)), Budget { all, script, tunnel }, "{grace} ms");
        }
    }
}
