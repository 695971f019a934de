//! People and their programs inside, as the agent sees them: what they do keeps a workspace, and a warning reaches them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ended, session, with_policy};
use crate::world::{Editor, Installation, Person, Token, WORK, eventually};

/// A workspace that runs, with the person at its other end.
struct Runs {
    dcaas: Installation,
    person: Person,
    token: Token,
    editor: Editor,
}

/// The agent hears a warning within seconds, and says at once how things are: there is time for that before a stop.
fn seconds(presence: &str) -> Value {
    json!({
        "after": "30s",
        "presence": presence,
        "graceAfterStart": "0s",
        "unknownFor": "5min",
        "warnBefore": "15s",
    })
}

impl Runs {
    async fn begin(dcaas: &Installation) -> Self {
        let person = dcaas.member().await;
        let token = person.token().await;
        dcaas.start(&token, json!({})).await;
        let status = dcaas.until(&token, "running").await;
        Self { dcaas: dcaas.clone(), person, token, editor: Editor::of(&status) }
    }

    /// A sweep, and what the session says then.
    async fn swept(&self) -> Value {
        self.dcaas.sweep().await;
        session(&self.person).await
    }

    async fn until_warned(&self) {
        eventually("they are warned", || async { (!self.swept().await["warned"].is_null()).then_some(()) })
            .await;
    }

    async fn until_taken_back(&self) -> Value {
        eventually("the warning is taken back", || async {
            Some(self.swept().await).filter(|session| session["warned"].is_null())
        })
        .await
    }

    async fn until_stopped(&self) -> Value {
        eventually("it is stopped", || async {
            self.dcaas.sweep().await;
            Some(ended(&self.person).await).filter(|ended| !ended.is_null())
        })
        .await
    }

    async fn until_shown(&self, words: &str, times: usize) {
        let what = format!("{words}, {times} times in the terminal");
        eventually(&what, || async {
            (self.editor.screen().await.matches(words).count() == times).then_some(())
        })
        .await;
    }

    /// When a signal saw use last, as `status` tells; none if it never did.
    async fn seen(&self, signal: &str) -> Option<DateTime<Utc>> {
        let status = self.dcaas.status(&self.token).await;
        let all = status["activity"].as_array().cloned().unwrap_or_default();
        let one = all.into_iter().find(|one| one["signal"] == signal && one["state"] == "seen")?;
        time(&one["at"])
    }
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

const WARNING: &str = "dcaas: this workspace will be stopped in ";
const TAKEN_BACK: &str = "dcaas: the stop that was announced here does not come";

#[tokio::test]
async fn an_idle_gpu_is_stopped_with_the_warning_seen_in_a_terminal_and_typing_takes_it_back() {
    // a window that is open is no more than work here
    Installation::own(with_policy("peoplea", seconds("30s")), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.editor.open().await;
        let opened = eventually("the terminal is seen", || ada.seen("terminal")).await;
        ada.until_warned().await;
        ada.until_shown(WARNING, 1).await;
        assert!(
            ada.editor
                .screen()
                .await
                .contains("To keep it, go on working here, or ask for it: dcaas keep 3h")
        );
        // the warning itself is nobody's use
        let announced = session(&ada.person).await["look"].clone();
        assert!(time(&announced).unwrap() - opened >= TimeDelta::seconds(29), "{announced} after {opened}");
        let typed = Utc::now();
        ada.editor.type_in("echo a$((6 * 7))b").await;
        ada.until_shown("a42b", 1).await;
        // the kernel notes times to eight seconds
        let coarse = TimeDelta::seconds(8);
        let seen = eventually("the typing is seen", || async {
            ada.seen("terminal").await.filter(|at| *at > opened)
        });
        assert!(seen.await >= typed - coarse);
        let kept = ada.until_taken_back().await;
        let why = kept["why"].as_str().unwrap();
        assert!(why.contains("used last") || why.contains("window is open"), "{kept}");
        ada.until_shown(TAKEN_BACK, 1).await;
        // and then nobody types any more
        ada.until_warned().await;
        ada.until_shown(WARNING, 2).await;
        let last = ada.seen("terminal").await.unwrap();
        // what lingers of a window that was closed is nobody either
        ada.editor.close().await;
        let end = ada.until_stopped().await;
        assert_eq!((&end["by"], &end["why"]), (&json!("sweep"), &json!("no use was seen for 30 s")), "{end}");
        assert!(time(&end["at"]).unwrap() - last >= TimeDelta::seconds(30), "{end}, used last at {last}");
        assert!(last - typed < TimeDelta::seconds(30), "two warnings are no use: {last}, typed at {typed}");
    })
    .await;
}

#[tokio::test]
async fn an_open_window_that_nobody_touches_is_kept_for_its_longer_time() {
    Installation::own(with_policy("peopleb", seconds("75s")), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.editor.open().await;
        // what a server reads and writes before the agent's first look at it is not counted
        eventually("work in the editor is seen", || async {
            ada.editor.work().await;
            ada.seen("editor").await
        })
        .await;
        eventually("the window keeps it", || async {
            let session = ada.swept().await;
            session["why"].as_str()?.contains("window is open").then_some(())
        })
        .await;
        let end = ada.until_stopped().await;
        assert_eq!((&end["by"], &end["why"]), (&json!("sweep"), &json!("no use was seen for 30 s")), "{end}");
        let last = session(&ada.person).await;
        let started = time(&last["started"]).unwrap();
        assert!(time(&end["at"]).unwrap() - started >= TimeDelta::seconds(75), "{end}, started at {started}");
    })
    .await;
}

#[tokio::test]
async fn a_computation_that_nobody_is_connected_to_is_kept_and_stopped_after_its_end() {
    Installation::own(with_policy("peoplec", seconds("75s")), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        let computes = format!("while [ ! -e enough ]; do {WORK}; done");
        let command = format!("/usr/bin/nohup /bin/sh -c '{computes}' > computed 2>&1 & echo begun");
        let begun = ada.editor.exec(&["/bin/sh", "-c", &command]).await;
        assert_eq!((begun.status, begun.text.as_str()), (0, "begun\n"));
        let first = eventually("the work is seen", || ada.seen("cpu")).await;
        // more than twice its idle time, with no editor and nobody at a terminal
        eventually("it goes on working", || async {
            let session = ada.swept().await;
            assert_eq!(ended(&ada.person).await, Value::Null, "{session}");
            let at = ada.seen("cpu").await?;
            (at - first > TimeDelta::seconds(65)).then_some(())
        })
        .await;
        for silent in ["presence", "editor", "terminal"] {
            assert_eq!(ada.seen(silent).await, None, "{silent}");
        }
        assert_eq!(ada.editor.exec(&["/bin/sh", "-c", ": > enough"]).await.status, 0);
        let end = ada.until_stopped().await;
        assert_eq!(end["why"], "no use was seen for 30 s", "{end}");
    })
    .await;
}

#[tokio::test]
async fn keep_inside_takes_a_warning_back_and_why_says_both() {
    Installation::own(with_policy("peopled", seconds("30s")), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.until_warned().await;
        let why = || async { ada.editor.exec(&["dcaas", "why"]).await.text };
        eventually("why says the warning", || async {
            let said = why().await;
            (said.contains("stop       in ") && said.contains("no use was seen")).then_some(())
        })
        .await;
        let asked = ada.editor.exec(&["dcaas", "keep", "1h"]).await;
        assert!(asked.status == 0 && asked.text.starts_with("You asked to be kept until "), "{asked:?}");
        let kept = ada.until_taken_back().await;
        assert_eq!(kept["why"], "it was asked for in the workspace", "{kept}");
        eventually("why says that it holds", || async {
            let said = why().await;
            (said.contains("that holds") && !said.contains("stop       ")).then_some(())
        })
        .await;
        dcaas.stop(&ada.token).await;
    })
    .await;
}
