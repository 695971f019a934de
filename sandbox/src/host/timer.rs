//! The timer trigger: when it fires, what it remembers, and that it never overlaps itself (SOURCES 5).

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Map;
use tokio::time::sleep;

use super::{
    call::invoke,
    core::Core,
    envelope::{self, NEVER_RAN, Status},
    log::Level,
    schedule::Schedule,
    settings,
};

/// One timer function's trigger.
pub struct Listener {
    pub function: String,
    pub binding: String,
    pub schedule: Schedule,
    pub run_on_startup: bool,
    pub monitor: bool,
}

/// Fires until the host drains or stops.
pub async fn listen(core: Arc<Core>, listener: Listener) {
    let mut due = listener.schedule.after(Utc::now());
    let mut now = match start(&core, &listener, due).await {
        Ok(call) => call,
        Err(error) => {
            let text =
                format!("The listener for function '{}' was unable to start: {error:#}", listener.function);
            core.log.write(Level::Error, "Host.Triggers.Timer", &text);
            return core.oddities.remember(format!("functions host: {text}"));
        }
    };
    while core.is_listening() {
        if now == Wake::Sleeps {
            let Some(at) = due else { return };
            // late rather than early: the host corrects a timer that fires before its time
            while Utc::now() < at && core.is_listening() {
                let left = (at - Utc::now()).to_std().unwrap_or_default().min(Duration::from_secs(3600));
                core.unless_stopping(sleep(left)).await;
            }
            if !core.is_listening() {
                return;
            }
        }
        fire(&core, &listener, now == Wake::PastDue).await;
        now = Wake::Sleeps;
        due = listener.schedule.after(Utc::now());
        remember(&core, &listener, due).await;
    }
}

/// Whether there is a reason to fire at once.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wake {
    Sleeps,
    AtStart,
    PastDue,
}

/// What the stored status says at start: one missed time or more is one call, past due.
async fn start(core: &Core, listener: &Listener, due: Option<DateTime<Utc>>) -> Result<Wake> {
    let on_start = if listener.run_on_startup { Wake::AtStart } else { Wake::Sleeps };
    if !listener.monitor {
        return Ok(on_start);
    }
    let Some(known) = status(core, &listener.function).await? else {
        write(core, &listener.function, None, due).await?;
        return Ok(on_start);
    };
    let (wake, rebase) = judge(&known, &listener.schedule, Utc::now());
    if rebase {
        write(core, &listener.function, known.last.parse().ok(), due).await?;
    }
    Ok(if wake == Wake::PastDue { wake } else { on_start })
}

/// Past due if the time that was stored has passed; another schedule than the stored time came from is based anew.
fn judge(known: &Status, schedule: &Schedule, now: DateTime<Utc>) -> (Wake, bool) {
    let Ok(next) = known.next.parse::<DateTime<Utc>>() else {
        return (Wake::Sleeps, true);
    };
    let base = known.updated.parse::<DateTime<Utc>>().unwrap_or(now);
    match schedule.after(base) {
        Some(expected) if (expected - next).abs() > TimeDelta::seconds(1) => (Wake::Sleeps, true),
        _ if next < now => (Wake::PastDue, false),
        _ => (Wake::Sleeps, false),
    }
}

async fn fire(core: &Core, listener: &Listener, past_due: bool) {
    let known = match listener.monitor {
        true => status(core, &listener.function).await.unwrap_or_else(|error| {
            core.log.write(Level::Warning, "Host.Triggers.Timer", &format!("{error:#}"));
            None
        }),
        false => None,
    };
    let value = envelope::timer(known.as_ref(), past_due);
    let body = envelope::request(&listener.function, &listener.binding, value, Map::new());
    let reason = format!("Timer fired at {}", Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, false));
    // a failure is logged by the call and swallowed; the next tick comes as scheduled
    drop(invoke(core, &listener.function, &reason, &body).await);
}

async fn remember(core: &Core, listener: &Listener, due: Option<DateTime<Utc>>) {
    if listener.monitor
        && let Err(error) = write(core, &listener.function, Some(Utc::now()), due).await
    {
        core.log.write(
            Level::Warning,
            "Host.Triggers.Timer",
            &format!("the status was not written: {error:#}"),
        );
    }
}

/// The stored status of a timer; none before its host first started.
pub async fn status(core: &Core, function: &str) -> Result<Option<Status>> {
    let Some(storage) = &core.storage else {
        return Ok(None);
    };
    let bytes = storage.read(&path(core, function)).await?;
    Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
}

async fn write(
    core: &Core,
    function: &str,
    last: Option<DateTime<Utc>>,
    next: Option<DateTime<Utc>>,
) -> Result<()> {
    let Some(storage) = &core.storage else {
        return Ok(());
    };
    let text = |at: Option<DateTime<Utc>>| {
        at.map_or(NEVER_RAN.to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Nanos, false))
    };
    let status =
        Status { last: text(last), next: text(next), updated: text(Some(last.unwrap_or_else(Utc::now))) };
    storage.write(&path(core, function), serde_json::to_vec(&status)?.into()).await
}

/// Where the real host keeps it; its id is the site's name.
fn path(core: &Core, function: &str) -> String {
    let named = ["AzureFunctionsWebHost__hostid", "WEBSITE_SITE_NAME"];
    let id = named.iter().find_map(|name| settings::get(&core.settings, name)).unwrap_or("local");
    let id: String = id.to_lowercase().chars().take(32).collect();
    format!("azure-webjobs-hosts/timers/{id}/Host.Functions.{function}/status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_times_are_one_call_and_another_schedule_is_none() {
        let now = "2026-10-01T12:07:00Z".parse().unwrap();
        let status = |next: &str, updated: &str| Status {
            last: updated.into(),
            next: next.into(),
            updated: updated.into(),
        };
        let schedule = Schedule::parse("0 */5 * * * *").unwrap();
        for (next, updated, wanted) in [
            ("2026-10-01T12:10:00+00:00", "2026-10-01T12:05:00.01+00:00", (Wake::Sleeps, false)),
            ("2026-10-01T11:05:00+00:00", "2026-10-01T11:00:00.01+00:00", (Wake::PastDue, false)),
            ("2026-10-01T12:01:00+00:00", "2026-10-01T12:00:00.01+00:00", (Wake::Sleeps, true)),
        ] {
            assert_eq!(judge(&status(next, updated), &schedule, now), wanted, "{next}");
        }
    }
}
