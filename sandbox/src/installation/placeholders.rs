//! Values that an app's settings and manifests ask for by name.

use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// What there is to fill in, by name.
pub type Values = BTreeMap<&'static str, String>;

/// Fills `{{name}}`, as settings have it.
///
/// # Errors
/// An unknown name is answered with the names that there are.
pub fn settings(text: &str, values: &Values) -> Result<String> {
    fill(text, "{{", "}}", values)
}

/// Fills `${NAME}`, as manifests have it.
///
/// # Errors
/// An unknown name is answered with the names that there are.
pub fn manifest(text: &str, values: &Values) -> Result<String> {
    fill(text, "${", "}", values)
}

fn fill(text: &str, open: &str, close: &str, values: &Values) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((name, after)) = after.split_once(close) else {
            bail!("`{open}` is not closed by `{close}`");
        };
        let Some(value) = values.get(name.trim()) else {
            let known: Vec<_> = values.keys().copied().collect();
            bail!("nothing is called `{open}{name}{close}`; there are {}", known.join(", "));
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        [("tenant", "t-1".to_owned()), ("group", "{{tenant}}".to_owned())].into()
    }

    #[test]
    fn names_are_filled_and_what_they_bring_is_not_read_again() {
        for (text, filled) in [
            ("", ""),
            ("plain", "plain"),
            ("a{{tenant}}b{{ tenant }}c", "at-1bt-1c"),
            ("{{group}}", "{{tenant}}"),
            (r#"[{"a":{"b":{}}}]"#, r#"[{"a":{"b":{}}}]"#),
        ] {
            assert_eq!(settings(text, &values()).unwrap(), filled, "{text}");
        }
        assert_eq!(manifest("${tenant}/{{x}}", &values()).unwrap(), "t-1/{{x}}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_there_are() {
        let error = settings("{{tenent}}", &values()).unwrap_err().to_string();
        assert_eq!(error, "nothing is called `{{tenent}}`; there are group, tenant");
        assert!(settings("{{tenant", &values()).unwrap_err().to_string().contains("not closed"));
    }
}
