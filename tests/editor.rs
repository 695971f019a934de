//! A real VS Code server and a real browser: what the agent sees of people who work there, and of those who do not.
//!
//! These tests need a world whose editors are real (`cargo xtask test --editor`) and are skipped elsewhere.

mod indexing;
mod laptop;
mod window;

use chrono::{DateTime, TimeDelta, Utc};
use dcaas::{domain::activity::Evidence, pod::Line};
use serde_json::json;

use crate::{
    page::Browser,
    world::{Inside, Installation, Token, control, eventually, facts},
};

/// What says that somebody uses a workspace, or something works there. The network may be the whole computer's.
const USE: [&str; 4] = ["cpu", "disk", "editor", "terminal"];
/// Longer than the half minute over which signals are averaged.
const LONG_ENOUGH: TimeDelta = TimeDelta::seconds(40);

/// A workspace that runs, with a browser of its person's.
struct Runs {
    dcaas: Installation,
    token: Token,
    address: String,
    inside: Inside,
    browser: Browser,
}

impl Runs {
    /// None, with a sentence, where there is no real editor or no browser.
    async fn begin() -> Option<Self> {
        if facts()["relay"].is_null() {
            eprintln!("skipped: editors are played here; `cargo xtask test --editor` has real ones");
            return None;
        }
        let dcaas = Installation::first().await;
        let browser = Browser::beside(&dcaas).await?;
        let token = dcaas.member().await.token().await;
        let (status, inside) = Inside::started(&dcaas, &token).await;
        let address = status["address"].as_str().unwrap().to_owned();
        Some(Self { dcaas, token, address, inside, browser })
    }

    /// Opens the address that the status says, as somebody who trusts what lies in their home.
    async fn open(&mut self) {
        assert_eq!(self.browser.does(json!({ "do": "open", "url": self.address })).await, 200);
        self.browser.click("button", "Yes, I trust the authors").await;
        self.sees("presence", self.line().at).await;
    }

    /// Opens a file of the home in the window, as one does who sees it in the list.
    async fn open_file(&mut self, name: &str) {
        let listed = ".explorer-folders-view .monaco-list-row";
        self.browser.does(json!({ "do": "click", "css": listed, "text": name })).await;
        self.browser
            .does(json!({ "do": "click", "css": ".editor-instance .monaco-editor .view-lines" }))
            .await;
    }

    async fn types(&mut self, text: &str) {
        self.browser.does(json!({ "do": "type", "text": text })).await;
    }

    /// Something that becomes of the person's connections between browser and tunnel.
    async fn connections(&self, does: &str) {
        let tunnel = self.address.rsplit('/').next().unwrap();
        control("POST", &format!("/tunnels/{tunnel}/{does}"), json!(null)).await;
    }

    /// The agent's word of now.
    fn line(&self) -> Line {
        let file = self.inside.data.with_file_name("line");
        Line::parse(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    fn seen(line: &Line, signal: &str) -> Option<DateTime<Utc>> {
        match line.activity.signals.get(signal) {
            Some(Evidence::Seen { at, .. }) => Some(*at),
            Some(Evidence::Unknown { why }) => panic!("{signal} is not known: {why}"),
            _ => None,
        }
    }

    /// Waits until a signal saw use after that time.
    async fn sees(&self, signal: &str, after: DateTime<Utc>) {
        let what = format!("{signal} sees use after {after}");
        eventually(&what, || async { Self::seen(&self.line(), signal).filter(|at| *at > after).map(drop) })
            .await;
    }

    /// Waits until nobody is there.
    async fn alone(&self) {
        let nobody = |line: &Line| matches!(&line.activity.signals["presence"], Evidence::Seen { value, .. } if value == "no editor");
        eventually("nobody is there", || async { nobody(&self.line()).then_some(()) }).await;
    }

    /// Waits until these signals have seen no use for long enough, counted from that time on or from their last use after
    /// it; gives which.
    async fn rest(&self, signals: &[&str], since: DateTime<Utc>) -> DateTime<Utc> {
        eventually(&format!("nothing of {signals:?}"), || async {
            let line = self.line();
            let seen = signals.iter().filter_map(|signal| Self::seen(&line, signal));
            let last = seen.chain([since]).max().unwrap();
            (line.at - last > LONG_ENOUGH).then_some(last)
        })
        .await
    }

    /// Whether such a process lives in the workspace.
    fn runs(&self, words: &str) -> bool {
        self.inside.processes().iter().any(|command| command.contains(words))
    }

    async fn end(self) {
        self.dcaas.stop(&self.token).await;
        self.dcaas.until(&self.token, "stopped").await;
    }
}
