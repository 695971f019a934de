//! The app's settings as the host uses them: names in texts, switches, and what the child gets.

use std::collections::BTreeMap;

/// The settings of a function app by name.
pub type Settings = BTreeMap<String, String>;

/// The value of a setting; names differ by more than case on Linux, but the host's configuration ignores case.
pub fn get<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings
        .get(name)
        .or_else(|| settings.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
        .map(String::as_str)
}

/// Replaces each `%NAME%` by the setting; one that is unknown disappears (SOURCES 1.1, command line).
pub fn expand(text: &str, settings: &Settings) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        match parts.next() {
            Some(rest) => {
                out.push_str(get(settings, name).unwrap_or_default());
                out.push_str(rest);
            }
            None => {
                out.push('%');
                out.push_str(name);
            }
        }
    }
    out
}

/// Resolves each `%NAME%` of a binding; one that is unknown is an error of that function (SOURCES 5, 6).
pub fn resolve(text: &str, settings: &Settings) -> Result<String, String> {
    let names: Vec<&str> = text.split('%').skip(1).step_by(2).collect();
    if text.matches('%').count() % 2 == 1 {
        return Err(format!("{text:?} has a '%' without its partner"));
    }
    match names.iter().find(|name| get(settings, name).is_none()) {
        Some(name) => Err(format!("%{name}% does not resolve: there is no setting of that name")),
        None => Ok(expand(text, settings)),
    }
}

/// Whether a function is switched off (SOURCES 6).
pub fn disabled(settings: &Settings, function: &str) -> bool {
    [format!("AzureWebJobs.{function}.Disabled"), format!("AzureWebJobs_{function}_Disabled")]
        .iter()
        .filter_map(|name| get(settings, name))
        .any(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

/// Whether a setting is one of the host's keys (named as its secret store in Kubernetes names them); the child
/// of a real host does not see keys.
pub fn is_key(name: &str) -> bool {
    name.starts_with("host.") || name.starts_with("functions.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_percent_signs_are_settings() {
        let settings = Settings::from([("SCHEDULE".to_owned(), "0 * * * * *".to_owned())]);
        assert_eq!(expand("a %schedule% b %GONE%c", &settings), "a 0 * * * * * b c");
        assert_eq!(resolve("%SCHEDULE%", &settings).as_deref(), Ok("0 * * * * *"));
        assert!(resolve("%GONE%", &settings).unwrap_err().contains("%GONE%"));
        assert!(resolve("50%", &settings).is_err());
    }
}
