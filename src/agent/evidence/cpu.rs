//! Processor time of the workspace's processes: neither the agent's, nor the tunnel's, nor what an editor's server
//! takes by itself. A control group knows only the sum of all of these, so `/proc` is asked.

use super::growth::{Total, Totals, growth};
use super::processes::{Look, Role};
use super::rate::Rate;
use super::signal::{Reading, Signal};

/// From so much of a core on, over half a minute, it is work: sleeping servers, clocks and monitors take less.
const CORES: f64 = 0.05;

/// The signal `cpu`.
#[derive(Default)]
pub struct Cpu {
    before: Option<Totals>,
    rate: Rate,
}

impl Signal for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let processes = look.processes()?;
        let total = |parent, counts, used| Total { parent, counts, used };
        let mut now: Totals = processes
            .all
            .iter()
            .map(|one| (one.id, total(one.parent, one.role == Role::Work, one.ticks)))
            .collect();
        // orphans end up here; what the agent takes itself does not
        now.insert((processes.agent, 0), total(0, true, processes.waited_for));
        let used = self.before.as_ref().map_or(0, |before| growth(before, &now));
        self.before = Some(now);
        let cores = self.rate.add(look.instant(), used) / procfs::ticks_per_second() as f64;
        Ok(Some(Reading::now(look, cores >= CORES, format!("{cores:.2} cores"))))
    }
}
