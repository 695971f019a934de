//! A world that is up: where it is, and the plain HTTP that the verbs, the tour and the tests speak with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A running world, as its file in `target/local` describes it.
pub struct Running {
    /// The world's name.
    pub name: String,
    /// Where its functions answer.
    pub functions: String,
    /// The world's own verbs and faults.
    pub control: String,
    /// Its admin's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The process.
    pub pid: u32,
    /// What its machines are.
    pub node: String,
    /// Workspaces have a real VS Code server.
    pub editor: bool,
    people: Value,
    http: ureq::Agent,
}

/// An answer: its status and its text.
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// For people: the status and the sentences of a problem, or the beginning of the text.
    pub fn says(&self) -> String {
        let body = self.json();
        let sentences: Vec<&str> = ["detail", "title", "error", "message", "says", "next"]
            .iter()
            .filter_map(|name| body[name].as_str())
            .collect();
        let words = if sentences.is_empty() {
            self.text.chars().take(300).collect::<String>()
        } else {
            sentences.join(" ")
        };
        format!("{} {words}", self.status)
    }

    /// This answer, if it is a 2xx.
    pub fn good(self, what: &str) -> Result<Answer> {
        if !(200..300).contains(&self.status) {
            bail!("{what}: {}", self.says());
        }
        Ok(self)
    }
}

/// The file of the world `name`.
pub fn file_of(state: &Path, name: &str) -> PathBuf {
    state.join(format!("{name}.json"))
}

impl Running {
    /// The world of that name, if it is up.
    pub fn find(state: &Path, name: &str) -> Result<Option<Running>> {
        let file = file_of(state, name);
        let Ok(text) = std::fs::read_to_string(&file) else {
            return Ok(None);
        };
        let Ok(facts) = serde_json::from_str::<Value>(&text) else {
            return Ok(None);
        };
        let running =
            Running::from_facts(&facts).with_context(|| format!("{} is incomplete", file.display()))?;
        // A world that was killed could not take its file away.
        Ok(Path::new("/proc").join(running.pid.to_string()).exists().then_some(running))
    }

    /// The world of that name, or what to do to have one.
    pub fn must_find(state: &Path, name: &str) -> Result<Running> {
        Running::find(state, name)?.with_context(|| {
            let flag = if name == "world" { String::new() } else { format!(" -- --name {name}") };
            format!("no world named `{name}` is up; start it in another terminal: cargo local{flag}")
        })
    }

    fn from_facts(facts: &Value) -> Result<Running> {
        let text = |name: &str| {
            let value = facts[name].as_str().with_context(|| format!("`{name}` is missing"))?;
            Ok::<_, anyhow::Error>(value.trim_end_matches('/').to_owned())
        };
        let http = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .build();
        Ok(Running {
            name: text("name")?,
            node: text("node")?,
            editor: facts["relay"].is_string(),
            functions: text("functions")?,
            control: text("control")?,
            kubeconfig: text("kubeconfig")?.into(),
            pid: facts["pid"].as_u64().and_then(|pid| pid.try_into().ok()).context("`pid` is missing")?,
            people: facts["people"].clone(),
            http: http.into(),
        })
    }

    /// The people it started with.
    pub fn people(&self) -> &[Value] {
        self.people.as_array().map_or(&[], Vec::as_slice)
    }

    /// The object id of a person, by name; a person that is not in the file may have come later.
    pub fn oid(&self, person: &str) -> Result<String> {
        let now = self.get(&self.control).map(|answer| answer.json()["people"].clone()).unwrap_or_default();
        let everybody: Vec<Value> =
            [&self.people, &now].into_iter().filter_map(Value::as_array).flatten().cloned().collect();
        let found = everybody.iter().find(|one| one["name"] == person).and_then(|one| one["oid"].as_str());
        let names: Vec<&str> = self.people().iter().filter_map(|one| one["name"].as_str()).collect();
        Ok(found
            .with_context(|| format!("nobody here is called `{person}`; there are {}", names.join(", ")))?
            .to_owned())
    }

    /// A bearer token for that person.
    pub fn token(&self, person: &str) -> Result<String> {
        self.oid(person)?;
        let answer =
            self.post(&format!("{}/tokens", self.control), &json!({ "person": person }))?.good("a token")?;
        Ok(answer.json()["token"].as_str().context("the world's answer holds no token")?.to_owned())
    }

    /// Adds a person to the group, or removes them; dcaas hears of it from Graph alone.
    pub fn set_member(&self, person: &str, member: bool) -> Result<()> {
        let url = format!("{}/people/{person}", self.control);
        read(self.http.patch(&url).send_json(json!({ "member": member })), &url)?
            .good("the group")
            .map(|_| ())
    }

    pub fn get(&self, url: &str) -> Result<Answer> {
        read(self.http.get(url).call(), url)
    }

    pub fn post(&self, url: &str, body: &Value) -> Result<Answer> {
        read(self.http.post(url).send_json(body), url)
    }

    /// GET of a function, as the person with that token.
    pub fn ask(&self, token: &str, path: &str) -> Result<Answer> {
        let url = format!("{}{path}", self.functions);
        read(self.http.get(&url).header("authorization", format!("Bearer {token}")).call(), &url)
    }

    /// POST to a function, as the person with that token.
    pub fn call(&self, token: &str, path: &str, body: &Value) -> Result<Answer> {
        let url = format!("{}{path}", self.functions);
        read(self.http.post(&url).header("authorization", format!("Bearer {token}")).send_json(body), &url)
    }

    /// A stream of lines from a function, as the person with that token.
    pub fn follow(&self, token: &str, path: &str) -> Result<ureq::BodyReader<'static>> {
        let url = format!("{}{path}", self.functions);
        let answer = self.http.get(&url).header("authorization", format!("Bearer {token}")).call()?;
        if !answer.status().is_success() {
            bail!("{}", read(Ok(answer), &url)?.says());
        }
        Ok(answer.into_body().into_reader())
    }

    /// GET of the API server, as an admin.
    pub fn kubernetes(&self, path: &str) -> Result<Answer> {
        self.get(&format!("{}/kubernetes{path}", self.control))
    }

    /// What the sandbox was asked for and did not understand.
    pub fn leftovers(&self) -> Result<Vec<String>> {
        let answer = self.get(&format!("{}/leftovers", self.control))?.good("leftovers")?;
        let sentences = answer.json().as_array().context("leftovers: no list")?.clone();
        Ok(sentences.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect())
    }

    /// The host's last lines.
    pub fn host_log(&self, lines: usize) -> String {
        let url = format!("{}/installations/dcaas/log?tail={lines}", self.control);
        self.get(&url).map_or_else(|error| format!("(no log: {error})"), |answer| answer.text)
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, url: &str) -> Result<Answer> {
    let mut answer = answer.with_context(|| format!("no answer from {url}"))?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().with_context(|| format!("{url} broke off"))?;
    Ok(Answer { status, text })
}
