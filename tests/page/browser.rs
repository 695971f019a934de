//! A real browser, as a person uses it: by the names of what is to be seen, with patience and nothing else.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Semaphore, SemaphorePermit},
};

use crate::world::{Installation, Person};

/// One at a time takes a processor for itself; of those that wait most of the time there may be so many.
const ALONE: u32 = 3;
static ROOM: Semaphore = Semaphore::const_new(ALONE as usize);

/// Chromium with one page.
pub struct Browser {
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    address: String,
    // the driver, and with it the browser, goes when the test does
    _driver: Child,
    _room: SemaphorePermit<'static>,
}

impl Browser {
    /// One that has never been here. None, with a sentence, where there is no browser.
    pub async fn new(dcaas: &Installation) -> Option<Self> {
        Self::begin(dcaas, ALONE).await
    }

    /// The same for a person who waits most of the time, beside others.
    pub async fn beside(dcaas: &Installation) -> Option<Self> {
        Self::begin(dcaas, 1).await
    }

    async fn begin(dcaas: &Installation, room: u32) -> Option<Self> {
        let (Ok(program), Ok(driver)) =
            (std::env::var("DCAAS_BROWSER"), std::env::var("DCAAS_BROWSER_DRIVER"))
        else {
            eprintln!("skipped: there is no browser; `cargo xtask test` says how to install one");
            return None;
        };
        let room = ROOM.acquire_many(room).await.unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shots = root.join("target/screenshots");
        std::fs::create_dir_all(&shots).unwrap();
        let mut child = Command::new("node")
            .arg(root.join("tests/page/driver.mjs"))
            .envs([("DCAAS_BROWSER", program), ("DCAAS_BROWSER_DRIVER", driver)])
            .env("DCAAS_SHOTS", shots)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap()).lines();
        Some(Self { to, from, address: dcaas.functions.clone(), _driver: child, _room: room })
    }

    /// One in which somebody has signed in to the page.
    pub async fn of(dcaas: &Installation, person: &Person) -> Option<Self> {
        let mut browser = Self::new(dcaas).await?;
        browser.open("/").await;
        browser.sign_in(person).await;
        Some(browser)
    }

    /// From the page that asks for it, over Entra's, and back.
    pub async fn sign_in(&mut self, person: &Person) {
        self.click("link", "Sign in").await;
        let login = format!("{}@world.example", person.name);
        self.does(json!({ "do": "fill", "label": "Account", "value": login })).await;
        self.click("button", "Next").await;
        self.see("heading", "Your workspace").await;
    }

    pub async fn does(&mut self, wish: Value) -> Value {
        match self.tries(&wish).await {
            Ok(answer) => answer,
            Err(why) => panic!("{wish}: {why}"),
        }
    }

    async fn tries(&mut self, wish: &Value) -> Result<Value, String> {
        self.to.write_all(format!("{wish}\n").as_bytes()).await.map_err(|e| e.to_string())?;
        let line = self.from.next_line().await.map_err(|e| e.to_string())?.ok_or("the driver has ended")?;
        let told: Value = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
        match told["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(told["ok"].clone()),
        }
    }

    /// Opens a page of the app; gives its status.
    pub async fn open(&mut self, path: &str) -> u64 {
        let url = format!("{}{path}", self.address);
        self.does(json!({ "do": "open", "url": url })).await.as_u64().unwrap()
    }

    /// Waits until something with this role and name is to be seen.
    pub async fn see(&mut self, role: &str, name: &str) {
        self.does(json!({ "do": "see", "role": role, "name": name })).await;
    }

    pub async fn gone(&mut self, role: &str, name: &str) {
        self.does(json!({ "do": "gone", "role": role, "name": name })).await;
    }

    pub async fn click(&mut self, role: &str, name: &str) {
        self.does(json!({ "do": "click", "role": role, "name": name })).await;
    }

    /// Waits until a part of the page says something.
    pub async fn says(&mut self, css: &str, text: &str) {
        self.does(json!({ "do": "see", "css": css, "text": text })).await;
    }

    pub async fn text(&mut self, css: &str) -> String {
        self.does(json!({ "do": "text", "css": css })).await.as_str().unwrap().to_owned()
    }

    pub async fn attribute(&mut self, css: &str, name: &str) -> String {
        let wish = json!({ "do": "attribute", "css": css, "attribute": name });
        self.does(wish).await.as_str().unwrap().to_owned()
    }

    pub async fn count(&mut self, css: &str) -> u64 {
        self.does(json!({ "do": "count", "css": css })).await.as_u64().unwrap()
    }

    /// Goes with the Tab key until the focus is on what is called so, as one does who has no mouse.
    pub async fn tab_to(&mut self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..40 {
            self.press("Tab").await;
            let focused = self.focused().await;
            if focused == name {
                return;
            }
            passed.push(focused);
        }
        panic!("the Tab key does not lead to {name:?}, but over {passed:?}");
    }

    pub async fn press(&mut self, key: &str) {
        self.does(json!({ "do": "press", "key": key })).await;
    }

    pub async fn focused(&mut self) -> String {
        self.does(json!({ "do": "focused" })).await.as_str().unwrap().to_owned()
    }

    /// How often the page asked for a path, once it did so at least so often.
    pub async fn asked(&mut self, path: &str, least: u64) -> u64 {
        self.does(json!({ "do": "asked", "path": path, "least": least })).await.as_u64().unwrap()
    }

    /// Keeps what this state looks like, in light, in dark and on a phone; whoever can not see it can use it too.
    pub async fn state(&mut self, name: &str) {
        let found = self.does(json!({ "do": "state", "name": name })).await;
        assert_eq!(found, json!([]), "{name}: {found:#}");
    }

    /// The script made no error, and asked for nothing that its policy forbids.
    pub async fn nothing_wrong(&mut self) {
        let wrong = self.does(json!({ "do": "wrong" })).await;
        assert_eq!(wrong, json!([]), "{wrong:#}");
    }
}
