//! Builds what is missing and runs the world, the tour, the tests, the benchmark and the package: `cargo local`, `cargo xtask`.

mod bench;
mod child;
#[cfg(test)]
mod documented;
mod local;
mod package;
mod prepare;
mod processes;
mod running;
mod show;
mod test;
mod tour;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the world on this machine, tour it, or speak to one that runs.
    Local(local::Arguments),
    /// Run all tests against a world named `test`, or against one that runs already.
    Test(test::Arguments),
    /// Measure requests, latency, mass starts and the executable, in a release world named `bench`.
    Bench(bench::Arguments),
    /// Make what is published, in `target/package`: folder, zip, list of parts, checksums.
    Package(package::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse_from(without_first_dashes(std::env::args())).command {
        Command::Local(arguments) => local::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Package(arguments) => package::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error}");
        for cause in error.chain().skip(1) {
            eprintln!("  because: {cause}");
        }
        ExitCode::FAILURE
    })
}

/// `cargo local` ends in the word `local`, so the `--` of `cargo local -- --tour` reaches us: it goes, and
/// `cargo local --tour` means the same. A later `--` belongs to whom it was written for.
fn without_first_dashes(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = words.collect();
    if words.get(2).is_some_and(|word| word == "--") {
        words.remove(2);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Arguments {
        let words = line.split_whitespace().map(str::to_owned);
        Arguments::parse_from(without_first_dashes(std::iter::once("xtask".to_owned()).chain(words)))
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_tour_can_be_asked_for_with_and_without_dashes() {
        for line in ["local -- --tour --fast", "local --tour --fast"] {
            let Command::Local(local) = parse(line).command else { panic!("{line}: not `local`") };
            assert!(local.tour && local.fast, "{line}");
        }
    }

    #[test]
    fn a_code_is_approved_as_somebody() {
        let Command::Local(local) = parse("local -- approve WDJB-MJHT --as ben").command else {
            panic!("not `local`")
        };
        let Some(local::Verb::Approve { code, account }) = local.verb else { panic!("not approve") };
        assert_eq!((code.as_str(), account.as_deref()), ("WDJB-MJHT", Some("ben")));
    }

    #[test]
    fn what_is_run_and_typed_inside_is_passed_on_as_it_is() {
        let verb = |line| match parse(line).command {
            Command::Local(local) => local.verb,
            _ => None,
        };
        let Some(local::Verb::Exec { person, command }) = verb("local -- exec dora -- nohup -x -- y") else {
            panic!("not exec")
        };
        assert_eq!((person.as_str(), command.join(" ").as_str()), ("dora", "nohup -x -- y"));
        let Some(local::Verb::Type { text, .. }) = verb("local -- type dora ls -l") else {
            panic!("not type")
        };
        assert_eq!(text.join(" "), "ls -l");
        let Some(local::Verb::Type { text, .. }) = verb("local -- type dora") else { panic!("not type") };
        assert!(text.is_empty());
    }

    #[test]
    fn kubectl_keeps_its_own_flags_and_dashes() {
        let Command::Local(local) = parse("local -- --world other kubectl exec -it pod -- sh -c ls").command
        else {
            panic!("not `local`")
        };
        assert_eq!(local.world, "other");
        let Some(local::Verb::Kubectl { words }) = local.verb else { panic!("not kubectl") };
        assert_eq!(words.join(" "), "exec -it pod -- sh -c ls");
    }
}
