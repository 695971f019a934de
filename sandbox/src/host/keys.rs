//! Reading the host's JSON as strictly as it must be: every key is taken by name, what is left over is refused.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One JSON object whose keys are taken one by one, ignoring case as .NET's configuration does.
pub struct Keys<'a> {
    at: String,
    left: BTreeMap<String, (&'a str, &'a Value)>,
}

impl<'a> Keys<'a> {
    /// The keys of `value`, which must be an object; `at` names it in errors.
    pub fn of(at: impl Into<String>, value: &'a Value) -> Result<Self> {
        let at = at.into();
        let Some(object) = value.as_object() else {
            bail!("{at} must be a JSON object");
        };
        let mut left = BTreeMap::new();
        for (key, value) in object {
            if left.insert(key.to_lowercase(), (key.as_str(), value)).is_some() {
                bail!("{at} has the key {key:?} twice (case does not count)");
            }
        }
        Ok(Self { at, left })
    }

    /// The value of `key`, which counts as read from now on; a null is no value.
    pub fn take(&mut self, key: &str) -> Option<&'a Value> {
        self.left.remove(&key.to_lowercase()).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The object under `key`, an empty one where there is none.
    pub fn section(&mut self, key: &str) -> Result<Keys<'a>> {
        let at = format!("{}.{key}", self.at);
        match self.take(key) {
            Some(value) => Keys::of(at, value),
            None => Ok(Keys { at, left: BTreeMap::new() }),
        }
    }

    /// A text, if it is there.
    pub fn text(&mut self, key: &str) -> Result<Option<String>> {
        let at = &self.at.clone();
        self.take(key)
            .map(|value| {
                value.as_str().map(str::to_owned).with_context(|| format!("{at}.{key} must be a text"))
            })
            .transpose()
    }

    /// true or false; settings that override host.json bring it as a text.
    pub fn flag(&mut self, key: &str) -> Result<Option<bool>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => bail!("{}.{key} must be true or false, not {other}", self.at),
        }
    }

    /// A whole number within `range`.
    pub fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        match number {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => bail!(
                "{}.{key} must be a whole number from {} to {}, not {value}",
                self.at,
                range.start(),
                range.end()
            ),
        }
    }

    /// A time span as .NET writes it, `hh:mm:ss`.
    pub fn span(&mut self, key: &str) -> Result<Option<Duration>> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let at = &self.at;
        span(&text)
            .map(Some)
            .with_context(|| format!("{at}.{key} must be a time span such as 00:00:30, not {text:?}"))
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        // an override such as …__arguments__0 makes an object whose keys are positions
        let items: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(items) => items.values().collect(),
            one => vec![one],
        };
        let texts: Option<Vec<String>> =
            items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect();
        texts.map(Some).with_context(|| format!("{}.{key} must be a list of texts", self.at))
    }

    /// Refuses what nobody took: the real host would ignore it or act on it, and this one knows neither.
    pub fn end(self) -> Result<()> {
        let Some((key, _)) = self.left.values().next() else {
            return Ok(());
        };
        bail!(
            "{}.{key} is not understood by this host: remove it, or teach the sandbox what it does",
            self.at
        )
    }
}

/// `hh:mm:ss`, `d.hh:mm:ss`, both with a fraction if need be.
pub fn span(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once(':')?.0.split_once('.') {
        Some((days, _)) => (days.parse::<u64>().ok()?, text.split_once('.')?.1),
        None => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 = seconds.parse().ok()?;
    if hours > 23 || minutes > 59 || !(0.0..60.0).contains(&seconds) {
        return None;
    }
    Some(Duration::from_secs(days * 86400 + hours * 3600 + minutes * 60) + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_hours_minutes_seconds() {
        for (text, wanted) in [
            ("00:00:30", Some(30_000)),
            ("00:00:00.100", Some(100)),
            ("1.00:00:00", Some(86_400_000)),
            ("00:30", None),
            ("30", None),
            ("24:00:00", None),
            ("00:60:00", None),
        ] {
            assert_eq!(span(text).map(|span| span.as_millis()), wanted, "{text}");
        }
    }

    #[test]
    fn a_key_nobody_takes_is_refused_by_name() {
        let json = serde_json::json!({"Version": "2.0", "healthMonitor": {}});
        let mut keys = Keys::of("host.json", &json).unwrap();
        assert_eq!(keys.text("version").unwrap().as_deref(), Some("2.0"));
        assert!(keys.end().unwrap_err().to_string().contains("host.json.healthMonitor"));
    }
}
