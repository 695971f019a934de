//! NIGHT_FROM, NIGHT_UNTIL and TIME_ZONE: all three, or no night.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use chrono_tz::Tz;

use super::reading::Reading;
use crate::domain::idleness::{IdlePolicy, Night};

impl Reading<'_> {
    /// The night, and whether the policies leave time for a warning in it.
    pub fn night(&mut self, usual: &IdlePolicy, of_profiles: &BTreeMap<String, IdlePolicy>) -> Option<Night> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let from = self.maybe("NIGHT_FROM", time);
        let until = self.maybe("NIGHT_UNTIL", time);
        let zone = self.maybe("TIME_ZONE", |text| text.parse::<Tz>().ok());
        let given = [("NIGHT_FROM", from.is_some()), ("NIGHT_UNTIL", until.is_some())];
        let (here, missing) = match given {
            [(_, false), (_, false)] => return None,
            [(here, true), (_, true)] => (here, None),
            [(here, true), (missing, _)] | [(missing, _), (here, true)] => (here, Some(missing)),
        };
        for name in missing.into_iter().chain(zone.is_none().then_some("TIME_ZONE")) {
            self.fault_if_none(name, format!("is missing, as {here} is set"));
        }
        if usual.night_after <= usual.warn_before {
            self.fault_if_none("NIGHT_IDLE_AFTER", "is not longer than WARN_BEFORE".to_owned());
        }
        for (name, policy) in of_profiles.iter().filter(|(_, own)| own.night_after <= own.warn_before) {
            // the usual one is told already
            if policy.night_after != usual.night_after || policy.warn_before != usual.warn_before {
                let why = "its time to be idle at night is not longer than its time to be warned";
                self.fault("PROFILES", format!("can not be used (the profile '{name}': {why})"));
            }
        }
        let night = Night { from: from?, until: until?, zone: zone? };
        if night.from == night.until {
            self.fault("NIGHT_UNTIL", "is the same as NIGHT_FROM");
        }
        Some(night)
    }

    /// What a setting says, or nothing; what can not be read is a fault.
    fn maybe<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name);
        let read = read(text.trim());
        if read.is_none() && !text.trim().is_empty() {
            self.fault(name, format!("is '{}'", text.trim()));
        }
        read
    }

    fn fault_if_none(&mut self, name: &'static str, why: String) {
        if !self.faults.iter().any(|fault| fault.setting == name) {
            self.fault(name, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{SETTINGS, Settings};

    /// The settings at fault, and what is said of the first.
    fn faults(changed: &[(&str, &str)]) -> (Vec<&'static str>, String) {
        let mut variables: std::collections::BTreeMap<_, _> =
            SETTINGS.iter().map(|row| (row.name.to_owned(), row.example.to_owned())).collect();
        variables.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let faults = Settings::read(&variables).err().unwrap_or_default();
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        (faults.iter().map(|fault| fault.setting).collect(), first)
    }

    #[test]
    fn all_three_or_no_night_and_all_faults_together() {
        let rows: &[(&[(&str, &str)], &[&str], &str)] = &[
            (&[], &[], ""),
            (&[("NIGHT_FROM", ""), ("NIGHT_UNTIL", ""), ("TIME_ZONE", "")], &[], ""),
            // a zone alone says nothing of a night
            (&[("NIGHT_FROM", ""), ("NIGHT_UNTIL", "")], &[], ""),
            (&[("NIGHT_FROM", "7:05"), ("NIGHT_UNTIL", "23:59"), ("TIME_ZONE", "UTC")], &[], ""),
            (&[("NIGHT_UNTIL", "")], &["NIGHT_UNTIL"], "is missing, as NIGHT_FROM is set"),
            (
                &[("NIGHT_FROM", ""), ("TIME_ZONE", "")],
                &["NIGHT_FROM", "TIME_ZONE"],
                "is missing, as NIGHT_UNTIL is set",
            ),
            (
                &[("NIGHT_FROM", "24:00"), ("NIGHT_UNTIL", "6"), ("TIME_ZONE", "Berlin")],
                &["NIGHT_FROM", "NIGHT_UNTIL", "TIME_ZONE"],
                "is '24:00'",
            ),
            (&[("NIGHT_FROM", "6:00")], &["NIGHT_UNTIL"], "is the same as NIGHT_FROM"),
            (&[("NIGHT_IDLE_AFTER", "soon")], &["NIGHT_IDLE_AFTER"], "is 'soon'"),
            (&[("NIGHT_IDLE_AFTER", "10min")], &["NIGHT_IDLE_AFTER"], "is not longer than WARN_BEFORE"),
            (&[("NIGHT_IDLE_AFTER", "10min"), ("NIGHT_FROM", ""), ("NIGHT_UNTIL", "")], &[], ""),
            (&[("NIGHTLY_SCHEDULE", "daily")], &["NIGHTLY_SCHEDULE"], "is 'daily'"),
        ];
        for (changed, expected, says) in rows {
            let (named, first) = faults(changed);
            assert_eq!(named, *expected, "{changed:?}: {first}");
            assert!(first.contains(says), "{changed:?}: {first}");
        }
    }

    #[test]
    fn a_profile_leaves_time_for_a_warning_at_night() {
        let example = SETTINGS.iter().find(|row| row.name == "PROFILES").map(|row| row.example).unwrap();
        let mut all: serde_json::Value = serde_json::from_str(example).unwrap();
        for (idle, named) in [
            (serde_json::json!({ "night": "10min" }), &["PROFILES"][..]),
            (serde_json::json!({ "warnBefore": "20min" }), &["PROFILES"]),
            (serde_json::json!({ "night": "11min" }), &[]),
        ] {
            all[0]["idle"] = idle.clone();
            let (faults, first) = faults(&[("PROFILES", &all.to_string())]);
            assert_eq!(faults, named, "{idle}: {first}");
        }
    }
}
