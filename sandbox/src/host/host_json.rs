//! host.json with the overrides that settings bring, read as the real host reads it and refused where it would refuse.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::keys::Keys;

/// What host.json says.
#[derive(Debug, Clone)]
pub struct HostJson {
    /// The custom handler's executable, relative to the app's folder.
    pub executable: String,
    /// Its arguments, each already a word of its own.
    pub arguments: Vec<String>,
    /// The folder it runs in, relative to the app's.
    pub working_directory: Option<String>,
    /// How long it may take to answer its first `GET /`.
    pub initialization: Duration,
    /// Whether every line on stderr is an error (unless it says "warn").
    pub stderr_is_errors: bool,
    /// Whether HTTP functions are proxied.
    pub proxying: bool,
    /// In front of every route; empty for none.
    pub route_prefix: String,
    /// How long one invocation may take; none means unbounded.
    pub timeout: Option<Duration>,
    /// Whether extensions (queues) are there.
    pub bundle: bool,
    /// The rules of queue triggers.
    pub queues: Queues,
    /// The only functions that are loaded, if it names any.
    pub only: Option<Vec<String>>,
}

/// `extensions.queues` of host.json, with the extension's defaults (SOURCES 4).
#[derive(Debug, Clone, PartialEq)]
pub struct Queues {
    pub batch: u64,
    pub threshold: u64,
    pub longest_pause: Duration,
    pub visibility: Duration,
    pub max_dequeue: u64,
    pub base64: bool,
}

/// Reads host.json's text; `settings` may override any value by `AzureFunctionsJobHost__section__key` (SOURCES 1.1).
pub fn read(text: &str, settings: &BTreeMap<String, String>) -> Result<HostJson> {
    let mut json: Value = serde_json::from_str(text).context("host.json is not JSON")?;
    for (name, value) in settings {
        let mut path = name.split("__");
        if path.next().is_some_and(|head| head.eq_ignore_ascii_case("AzureFunctionsJobHost")) {
            put(&mut json, path, value).with_context(|| format!("setting {name} does not fit host.json"))?;
        }
    }
    let mut keys = Keys::of("host.json", &json)?;
    let version = keys.text("version")?;
    if version.as_deref() != Some("2.0") {
        bail!("host.json.version must be \"2.0\", not {version:?}: the host does not start otherwise");
    }
    // where logs go and what a schema says changes nothing that a function app could see
    keys.take("logging");
    keys.take("$schema");
    let timeout = timeout(&mut keys)?;
    let only = keys.texts("functions")?;
    let bundle = bundle(keys.section("extensionBundle")?)?;
    let mut extensions = keys.section("extensions")?;
    let mut http = extensions.section("http")?;
    let route_prefix = http.text("routePrefix")?.unwrap_or_else(|| "api".into()).trim_matches('/').to_owned();
    http.end()?;
    let queues = queues(extensions.section("queues")?)?;
    extensions.end()?;

    let mut handler = keys.section("customHandler")?;
    keys.end()?;
    if handler.flag("enableForwardingHttpRequest")?.unwrap_or(false) {
        bail!(
            "host.json.customHandler.enableForwardingHttpRequest is not done by this host: use enableProxyingHttpRequest"
        );
    }
    let proxying = handler.flag("enableProxyingHttpRequest")?.unwrap_or(false);
    let initialization = handler.span("initializationTimeout")?.unwrap_or(Duration::from_secs(30));
    let mut description = handler.section("description")?;
    handler.end()?;
    let executable = description.text("defaultExecutablePath")?.filter(|path| !path.is_empty());
    let executable = executable
        .context("host.json.customHandler.description.defaultExecutablePath must name the executable")?;
    let arguments = expand_all(description.texts("arguments")?.unwrap_or_default(), settings);
    let working_directory = description.text("workingDirectory")?;
    let stderr_is_errors = description.flag("useStdErrorStreamForErrorsOnly")?.unwrap_or(true);
    description.end()?;
    let executable = super::settings::expand(&executable, settings);
    Ok(HostJson {
        executable,
        arguments,
        working_directory,
        initialization,
        stderr_is_errors,
        proxying,
        route_prefix,
        timeout,
        bundle,
        queues,
        only,
    })
}

/// The real host joins the arguments into one string, which splits again at every space.
fn expand_all(arguments: Vec<String>, settings: &BTreeMap<String, String>) -> Vec<String> {
    let line: Vec<String> = arguments.iter().map(|one| super::settings::expand(one, settings)).collect();
    line.join(" ").split_whitespace().map(str::to_owned).collect()
}

fn timeout(keys: &mut Keys<'_>) -> Result<Option<Duration>> {
    // Flex Consumption, Premium and Dedicated: 30 minutes unless host.json says otherwise, -1 for ever (SOURCES 8)
    match keys.take("functionTimeout") {
        None => Ok(Some(Duration::from_secs(1800))),
        Some(Value::String(text)) if text == "-1" => Ok(None),
        Some(Value::String(text)) => match super::keys::span(text).filter(|span| !span.is_zero()) {
            Some(span) => Ok(Some(span)),
            None => bail!(
                "host.json.functionTimeout must be a time span such as 00:10:00, or \"-1\", not {text:?}"
            ),
        },
        Some(other) => bail!("host.json.functionTimeout must be a text, not {other}"),
    }
}

fn bundle(mut keys: Keys<'_>) -> Result<bool> {
    let (id, version) = (keys.text("id")?, keys.text("version")?);
    keys.end()?;
    match (id.as_deref(), version.as_deref()) {
        (None, None) => Ok(false),
        // older bundles bring older extensions with other rules
        (Some("Microsoft.Azure.Functions.ExtensionBundle"), Some("[4.*, 5.0.0)")) => Ok(true),
        other => bail!(
            "host.json.extensionBundle must be Microsoft.Azure.Functions.ExtensionBundle with version [4.*, 5.0.0), not {other:?}"
        ),
    }
}

fn queues(mut keys: Keys<'_>) -> Result<Queues> {
    let batch = keys.number("batchSize", 1..=32)?.unwrap_or(16);
    // half a batch for each processor; the host counts one processor on plans that scale by themselves
    let threshold = keys.number("newBatchThreshold", 0..=1000)?.unwrap_or(batch / 2);
    let longest_pause = keys.span("maxPollingInterval")?.unwrap_or(Duration::from_secs(60));
    if longest_pause < Duration::from_millis(100) {
        bail!("host.json.extensions.queues.maxPollingInterval must be at least 00:00:00.100");
    }
    let visibility = keys.span("visibilityTimeout")?.unwrap_or_default();
    let max_dequeue = keys.number("maxDequeueCount", 1..=1_000_000)?.unwrap_or(5);
    let base64 = match keys.text("messageEncoding")?.map(|text| text.to_lowercase()).as_deref() {
        None | Some("base64") => true,
        Some("none") => false,
        Some(other) => {
            bail!("host.json.extensions.queues.messageEncoding must be base64 or none, not {other:?}")
        }
    };
    keys.end()?;
    Ok(Queues { batch, threshold, longest_pause, visibility, max_dequeue, base64 })
}

/// Puts an override where its path leads; keys that are there already keep their spelling.
fn put<'a>(json: &mut Value, mut path: impl Iterator<Item = &'a str>, value: &str) -> Result<()> {
    let Some(key) = path.next().filter(|key| !key.is_empty()) else {
        *json = Value::String(value.to_owned());
        return Ok(());
    };
    if let (Value::Array(items), Ok(at)) = (&mut *json, key.parse::<usize>()) {
        return match items.get_mut(at) {
            Some(item) => put(item, path, value),
            None => bail!("the list has no place {at}"),
        };
    }
    if !json.is_object() {
        *json = Value::Object(Map::new());
    }
    let object = json.as_object_mut().context("not an object")?;
    let there = object.keys().find(|there| there.eq_ignore_ascii_case(key)).cloned();
    put(object.entry(there.unwrap_or_else(|| key.to_owned())).or_insert(Value::Null), path, value)
}

#[cfg(test)]
#[path = "host_json_tests.rs"]
mod tests;
