//! Exit codes and help: each code is met, and what is printed says what to do next.

use serde_json::json;

use super::Shell;
use crate::world::{Installation, Token, break_machines, with_profiles};

#[tokio::test]
async fn each_exit_code_means_what_the_help_says() {
    let wish = with_profiles(&["clie"]);
    Installation::own(wish, |dcaas| async move {
        break_machines("clie", "max-reached").await;
        let ada = dcaas.member().await;
        let new = |name: &str| Shell::new(&format!("codes-{name}"), &dcaas);
        let (nobody, member) = (new("nobody"), new("member").with_token(&ada.token().await));
        let stranger = new("stranger").with_token(&Token("nonsense".into()));
        let nowhere = new("nowhere").with_token(&Token("any".into())).with("DCAAS_URL", "http://127.0.0.1:1");
        let rows: [(&Shell, &str, i32, &str); 12] = [
            (&member, "start --nonsense", 2, "unexpected argument"),
            (&member, "usage --all --member x", 2, "cannot be used with"),
            (&nobody, "status", 3, "dcaas login"),
            (&stranger, "status", 3, "does not count here"),
            (&member, "workspaces", 4, "only an admin"),
            (&member, "start --profile none", 4, "Choose one of: clie"),
            (&member, "usage --month november", 4, "2026-11"),
            (&member, "status --url http://example.com", 4, "https://"),
            (&member, "open", 5, "dcaas start --wait --open"),
            (&member, "logs", 5, "Start it"),
            (&nowhere, "status", 6, "try again"),
            (&member, "start --wait --timeout 1s", 7, "dcaas status"),
        ];
        for (shell, line, code, says) in rows {
            let ended = shell.run(line).await;
            assert_eq!(ended.code, code, "{line}: {ended:?}");
            assert!(ended.err.contains(says) && ended.out.is_empty(), "{line}: {ended:?}");
        }
        let refused = member.run("start --image elsewhere.example/other").await;
        assert_eq!(refused.code, 4, "{refused:?}");
        dcaas.fault(json!({ "party": "kubernetes", "times": null, "fault": { "status": 403 } })).await;
        assert_eq!(member.run("stop").await.code, 6);
        dcaas.clear_faults().await;
        assert_eq!(member.run("stop").await.code, 0);
    })
    .await;
}

#[tokio::test]
async fn help_shows_examples_and_shells_complete_the_commands() {
    let dcaas = Installation::first().await;
    let shell = Shell::new("help", &dcaas);
    let help = shell.run("--help").await;
    assert!(
        help.code == 0 && help.out.contains("Exit codes:") && help.out.contains("dcaas start --wait --open"),
        "{help:?}"
    );
    let verbs =
        ["login", "start", "stop", "status", "logs", "keep", "open", "workspaces", "usage", "completions"];
    for verb in verbs {
        let help = shell.run(&format!("{verb} --help")).await;
        assert!(help.code == 0 && help.out.contains("Example"), "{verb}: {help:?}");
    }
    for known in ["bash", "zsh", "fish"] {
        let script = shell.run(&format!("completions {known}")).await;
        assert!(
            script.code == 0 && verbs.iter().all(|verb| script.out.contains(verb)),
            "{known}: {}",
            script.err
        );
    }
}
