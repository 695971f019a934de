//! Answers for people: short lines, with colours where there is a terminal.

use chrono::{DateTime, TimeDelta, Utc};
use console::style;
use serde_json::Value;

use super::seen::{SignIn, Signal, Status};

/// A text that may be written to a terminal: what others wrote must not move its cursor.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A time ago, or a length, in words: `3min`, `2h 5min`.
pub fn length(of: TimeDelta) -> String {
    let seconds = of.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}min", seconds / 60),
        3600..86_400 => format!("{}h {}min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

fn phase(word: &str) -> String {
    let word = format!("{word:<9}");
    match word.trim_end() {
        "running" => style(word).green().bold(),
        "failed" => style(word).red().bold(),
        "stopped" => style(word).bold(),
        _ => style(word).yellow().bold(),
    }
    .to_string()
}

fn line(name: &str, text: &str) {
    println!("{name:<9} {}", plain(text));
}

/// JSON for programs.
pub fn json(body: &Value) {
    println!("{body:#}");
}

/// Where a workspace stands.
pub fn status(status: &Status, now: DateTime<Utc>) {
    println!("{} {}", phase(&status.phase), plain(&status.says));
    if let Some(since) = status.since {
        let usually = status.usually.as_ref().map(|u| format!(", usually {u}")).unwrap_or_default();
        line("since", &format!("{}{usually}", length(now - since)));
    }
    if let Some(wait) = &status.sign_in {
        sign_in(wait, now);
    }
    let lines = [
        ("address", status.address.clone()),
        (
            "profile",
            status.profile.as_ref().map(|p| format!("{p}, image {}", status.image.as_deref().unwrap_or("?"))),
        ),
        ("account", status.account.clone()),
        ("ends", status.life.as_ref().map(|life| format!("in {}: {}", length(life.ends - now), life.why))),
        ("budget", status.budget.clone()),
        ("next", status.next.clone()),
    ];
    for (name, text) in lines {
        if let Some(text) = text {
            line(name, &text);
        }
    }
}

/// A code, and where to enter it.
pub fn sign_in(wait: &SignIn, now: DateTime<Utc>) {
    let (code, page) = (plain(&wait.code), plain(&wait.page));
    println!("sign in   Open {} and enter {}", style(page).underlined(), style(code).bold());
    line("", &format!("It is good for {}. {}", length(wait.expires - now), wait.licence));
}

/// Why a workspace still runs.
pub fn why(status: &Status, now: DateTime<Utc>) {
    println!("{} {}", phase(&status.phase), plain(&status.says));
    if let Some(life) = &status.life {
        line("ends", &format!("in {}: {}", length(life.ends - now), life.why));
    }
    if let Some(hold) = status.hold.filter(|hold| *hold > now) {
        line("hold", &format!("for {}, as was asked inside", length(hold - now)));
    }
    for signal in &status.activity {
        line(&signal.signal, &evidence(signal, now));
    }
}

fn evidence(signal: &Signal, now: DateTime<Utc>) -> String {
    match (signal.state.as_str(), signal.at) {
        ("seen", Some(at)) => {
            format!("used {} ago, now {}", length(now - at), signal.value.as_deref().unwrap_or("?"))
        }
        ("nothing", _) => "not used since the start".to_owned(),
        _ => format!("not known: {}", signal.why.as_deref().unwrap_or("nobody says why")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_and_a_terminal_is_not_moved() {
        for (seconds, text) in
            [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1min"), (7500, "2h 5min"), (90_000, "1d 1h")]
        {
            assert_eq!(length(TimeDelta::seconds(seconds)), text);
        }
        assert_eq!(plain("a\u{1b}[31mb\r\nc"), "a[31mbc");
    }
}
