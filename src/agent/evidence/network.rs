//! Bytes over the network: a data set on its way in. The tunnel's are among them, so the threshold is far above what
//! an editor causes.

use procfs::net::dev_status;

use super::processes::Look;
use super::rate::{self, Rate};
use super::signal::{Reading, Signal};

/// Bytes a second over half a minute, from which on it is work.
const BYTES: f64 = 500e3;

/// The signal `network`.
#[derive(Default)]
pub struct Network {
    before: Option<u64>,
    rate: Rate,
}

impl Signal for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn read(&mut self, look: &Look) -> Result<Option<Reading>, String> {
        let all = dev_status().map_err(|error| format!("/proc/net/dev can not be read: {error}"))?;
        // what stays inside is nobody's data set
        let outside = all.iter().filter(|(name, _)| *name != "lo").map(|(_, device)| device);
        let now = outside.map(|device| device.recv_bytes.saturating_add(device.sent_bytes));
        let now = now.fold(0, u64::saturating_add);
        let used = self.before.replace(now).map_or(0, |before| now.saturating_sub(before));
        let rate = self.rate.add(look.instant(), used);
        Ok(Some(Reading::now(look, rate >= BYTES, rate::bytes(rate))))
    }
}
