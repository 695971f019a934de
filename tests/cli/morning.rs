//! The whole morning, on a terminal; and a day through pipes.

use std::fs;

use serde_json::json;

use super::{Shell, enter, json_of, quick};
use crate::world::{Inside, Installation, Person, control, eventually, with_profiles};

#[tokio::test]
async fn one_command_on_a_terminal_shows_a_code_waits_and_opens_the_browser() {
    Installation::own(with_profiles(&["clic"]), |dcaas| async move {
        quick(&dcaas).await;
        // so slow that every look at it meets a step
        let slow = json!({ "pool": "clic", "kind": "slow", "delay_ms": 8000 });
        control("POST", "/machines/faults", slow).await;
        let ada = dcaas.person().await;
        dcaas.enqueue(&ada).await;
        ada.there().await;
        let shell = Shell::new("morning", &dcaas).with_token(&ada.token().await);
        let opened = shell.home.join("opened");
        shell.program("xdg-open", &format!("echo \"$1\" > {}", opened.display()));
        let start = shell.begin_on_terminal("start --wait --open");
        enter("a code", &ada.name, || start.said()).await;
        let ended = start.end().await;
        assert_eq!(ended.code, 0, "{ended:?}");
        // steps with their time and what is usual; a spinner, and colours
        for part in ["\u{1b}[", "✓", "(usually ", "running", "address", "https://vscode.dev/tunnel/dc-"] {
            assert!(ended.out.contains(part), "{part}: {ended:?}");
        }
        let address = eventually("a browser", || async {
            fs::read_to_string(&opened).ok().filter(|text| text.ends_with('\n'))
        });
        assert!(address.await.starts_with("https://vscode.dev/tunnel/dc-"));

        let stop = shell.begin_on_terminal("stop --wait").end().await;
        assert_eq!(stop.code, 0, "{stop:?}");
        assert!(stop.out.contains("stopped"), "{stop:?}");
    })
    .await;
}

#[tokio::test]
async fn a_day_through_pipes() {
    Installation::own(with_profiles(&["clid"]), |dcaas| async move {
        let ada = dcaas.member().await;
        let shell = Shell::new("day", &dcaas).with_token(&ada.token().await);
        let start = shell.run("start --wait --output json").await;
        assert_eq!((start.code, &json_of(&start)["phase"]), (0, &json!("running")), "{start:?}");
        assert!(
            !start.err.is_empty() && !format!("{start:?}").contains("\\u{1b}"),
            "no colours in a pipe: {start:?}"
        );

        let status = shell.run("status").await;
        assert_eq!(status.code, 0, "{status:?}");
        assert!(
            status.out.contains("address   https://vscode.dev/tunnel/dc-") && status.out.contains("\nends "),
            "{status:?}"
        );
        let keep = shell.run("keep 2h --output json").await;
        assert!(keep.code == 0 && json_of(&keep)["life"]["keep"].is_string(), "{keep:?}");
        let why = shell.run("why").await;
        assert!(why.code == 0 && why.out.contains("cpu"), "{why:?}");
        let opened = shell.home.join("opened");
        shell.program("xdg-open", &format!("echo \"$1\" > {}", opened.display()));
        assert_eq!(shell.run("open --desktop").await.code, 0);
        let address = eventually("an editor", || async {
            fs::read_to_string(&opened).ok().filter(|text| text.ends_with('\n'))
        });
        assert!(address.await.starts_with("vscode://vscode-remote/tunnel+dc-"));

        // a log goes on when its stream breaks, and ends when the workspace does
        let inside = Inside::of(&json_of(&start)).await;
        let logs = shell.begin("logs --follow --tail 5");
        inside.print("before the break");
        logs.says("before the break").await;
        dcaas.kill().await;
        logs.says("the log broke off and goes on").await;
        eventually("a line after the break", || async {
            inside.print("after the break");
            logs.said().contains("after the break").then_some(())
        })
        .await;
        let tail = shell.run("logs --tail 1").await;
        assert_eq!((tail.code, tail.out.as_str()), (0, "after the break\n"), "{tail:?}");

        let usage = shell.run("usage").await;
        assert!(
            usage.code == 0 && usage.out.contains("clid") && usage.out.contains("a session runs"),
            "{usage:?}"
        );
        let csv = shell.run("usage --csv").await;
        assert!(csv.out.starts_with("month,member,profile,"), "{csv:?}");
        let stop = shell.run("stop --wait").await;
        assert!(stop.code == 0 && stop.out.starts_with("stopped"), "{stop:?}");
        let ended = logs.end().await;
        assert!(ended.code == 0 && ended.err.contains("nothing runs any more"), "{ended:?}");
        assert!(!ended.out.contains("\"dcaas\""), "the API's own lines are not the workspace's: {ended:?}");

        let admin = Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await;
        let admin = Shell::new("day-admin", &dcaas).with_token(&admin.token().await);
        let all = admin.run("workspaces").await;
        assert!(all.code == 0 && all.out.starts_with("NAME") && all.out.contains(&ada.oid), "{all:?}");
        let usage = admin.run("usage --all").await;
        assert!(usage.code == 0 && usage.out.contains(&ada.oid), "{usage:?}");
        let other = admin.run(&format!("status --member {}", ada.oid)).await;
        assert!(other.code == 0 && other.out.starts_with("stopped"), "{other:?}");
    })
    .await;
}
