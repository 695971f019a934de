//! Every command that the documents name exists: its verb, its flags, and the scripts of `infra/`.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::CommandFactory;

use crate::{Arguments, prepare};

/// The documents, with their names.
fn documents() -> Vec<(PathBuf, String)> {
    let repository = prepare::repository();
    let mut files = vec![repository.join("README.md"), repository.join("ARCHITECTURE.md")];
    files.extend(std::fs::read_dir(repository.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

/// The words after each `start`, up to the end of the line, of the code or of the command.
fn commands<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    text.match_indices(start).map(move |(at, _)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(['`', '\n', '#', '"', '(', ')', '|', ',', ';']).unwrap_or(rest.len());
        rest[..end].split_whitespace().collect()
    })
}

/// What is wrong with the words after `cargo local` or `cargo xtask`.
fn fault(words: &[&str], command: &clap::Command) -> Option<String> {
    let mut command = command;
    let mut words = words.iter().copied().filter(|word| *word != "--");
    while let Some(word) = words.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let name = flag.split('=').next().unwrap_or_default();
            let known = |arg: &clap::Arg| {
                arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
            };
            let Some(arg) = command.get_arguments().find(|arg| known(arg)) else {
                return Some(format!("{} has no --{name}", command.get_name()));
            };
            if arg.get_action().takes_values() && !flag.contains('=') {
                words.next();
            }
        } else if command.has_subcommands() {
            match command.find_subcommand(word) {
                Some(verb) => command = verb,
                None => return Some(format!("{} has no verb {word}", command.get_name())),
            }
            if command.get_name() == "kubectl" {
                return None;
            }
        } else if command.get_positionals().next().is_none() {
            return Some(format!("{} takes no {word}", command.get_name()));
        }
    }
    None
}

#[test]
fn every_command_of_the_documents_exists() {
    let xtask = Arguments::command();
    let local = xtask.find_subcommand("local").unwrap();
    let mut seen = 0;
    for (file, text) in documents() {
        for (start, command) in [("cargo local", local), ("cargo xtask", &xtask)] {
            for words in commands(&text, start) {
                seen += 1;
                let fault = fault(&words, command);
                assert_eq!(fault, None, "{}: {start} {}", file.display(), words.join(" "));
            }
        }
    }
    assert!(seen > 10, "the documents name {seen} commands");
}

#[test]
fn every_script_and_step_of_the_documents_exists() {
    let infra = prepare::repository().join("infra");
    let deploy = std::fs::read_to_string(infra.join("deploy")).unwrap();
    let steps = deploy.lines().find_map(|line| line.strip_prefix("steps=(")?.strip_suffix(')')).unwrap();
    let steps: BTreeSet<&str> = steps.split(' ').collect();
    let mut seen = 0;
    for (file, text) in documents() {
        for script in
            ["deploy", "destroy", "member-images", "restore-home", "kubernetes/apply", "image/code-version"]
        {
            let start = format!("infra/{script}");
            let mode = std::fs::metadata(infra.join(script)).unwrap().permissions().mode();
            assert!(mode & 0o100 != 0, "{start} is no program");
            // code or a line of its own; within a sentence it is only a name
            for words in ["`", "\n"].iter().flat_map(|before| {
                let start = format!("{before}{start}");
                commands(&text, &start).map(|words| words.join(" ")).collect::<Vec<_>>()
            }) {
                let known = script != "deploy" || words.split_whitespace().all(|step| steps.contains(step));
                assert!(known, "{}: {start} {words}: its steps are {steps:?}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "the documents name {seen} scripts");
}

#[test]
fn a_command_that_is_not_there_is_found() {
    let xtask = Arguments::command();
    for (line, good) in [
        ("local -- --name other --fast", true),
        ("local -- join dora", true),
        ("local -- kubectl get pods -A --anything", true),
        ("package --tour", true),
        ("local -- --fats", false),
        ("local -- jion dora", false),
        ("pakcage", false),
        ("bench --tour", false),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(fault(&words, &xtask).is_none(), good, "{line}: {:?}", fault(&words, &xtask));
    }
}
