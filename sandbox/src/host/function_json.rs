//! One folder's function.json: its trigger, checked as the host checks it at start (SOURCES 6).

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{
    keys::Keys,
    routes::Template,
    schedule::Schedule,
    settings::{self, Settings},
};

/// A function that the host has loaded.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub trigger: Trigger,
}

/// What calls a function.
#[derive(Debug, Clone)]
pub enum Trigger {
    Http { template: Template, methods: Vec<String>, level: Level },
    Queue { binding: String, queue: String, binary: bool },
    Timer { binding: String, schedule: Schedule, run_on_startup: bool, monitor: bool },
}

/// `authLevel` of an HTTP trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Anonymous,
    Function,
    Admin,
}

/// Reads one function.json; an error here is that function's alone.
pub fn read(name: &str, text: &str, prefix: &str, settings: &Settings) -> Result<Function> {
    if !is_name(name, 127, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        || name.eq_ignore_ascii_case("host")
    {
        bail!(
            "{name:?} can not be a function's name: a letter, then letters, digits, '_' and '-', and not \"host\""
        );
    }
    let json: Value = serde_json::from_str(text).context("function.json is not JSON")?;
    let mut keys = Keys::of("function.json", &json)?;
    keys.take("$schema");
    if keys.take("disabled").is_some() {
        bail!("\"disabled\" in function.json does nothing: use the setting AzureWebJobs_{name}_Disabled");
    }
    let bindings =
        keys.take("bindings").and_then(Value::as_array).context("\"bindings\" must be a list")?.clone();
    keys.end()?;
    let mut names: Vec<String> = Vec::new();
    let (mut trigger, mut answers) = (None, 0);
    for (at, binding) in bindings.iter().enumerate() {
        let mut keys = Keys::of(format!("bindings[{at}]"), binding)?;
        let kind = keys.text("type")?.with_context(|| format!("bindings[{at}] has no type"))?;
        let direction =
            keys.text("direction")?.with_context(|| format!("bindings[{at}] has no direction"))?;
        let own = keys.text("name")?.with_context(|| format!("bindings[{at}] has no name"))?;
        if own != "$return" && !is_name(&own, 127, |c| c.is_ascii_alphanumeric()) {
            bail!("{own:?} can not be a binding's name: a letter, then letters and digits, or $return");
        }
        if names.iter().any(|other| other.eq_ignore_ascii_case(&own)) {
            bail!("two bindings are called {own:?}");
        }
        names.push(own.clone());
        let found = match (kind.to_lowercase().as_str(), direction.to_lowercase().as_str()) {
            ("http", "out") => {
                answers += 1;
                None
            }
            ("httptrigger", "in") => Some(http(name, &mut keys, prefix)?),
            ("queuetrigger", "in") => Some(queue(own, &mut keys, settings)?),
            ("timertrigger", "in") => Some(timer(own, &mut keys, settings)?),
            _ => {
                bail!("a binding of type {kind:?} and direction {direction:?} is not understood by this host")
            }
        };
        keys.end()?;
        if found.is_some() && trigger.is_some() {
            bail!("it has two triggers");
        }
        trigger = trigger.or(found);
    }
    let trigger = trigger.context("it has no trigger")?;
    // the only functions whose requests the host hands through (SOURCES 2); the envelope for others is not played here
    match (&trigger, answers) {
        (Trigger::Http { .. }, 1) | (Trigger::Queue { .. } | Trigger::Timer { .. }, 0) => {}
        (Trigger::Http { .. }, _) => {
            bail!("an HTTP function needs exactly one \"http\" binding out to be proxied")
        }
        _ => bail!("an \"http\" binding out belongs to an HTTP function"),
    }
    Ok(Function { name: name.to_owned(), trigger })
}

fn is_name(text: &str, longest_rest: usize, rest: impl Fn(char) -> bool) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.len() <= longest_rest + 1
        && letters.all(rest)
}

fn http(name: &str, keys: &mut Keys<'_>, prefix: &str) -> Result<Trigger> {
    let methods = keys.texts("methods")?.unwrap_or_default();
    let methods = methods.iter().map(|method| method.to_uppercase()).collect();
    let level = match keys.text("authLevel")?.map(|level| level.to_lowercase()).as_deref() {
        Some("anonymous") => Level::Anonymous,
        None | Some("function") => Level::Function,
        Some("admin") => Level::Admin,
        Some(other) => bail!("authLevel {other:?} is not understood by this host"),
    };
    // an empty route means the function's name (SOURCES 2.4)
    let route = keys.text("route")?.filter(|route| !route.is_empty()).unwrap_or_else(|| name.to_owned());
    let lower = route.trim_matches('/').to_lowercase();
    if lower.starts_with("admin") || lower.starts_with("runtime") {
        bail!("route {route:?} begins with a word that the host keeps for itself");
    }
    let whole = if prefix.is_empty() { route } else { format!("{prefix}/{route}") };
    let template = Template::parse(&whole).with_context(|| format!("route {whole:?}"))?;
    Ok(Trigger::Http { template, methods, level })
}

fn queue(binding: String, keys: &mut Keys<'_>, settings: &Settings) -> Result<Trigger> {
    let queue = keys.text("queueName")?.context("a queueTrigger needs queueName")?;
    let queue = settings::resolve(&queue, settings).map_err(anyhow::Error::msg)?;
    let letters = queue.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    let shape = (3..=63).contains(&queue.len())
        && !queue.starts_with('-')
        && !queue.ends_with('-')
        && !queue.contains("--");
    if !letters || !shape {
        bail!("{queue:?} can not be a queue's name: 3 to 63 small letters, digits and single dashes");
    }
    match keys.text("connection")?.as_deref() {
        None | Some("" | "AzureWebJobsStorage") => {}
        Some(other) => bail!("connection {other:?}: this host knows AzureWebJobsStorage only"),
    }
    let binary = match keys.text("dataType")?.map(|kind| kind.to_lowercase()).as_deref() {
        None | Some("string") => false,
        Some("binary") => true,
        Some(other) => bail!("dataType {other:?} is not understood by this host"),
    };
    Ok(Trigger::Queue { binding, queue, binary })
}

fn timer(binding: String, keys: &mut Keys<'_>, settings: &Settings) -> Result<Trigger> {
    let schedule = keys.text("schedule")?.context("a timerTrigger needs a schedule")?;
    let schedule = settings::resolve(&schedule, settings).map_err(anyhow::Error::msg)?;
    let schedule = Schedule::parse(&schedule).with_context(|| format!("schedule {schedule:?}"))?;
    let run_on_startup = keys.flag("runOnStartup")?.unwrap_or(false);
    let monitor = keys.flag("useMonitor")?.unwrap_or(true) && !schedule.is_faster_than_a_minute();
    Ok(Trigger::Timer { binding, schedule, run_on_startup, monitor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(binding: &str) -> Result<Function> {
        let settings = Settings::from([("SWEEP".to_owned(), "0 */5 * * * *".to_owned())]);
        read("f", &format!(r#"{{"bindings":[{binding}]}}"#), "", &settings)
    }

    const ANSWER: &str = r#"{"type":"http","direction":"out","name":"$return"}"#;

    #[test]
    fn good_triggers_are_read() {
        let get = r#"{"type":"httpTrigger","direction":"in","name":"req","methods":["get"],"route":"api/f","authLevel":"anonymous"}"#;
        let function = one(&format!("{get},{ANSWER}")).unwrap();
        assert!(
            matches!(&function.trigger, Trigger::Http { methods, level: Level::Anonymous, .. } if methods == &["GET"])
        );
        let queue = one(r#"{"type":"queueTrigger","direction":"in","name":"message","queueName":"members"}"#)
            .unwrap();
        assert!(matches!(queue.trigger, Trigger::Queue { binary: false, .. }));
        let timer =
            one(r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%SWEEP%"}"#).unwrap();
        assert!(matches!(timer.trigger, Trigger::Timer { monitor: true, run_on_startup: false, .. }));
        let often =
            one(r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"*/5 * * * * *"}"#)
                .unwrap();
        assert!(matches!(often.trigger, Trigger::Timer { monitor: false, .. }));
    }

    #[test]
    fn what_the_host_refuses_is_an_error_of_that_function() {
        let http =
            |more: &str| format!(r#"{{"type":"httpTrigger","direction":"in","name":"req"{more}}},{ANSWER}"#);
        for (bindings, says) in [
            ("", "no trigger"),
            (ANSWER, "no trigger"),
            (r#"{"type":"httpTrigger","direction":"in","name":"req"}"#, "exactly one"),
            (r#"{"type":"httpTrigger","direction":"in","name":"my_req"}"#, "binding's name"),
            (r#"{"type":"httpTrigger","name":"req"}"#, "direction"),
            (&http(r#","route":"admin/x""#), "keeps for itself"),
            (&http(r#","route":"/x""#), "route"),
            (&http(r#","webHookType":"github""#), "webHookType"),
            (&http(r#","authLevel":"system""#), "authLevel"),
            (r#"{"type":"queueTrigger","direction":"in","name":"m","queueName":"Members"}"#, "queue's name"),
            (
                r#"{"type":"queueTrigger","direction":"in","name":"m","queueName":"q1q","connection":"Other"}"#,
                "Other",
            ),
            (r#"{"type":"timerTrigger","direction":"in","name":"t","schedule":"%NONE%"}"#, "%NONE%"),
            (r#"{"type":"blobTrigger","direction":"in","name":"b"}"#, "blobTrigger"),
        ] {
            let error = format!("{:#}", one(bindings).unwrap_err());
            assert!(error.contains(says), "{bindings}: {error}");
        }
        assert!(read("9f", "{}", "", &Settings::new()).is_err());
        assert!(read("host", "{}", "", &Settings::new()).is_err());
    }
}
