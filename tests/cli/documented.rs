//! Every command line of dcaas' own that the documents quote can be given as it stands there.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// What is quoted: code within a sentence, and the lines of shell blocks.
fn quoted(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut shell = false;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            shell = language == "sh";
        } else if shell {
            let command = line.trim_start().split(" #").next().unwrap_or_default();
            found.extend(command.strip_prefix("dcaas ").map(|rest| rest.trim().to_owned()));
        } else {
            let codes = line.split('`').skip(1).step_by(2);
            found.extend(codes.filter_map(|code| Some(code.strip_prefix("dcaas ")?.to_owned())));
        }
    }
    found
}

/// Whether it can be given: with `--help` at its end nothing is done, but all that stands before it is read.
fn can_be_given(line: &str) -> Result<(), String> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_dcaas")).args(line.split(' ')).arg("--help").output().unwrap();
    let said = || format!("dcaas {line}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(()).ok_or_else(said)
}

#[test]
fn every_command_line_of_the_documents_can_be_given() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        fs::read_dir(repository.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(["README.md", "ARCHITECTURE.md"].map(|name| repository.join(name)));
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    let lines: BTreeSet<String> =
        files.iter().flat_map(|file| quoted(&fs::read_to_string(file).unwrap())).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in &lines {
        assert_eq!(can_be_given(line), Ok(()));
    }
}

#[test]
fn what_can_not_be_given_is_found() {
    let text = "dcaas is a name, `dcaas why` a command.\n```sh\ndcaas strat --wait  # no verb\n```\n```text\ndcaas says\n```\n";
    assert_eq!(quoted(text), ["strat --wait", "why"].map(ToOwned::to_owned).into());
    for (line, good) in [("start --wait", true), ("strat --wait", false), ("start --wiat", false)] {
        assert_eq!(can_be_given(line).is_ok(), good, "{line}");
    }
}
