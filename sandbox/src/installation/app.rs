//! What the world reads of an assembled app: its settings and the queues that it listens to.

use super::placeholders::{self, Values};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// The settings of an app by name; null takes one away.
pub type Wishes = BTreeMap<String, Option<String>>;

/// The app's `settings.json`, with what is wished laid over it, and placeholders filled.
///
/// # Errors
/// Names the file or the setting that can not be read.
pub fn settings(app: &Path, wishes: &[&Wishes], values: &Values) -> Result<BTreeMap<String, String>> {
    let file = app.join("settings.json");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} can not be read: assemble the app first", file.display()))?;
    let map: BTreeMap<String, Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON object", file.display()))?;
    let mut all = Wishes::new();
    for (name, value) in map {
        let Value::String(value) = value else {
            bail!("{}: `{name}` is no text, and settings are texts", file.display());
        };
        all.insert(name, Some(value));
    }
    for wish in wishes {
        all.extend((*wish).clone());
    }
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| {
            let filled = placeholders::settings(&value, values).with_context(|| format!("setting {name}"))?;
            Ok((name, filled))
        })
        .collect()
}

/// The queues that the app's functions listen to.
///
/// # Errors
/// Names the function.json that can not be read.
pub fn queues(app: &Path, settings: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut queues = Vec::new();
    let entries = std::fs::read_dir(app).with_context(|| format!("{} can not be read", app.display()))?;
    for entry in entries {
        let file = entry?.path().join("function.json");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let function: Value =
            serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        for binding in function["bindings"].as_array().into_iter().flatten() {
            let kind = binding["type"].as_str().unwrap_or_default();
            if kind.eq_ignore_ascii_case("queueTrigger")
                && let Some(queue) = binding["queueName"].as_str()
            {
                queues.push(resolve(queue, settings).with_context(|| file.display().to_string())?);
            }
        }
    }
    queues.sort();
    queues.dedup();
    Ok(queues)
}

/// Replaces `%NAME%` by that setting.
fn resolve(text: &str, settings: &BTreeMap<String, String>) -> Result<String> {
    let mut resolved = String::new();
    for (at, part) in text.split('%').enumerate() {
        if at % 2 == 0 {
            resolved.push_str(part);
        } else {
            let value = settings.get(part).with_context(|| format!("there is no setting `{part}`"))?;
            resolved.push_str(value);
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(settings: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings.json"), settings).unwrap();
        folder
    }

    #[test]
    fn wishes_lie_over_the_apps_settings_and_null_takes_one_away() {
        let app = app(r#"{"A":"{{tenant}}","B":"2","C":"3"}"#);
        let values: Values = [("tenant", "t".to_owned())].into();
        let wishes: Wishes = [("B".into(), None), ("C".into(), Some("4".into()))].into();
        let settings = settings(app.path(), &[&wishes], &values).unwrap();
        assert_eq!(settings, [("A".into(), "t".into()), ("C".into(), "4".into())].into());
    }

    #[test]
    fn a_setting_that_is_no_text_is_named() {
        let error = settings(app(r#"{"A":1}"#).path(), &[], &Values::new()).unwrap_err();
        assert!(error.to_string().contains("`A`"), "{error}");
    }

    #[test]
    fn queues_are_those_of_the_queue_triggers() {
        let app = app("{}");
        for (name, text) in [
            ("provision", r#"{"bindings":[{"type":"queueTrigger","name":"m","queueName":"%QUEUE%"}]}"#),
            ("start", r#"{"bindings":[{"type":"httpTrigger"}]}"#),
        ] {
            std::fs::create_dir(app.path().join(name)).unwrap();
            std::fs::write(app.path().join(name).join("function.json"), text).unwrap();
        }
        let settings = [("QUEUE".to_owned(), "members".to_owned())].into();
        assert_eq!(queues(app.path(), &settings).unwrap(), ["members"]);
        assert!(queues(app.path(), &BTreeMap::new()).is_err());
    }
}
