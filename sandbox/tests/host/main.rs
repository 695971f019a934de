//! The Functions host with a real child: what a client sees, what the executable sees, and what a crash does.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod crash;
mod easy_auth;
mod executable;
mod pass;
mod stored;

use std::{collections::BTreeMap, fs, time::Duration};

use sandbox::{
    host::{EasyAuth, Host, HostSettings, Limits},
    strict::Oddities,
};
use tempfile::TempDir;

/// How long anything may take. Not a measurement: tests assert no speed.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A host under test, with everything it leaves in a folder of its own.
pub struct Bench {
    pub host: Host,
    pub oddities: Oddities,
    pub client: reqwest::Client,
    pub folder: TempDir,
}

/// What differs from test to test.
#[derive(Default)]
pub struct Wish {
    pub settings: &'static [(&'static str, &'static str)],
    pub storage: Option<String>,
    pub client: Option<reqwest::Client>,
    pub easy_auth: Option<EasyAuth>,
    pub front_end: Option<Duration>,
    pub timeout: Option<&'static str>,
}

const FUNCTIONS: &[(&str, &str)] = &[
    (
        "all",
        r#"{"type":"httpTrigger","direction":"in","name":"req","route":"api/{what}","authLevel":"anonymous"}"#,
    ),
    (
        "a-get",
        r#"{"type":"httpTrigger","direction":"in","name":"req","route":"only/get","methods":["get"],"authLevel":"anonymous"}"#,
    ),
    ("keyed", r#"{"type":"httpTrigger","direction":"in","name":"req","route":"keyed"}"#),
    (
        "tick",
        r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 0 0 1 1 *","useMonitor":false}"#,
    ),
    (
        "silent",
        r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 0 0 1 1 *","useMonitor":false}"#,
    ),
    (
        "slow",
        r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 0 0 1 1 *","useMonitor":false}"#,
    ),
];

/// Functions that need storage.
const STORED: &[(&str, &str)] = &[
    ("work", r#"{"type":"queueTrigger","direction":"in","name":"message","queueName":"%QUEUE%"}"#),
    ("yearly", r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 0 0 1 1 *"}"#),
];

impl Bench {
    pub async fn start(wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        let stored: &[(&str, &str)] = if wish.storage.is_some() { STORED } else { &[] };
        for (name, binding) in FUNCTIONS.iter().chain(stored) {
            let answer = match binding.contains("httpTrigger") {
                true => r#",{"type":"http","direction":"out","name":"$return"}"#,
                false => "",
            };
            fs::create_dir_all(app.join(name)).unwrap();
            fs::write(app.join(name).join("function.json"), format!(r#"{{"bindings":[{binding}{answer}]}}"#))
                .unwrap();
        }
        let host = serde_json::json!({"version": "2.0", 
            "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
            "extensions": {"http": {"routePrefix": ""}, "queues": {"batchSize": 4, "maxPollingInterval": "00:00:00.200",
                "visibilityTimeout": "00:00:01", "maxDequeueCount": 3, "messageEncoding": "none"}},
            "functionTimeout": wish.timeout.unwrap_or("00:10:00"),
            "customHandler": {"enableProxyingHttpRequest": true, "description": {"defaultExecutablePath": "not used",
                "arguments": ["executable::the_executable", "--exact", "--ignored", "--nocapture"]}}});
        fs::write(app.join("host.json"), host.to_string()).unwrap();
        let mut settings: BTreeMap<String, String> =
            wish.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        settings.insert("ONCE".into(), folder.path().join("once").display().to_string());
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        settings.extend(wish.storage.map(|connection| ("AzureWebJobsStorage".to_owned(), connection)));
        let (client, oddities) = (wish.client.unwrap_or_default(), Oddities::new());
        let limits =
            Limits { front_end: wish.front_end.unwrap_or(Duration::from_secs(230)), ..Limits::default() };
        let wanted = HostSettings {
            port: 0,
            app,
            executable: Some(std::env::current_exe().unwrap()),
            settings,
            easy_auth: wish.easy_auth,
            log: folder.path().join("host.log"),
            oddities: oddities.clone(),
            client: client.clone(),
        };
        let host = Host::start_with(wanted, limits).await.unwrap();
        Self { host, oddities, client, folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.host.url(), path.trim_start_matches('/'))
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &'static str) -> reqwest::Response {
        self.client.post(self.url(path)).body(body).send().await.unwrap()
    }

    /// Waits until the log says something.
    pub async fn says(&self, text: &str) {
        let wait = async {
            while !self.host.log_tail(1000).contains(text) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("the log never said {text:?}:\n{}", self.host.log_tail(100));
        }
    }

    /// Stops the host; nothing odd must have been seen but what is named.
    pub async fn stop(self, odd: &[&str]) {
        self.host.stop().await;
        let list = self.oddities.list();
        assert_eq!(list.len(), odd.len(), "{list:?}");
        for (seen, wanted) in list.iter().zip(odd) {
            assert!(seen.contains(wanted), "{seen}");
        }
    }
}
