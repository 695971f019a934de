//! A word of the control plane's in sentences for people: what happens, when, why, and what they can do. Pure.

use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, TimeDelta, TimeZone, Utc};

use super::news::Word;

/// Beginning and end of what is written into a terminal, whatever stands there and whatever mode it is in.
const BEGIN: &str = "\r\n";
const END: &str = "\r\n";
/// A warning rings.
const BELL: &str = "\x07";

/// For terminals, with times also as the clock of that zone has them.
pub fn for_terminals<Z: TimeZone<Offset: Display>>(word: &Word, now: DateTime<Utc>, zone: &Z) -> String {
    let (bell, lines) = match word {
        Word::Stop { at, why } => (
            BELL,
            vec![
                format!("dcaas: this workspace will be stopped {}{}.", when(*at, now, zone), because(why)),
                "To keep it, go on working here, or ask for it: dcaas keep 3h".to_owned(),
                "Home and data stay. `dcaas why` says what was seen, and whether you are kept.".to_owned(),
            ],
        ),
        Word::TakenBack { why } => {
            ("", vec![format!("dcaas: the stop that was announced here does not come{}.", because(why))])
        }
        Word::Kept { until, warned, why } => {
            let instead = if *warned { "the stop that was announced does not come: " } else { "" };
            let clock = clock(*until, zone);
            ("", vec![format!("dcaas: {instead}this workspace is kept until {clock}{}.", because(why))])
        }
    };
    format!("{BEGIN}{bell}{}{END}", lines.join("\r\n  "))
}

/// For the log.
pub fn for_the_log(word: &Word) -> String {
    match word {
        Word::Stop { at, why } => {
            format!("warned: the workspace will be stopped at {}{}", time(*at), because(why))
        }
        Word::TakenBack { why } => format!("the warning is taken back{}", because(why)),
        Word::Kept { until, why, .. } => format!("kept until {}{}", time(*until), because(why)),
    }
}

/// `in 10 minutes, at 15:20 (13:20 UTC)`
pub fn when<Z: TimeZone<Offset: Display>>(at: DateTime<Utc>, now: DateTime<Utc>, zone: &Z) -> String {
    format!("{}, at {}", from_now(at - now), clock(at, zone))
}

/// `15:20 (13:20 UTC)`, or just `13:20 UTC` where that is the zone's own.
pub fn clock<Z: TimeZone<Offset: Display>>(at: DateTime<Utc>, zone: &Z) -> String {
    let (here, utc) = (at.with_timezone(zone).format("%H:%M").to_string(), at.format("%H:%M UTC"));
    if utc.to_string().starts_with(&here) { utc.to_string() } else { format!("{here} ({utc})") }
}

fn from_now(time: TimeDelta) -> String {
    let (minutes, seconds) = (time.num_minutes(), time.num_seconds());
    match (minutes, seconds) {
        (_, ..=0) => "any moment now".to_owned(),
        (_, 1) => "in 1 second".to_owned(),
        (..=1, _) => format!("in {seconds} seconds"),
        (..=119, _) => format!("in {minutes} minutes"),
        _ => format!("in {} hours {} minutes", minutes / 60, minutes % 60),
    }
}

/// `: ` and the reason, without what would steer a terminal; empty where there is none.
pub fn because(why: &str) -> String {
    let why: String = why.chars().filter(|c| !c.is_control()).collect();
    if why.is_empty() { why } else { format!(": {why}") }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
