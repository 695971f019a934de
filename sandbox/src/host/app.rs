//! An assembled function app on disk: host.json and one folder a function, as the host indexes them (SOURCES 6).

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{
    function_json::{self, Function, Trigger},
    host_json::{self, HostJson},
    settings::{self, Settings},
};

/// The app as the host loaded it.
#[derive(Debug, Clone)]
pub struct App {
    pub root: PathBuf,
    pub host: HostJson,
    /// Sorted by name, ignoring case: the order in which routes are tried (trap 7).
    pub functions: Vec<Function>,
    /// Functions in error with the reason; the real host goes on without them.
    pub broken: Vec<(String, String)>,
}

/// Reads an app; fails where the real host would not start, or this one can not do what is asked.
pub fn read(root: &Path, settings: &Settings) -> Result<App> {
    let file = root.join("host.json");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("{} can not be read: assemble the app first", file.display()))?;
    let host = host_json::read(&text, settings)?;
    let mut app = App { root: root.to_owned(), host, functions: Vec::new(), broken: Vec::new() };
    for name in folders(root)? {
        let text = fs::read_to_string(root.join(&name).join("function.json"))?;
        if app.host.only.as_ref().is_some_and(|only| !only.contains(&name))
            || settings::disabled(settings, &name)
        {
            continue;
        }
        match function_json::read(&name, &text, &app.host.route_prefix, settings) {
            Ok(function) => match conflict(&function, &app.functions) {
                Some(reason) => app.broken.push((name, reason)),
                None => app.functions.push(function),
            },
            Err(error) => app.broken.push((name, format!("{error:#}"))),
        }
    }
    possible(&app, settings)?;
    Ok(app)
}

/// Only direct children of the root that hold a function.json, by name ignoring case.
fn folders(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.path().join("function.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_by_key(|name| (name.to_lowercase(), name.clone()));
    Ok(names)
}

/// The same route for the same method as an earlier function: the later one is in error.
fn conflict(function: &Function, earlier: &[Function]) -> Option<String> {
    let Trigger::Http { template, methods, .. } = &function.trigger else {
        return None;
    };
    earlier.iter().find_map(|other| match &other.trigger {
        Trigger::Http { template: theirs, methods: their_methods, .. }
            if theirs.text() == template.text()
                && (methods.is_empty()
                    || their_methods.is_empty()
                    || methods.iter().any(|m| their_methods.contains(m))) =>
        {
            Some(format!("its route {:?} belongs to function {:?} already", template.text(), other.name))
        }
        _ => None,
    })
}

/// What this host refuses at start rather than do half.
fn possible(app: &App, settings: &Settings) -> Result<()> {
    if app.functions.is_empty() {
        let reasons: Vec<String> = app.broken.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        bail!(
            "no function in {} was loaded, so the host would not start the executable. {}",
            app.root.display(),
            reasons.join("; ")
        );
    }
    let has = |wanted: fn(&Trigger) -> bool| app.functions.iter().any(|function| wanted(&function.trigger));
    if has(|trigger| matches!(trigger, Trigger::Http { .. })) && !app.host.proxying {
        bail!(
            "host.json.customHandler.enableProxyingHttpRequest must be true: this host hands HTTP requests on only so"
        );
    }
    if has(|trigger| matches!(trigger, Trigger::Queue { .. })) && !app.host.bundle {
        bail!("a queueTrigger needs host.json.extensionBundle");
    }
    let storage =
        |trigger: &Trigger| matches!(trigger, Trigger::Queue { .. } | Trigger::Timer { monitor: true, .. });
    if has(storage) && settings::get(settings, "AzureWebJobsStorage").is_none() {
        bail!("queue triggers and monitored timers need the setting AzureWebJobsStorage");
    }
    Ok(())
}

/// What is started and where: the executable's path and working directory.
pub fn executable(app: &App, instead: Option<&Path>) -> Result<(PathBuf, PathBuf)> {
    let path = instead.map_or_else(|| app.root.join(&app.host.executable), Path::to_owned);
    let path = fs::canonicalize(&path).with_context(|| {
        format!("the executable {} is not there: build the app and assemble it again", path.display())
    })?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path)?.permissions());
    if !path.is_file() || mode & 0o111 == 0 {
        bail!("{} can not be executed: the real host would fail to start it, too", path.display());
    }
    let folder = match &app.host.working_directory {
        Some(folder) => app.root.join(folder),
        None => app.root.clone(),
    };
    Ok((path, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = r#"{"version":"2.0","extensions":{"http":{"routePrefix":""}},"customHandler":{
        "description":{"defaultExecutablePath":"x"},"enableProxyingHttpRequest":true}}"#;

    fn http(route: &str, methods: &str) -> String {
        format!(
            r#"{{"bindings":[{{"type":"httpTrigger","direction":"in","name":"req","route":"{route}","methods":{methods}}},
            {{"type":"http","direction":"out","name":"$return"}}]}}"#
        )
    }

    fn app(files: &[(&str, &str)]) -> Result<App> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        read(folder.path(), &Settings::from([("AzureWebJobs_off_Disabled".to_owned(), "1".to_owned())]))
    }

    #[test]
    fn functions_are_direct_children_sorted_by_name_and_broken_ones_are_left_out() {
        let app = app(&[
            ("host.json", HOST),
            ("b/function.json", &http("same", r#"["get"]"#)),
            ("A/function.json", &http("same", r#"["get","post"]"#)),
            ("c/function.json", &http("same", r#"["delete"]"#)),
            ("deep/er/function.json", &http("deep", "[]")),
            ("off/function.json", &http("off", "[]")),
            ("bad/function.json", "{}"),
        ])
        .unwrap();
        let names: Vec<&str> = app.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["A", "c"]);
        let broken: Vec<&str> = app.broken.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(broken, ["b", "bad"]); // b has A's route and method
    }

    #[test]
    fn an_app_that_could_not_run_is_refused_at_start() {
        let queue =
            r#"{"bindings":[{"type":"queueTrigger","direction":"in","name":"m","queueName":"members"}]}"#;
        for (files, says) in [
            (&[("host.json", HOST)][..], "no function"),
            (&[("host.json", HOST), ("q/function.json", queue)][..], "extensionBundle"),
            (
                &[
                    ("host.json", HOST.replace("true", "false").as_str()),
                    ("a/function.json", http("a", "[]").as_str()),
                ][..],
                "enableProxying",
            ),
            (&[("a/function.json", "{}")][..], "host.json"),
        ] {
            let error = format!("{:#}", app(files).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
