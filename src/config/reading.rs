//! One setting after the other, with the faults of all of them.

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, Utc};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Fault, table};
use crate::domain::sign_in::Provider;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Reads one setting after the other.
pub(super) struct Reading<'a> {
    pub variables: &'a BTreeMap<String, String>,
    pub faults: Vec<Fault>,
}

impl Reading<'_> {
    pub fn fault(&mut self, setting: &'static str, why: impl Into<String>) {
        self.faults.push(Fault { setting, why: why.into() });
    }

    pub fn text(&mut self, name: &'static str) -> String {
        let given = self.variables.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
        match given.or(table::row(name).default) {
            Some(value) => value.to_owned(),
            None => {
                self.fault(name, "is missing");
                String::new()
            }
        }
    }

    pub fn checked(&mut self, name: &'static str, good: impl Fn(&str) -> bool) -> String {
        let text = self.text(name);
        if !text.is_empty() && !good(&text) {
            self.fault(name, format!("is '{text}'"));
        }
        text
    }

    pub fn guid(&mut self, name: &'static str) -> String {
        self.checked(name, |text| uuid::Uuid::try_parse(text).is_ok()).to_lowercase()
    }

    pub fn url(&mut self, name: &'static str) -> String {
        let good = |text: &str| text.starts_with("https://") && text.parse::<http::Uri>().is_ok();
        self.checked(name, good).trim_end_matches('/').to_owned()
    }

    pub fn label(&mut self, name: &'static str) -> String {
        self.checked(name, |text| {
            text.len() <= 40
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !text.ends_with('-')
        })
    }

    pub fn provider(&mut self, name: &'static str) -> Provider {
        let text = self.checked(name, |text| Provider::parse(text).is_some());
        Provider::parse(&text).unwrap_or(Provider::GitHub)
    }

    pub fn list(&mut self, name: &'static str) -> Vec<String> {
        self.text(name)
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    }

    pub fn duration(&mut self, name: &'static str) -> Duration {
        let text = self.text(name);
        humantime::parse_duration(&text).unwrap_or_else(|_| {
            self.fault(name, format!("is '{text}'"));
            Duration::ZERO
        })
    }

    /// How long things are kept: at least the day that the brake looks back.
    pub fn retention(&mut self, name: &'static str) -> Duration {
        let kept = self.duration(name);
        if kept < DAY && !self.faults.iter().any(|fault| fault.setting == name) {
            self.fault(name, format!("is '{}'", self.variables.get(name).map_or("", |v| v)));
        }
        kept
    }

    pub fn yes_or_no(&mut self, name: &'static str) -> bool {
        self.checked(name, |text| matches!(text, "true" | "false")) == "true"
    }

    /// A time, or nothing.
    pub fn moment(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let text = self.text(name);
        let moment = DateTime::parse_from_rfc3339(text.trim()).ok().map(|at| at.to_utc());
        if moment.is_none() && !text.trim().is_empty() {
            self.fault(name, format!("is '{text}'"));
        }
        moment
    }

    /// A sum of money, or nothing.
    pub fn amount(&mut self, name: &'static str) -> Option<f64> {
        let text = self.text(name);
        let amount = text.trim().parse().ok().filter(|sum: &f64| sum.is_finite() && *sum >= 0.0);
        if amount.is_none() && !text.trim().is_empty() {
            self.fault(name, format!("is '{text}'"));
        }
        amount
    }

    pub fn pem(&mut self, name: &'static str) -> Vec<u8> {
        let text = self.text(name);
        match STANDARD.decode(&text) {
            Ok(pem) if pem.starts_with(b"-----BEGIN CERTIFICATE-----") => pem,
            _ if text.is_empty() => Vec::new(),
            _ => {
                self.fault(name, "is no certificate in base64");
                Vec::new()
            }
        }
    }

    /// An address that others call: https, or http on this machine.
    pub fn called_url(&mut self, name: &'static str) -> String {
        self.checked(name, |text| {
            text.parse::<http::Uri>().is_ok_and(|uri| {
                let local = uri.scheme_str() == Some("http") && uri.host() == Some("127.0.0.1");
                (uri.scheme_str() == Some("https") || local)
                    && uri.host().is_some_and(|host| !host.is_empty())
            })
        })
    }

    /// A path at Graph, in which another setting's name in braces stands for its value.
    pub fn resource(&mut self, name: &'static str, other: &'static str) -> String {
        let named = self.variables.get(other).map(|v| v.trim().to_lowercase()).unwrap_or_default();
        let good = |text: &str| text.starts_with('/') && !text.contains(char::is_whitespace);
        self.checked(name, good).replace(&format!("{{{other}}}"), &named)
    }

    /// A secret, which no fault shows.
    pub fn secret(&mut self, name: &'static str) -> Secret {
        let text = self.text(name);
        let usable = (32..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
        if text.starts_with("@Microsoft.KeyVault(") {
            self.fault(name, "is a reference to a key vault that the platform could not follow");
        } else if !usable && !text.is_empty() {
            self.fault(name, format!("can not be used, with its {} characters", text.chars().count()));
        }
        Secret(text)
    }
}
