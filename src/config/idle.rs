//! When workspaces end by themselves: the settings, and what a profile of PROFILES says otherwise.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;

use super::reading::Reading;
use crate::domain::idleness::{IdlePolicies, IdlePolicy};

#[derive(Deserialize)]
struct WireProfile {
    name: String,
    #[serde(default)]
    idle: WireIdle,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireIdle {
    after: Option<String>,
    presence: Option<String>,
    night: Option<String>,
    grace_after_start: Option<String>,
    longest_life: Option<String>,
    unknown_for: Option<String>,
    warn_before: Option<String>,
}

impl Reading<'_> {
    fn length(&mut self, name: &'static str) -> TimeDelta {
        let length = self.duration(name);
        TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX / 4)
    }

    /// The settings' policy, those of profiles with their own, and the night.
    pub fn idle_policies(&mut self, profiles: &str) -> IdlePolicies {
        let usual = IdlePolicy {
            idle_after: self.length("IDLE_AFTER"),
            presence_after: self.length("PRESENCE_AFTER"),
            night_after: self.length("NIGHT_IDLE_AFTER"),
            grace_after_start: self.length("GRACE_AFTER_START"),
            longest_life: self.length("LONGEST_LIFE"),
            unknown_for: self.length("UNKNOWN_FOR"),
            warn_before: self.length("WARN_BEFORE"),
            keep_cap: self.length("KEEP_CAP"),
        };
        let of_profiles = of_profiles(profiles, &usual).unwrap_or_else(|why| {
            self.fault("PROFILES", format!("can not be used ({why})"));
            BTreeMap::new()
        });
        let night = self.night(&usual, &of_profiles);
        IdlePolicies { usual, of_profiles, night }
    }
}

/// A list that is no list is another's fault.
fn of_profiles(json: &str, usual: &IdlePolicy) -> Result<BTreeMap<String, IdlePolicy>, String> {
    let Ok(all) = serde_json::from_str::<Vec<serde_json::Value>>(json) else { return Ok(BTreeMap::new()) };
    let mut policies = BTreeMap::new();
    for profile in all.into_iter().filter(|profile| profile.get("idle").is_some()) {
        let WireProfile { name, idle } = serde_json::from_value(profile).map_err(|e| e.to_string())?;
        let length = |text: Option<String>, usual: TimeDelta| match text {
            None => Ok(usual),
            Some(text) => humantime::parse_duration(&text)
                .ok()
                .and_then(|length| TimeDelta::from_std(length).ok())
                .ok_or_else(|| format!("the profile '{name}': '{text}' is no duration")),
        };
        let policy = IdlePolicy {
            idle_after: length(idle.after, usual.idle_after)?,
            presence_after: length(idle.presence, usual.presence_after)?,
            night_after: length(idle.night, usual.night_after)?,
            grace_after_start: length(idle.grace_after_start, usual.grace_after_start)?,
            longest_life: length(idle.longest_life, usual.longest_life)?,
            unknown_for: length(idle.unknown_for, usual.unknown_for)?,
            warn_before: length(idle.warn_before, usual.warn_before)?,
            keep_cap: usual.keep_cap,
        };
        policies.insert(name, policy);
    }
    Ok(policies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_may_say_otherwise() {
        let minute = TimeDelta::minutes(1);
        let usual = IdlePolicy {
            idle_after: minute,
            presence_after: minute,
            night_after: minute,
            grace_after_start: minute,
            longest_life: minute,
            unknown_for: minute,
            warn_before: minute,
            keep_cap: minute,
        };
        let policies =
            of_profiles(r#"[{"name":"a","idle":{"after":"5s"}},{"name":"b","cpu":"1"}]"#, &usual).unwrap();
        assert_eq!(policies["a"], IdlePolicy { idle_after: TimeDelta::seconds(5), ..usual });
        assert_eq!(policies.len(), 1);
        for (json, why) in [
            (r#"[{"name":"a","idle":{"after":"soon"}}]"#, "'soon' is no duration"),
            (r#"[{"name":"a","idle":{"later":"5s"}}]"#, "unknown field `later`"),
        ] {
            let said = of_profiles(json, &usual).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert!(of_profiles("nonsense", &usual).unwrap().is_empty());
    }
}
