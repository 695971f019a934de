//! Device flows of one provider (RFC 8628): codes, who decided on them, and how often they were asked about.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How fast a provider's flows go, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// The least time between two polls.
    pub interval: u64,
    /// How long a code is good for.
    pub expires_in: u64,
}

impl Pace {
    /// As both providers have it.
    pub const USUAL: Self = Self { interval: 5, expires_in: 900 };
    /// For those who wait for it.
    pub const FAST: Self = Self { interval: 1, expires_in: 900 };
}

/// What is added to the interval by each poll that came too early.
const SLOWER: Duration = Duration::from_secs(5);

/// The flows of a provider, `A` being its accounts.
pub struct Flows<A> {
    provider: &'static str,
    /// Whether polls that come too early are answered with `slow_down`, or only counted.
    slows_down: bool,
    inner: Mutex<Inner<A>>,
}

struct Inner<A> {
    flows: Vec<Flow<A>>,
    usual: Pace,
    /// By the address that the flow was begun at: an installation's own, behind its gate.
    paces: BTreeMap<String, Pace>,
}

/// A flow, with what only the provider knows of it.
struct Flow<A> {
    device_code: String,
    user_code: String,
    client: String,
    scope: String,
    called: String,
    interval: Duration,
    ends: Instant,
    last_poll: Option<Instant>,
    polls: u32,
    hurried: u32,
    decision: Decision<A>,
}

enum Decision<A> {
    Waiting,
    Approved(A),
    Declined,
    /// The token was handed out.
    Spent,
}

/// A flow that has begun.
pub struct Begun {
    pub device_code: String,
    pub user_code: String,
    pub pace: Pace,
}

/// What a poll finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Polled<A> {
    Unknown,
    /// It came too early; from now on this is the interval, in seconds.
    TooEarly {
        interval: u64,
    },
    Expired,
    Waiting,
    Declined,
    /// Once: the code is spent with it.
    Approved {
        account: A,
        scope: String,
    },
}

/// Why a person could not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecidable {
    /// There is no such code here.
    Unknown,
    /// It has expired, or somebody decided already.
    Over(&'static str),
}

impl<A: Clone> Flows<A> {
    /// No flows yet.
    pub fn new(provider: &'static str, slows_down: bool, usual: Pace) -> Self {
        let inner = Inner { flows: Vec::new(), usual, paces: BTreeMap::new() };
        Self { provider, slows_down, inner: Mutex::new(inner) }
    }

    /// Sets the pace of flows that begin from now on at that address, or at every address that has none of its own.
    pub fn pace(&self, called: Option<String>, pace: Pace) {
        let mut inner = self.inner();
        match called {
            Some(called) => _ = inner.paces.insert(called, pace),
            None => inner.usual = pace,
        }
    }

    /// Begins a flow of a client that called this address.
    pub fn begin(
        &self,
        client: &str,
        scope: &str,
        called: &str,
        device_code: String,
        user_code: String,
    ) -> Begun {
        let mut inner = self.inner();
        let pace = inner.paces.get(called).copied().unwrap_or(inner.usual);
        inner.flows.push(Flow {
            device_code: device_code.clone(),
            user_code: user_code.clone(),
            client: client.to_owned(),
            scope: scope.to_owned(),
            called: called.to_owned(),
            interval: Duration::from_secs(pace.interval),
            ends: Instant::now() + Duration::from_secs(pace.expires_in),
            last_poll: None,
            polls: 0,
            hurried: 0,
            decision: Decision::Waiting,
        });
        Begun { device_code, user_code, pace }
    }

    /// One poll by a client.
    pub fn poll(&self, device_code: &str, client: &str) -> Polled<A> {
        let now = Instant::now();
        let mut inner = self.inner();
        let mine = |flow: &&mut Flow<A>| flow.device_code == device_code && flow.client == client;
        let Some(flow) = inner.flows.iter_mut().find(mine) else { return Polled::Unknown };
        flow.polls += 1;
        let last = flow.last_poll.replace(now);
        if last.is_some_and(|last| now - last < flow.interval) {
            flow.hurried += 1;
            if self.slows_down {
                flow.interval += SLOWER;
                return Polled::TooEarly { interval: flow.interval.as_secs() };
            }
        }
        if now >= flow.ends && !matches!(flow.decision, Decision::Spent | Decision::Declined) {
            return Polled::Expired;
        }
        match &flow.decision {
            Decision::Waiting => Polled::Waiting,
            Decision::Declined => Polled::Declined,
            Decision::Spent => Polled::Unknown,
            Decision::Approved(account) => {
                let found = Polled::Approved { account: account.clone(), scope: flow.scope.clone() };
                flow.decision = Decision::Spent;
                found
            }
        }
    }

    /// What a person does on the provider's page: approve with an account, or decline with none.
    ///
    /// # Errors
    /// When the page would not let them.
    pub fn decide(&self, user_code: &str, account: Option<A>) -> Result<Value, Undecidable> {
        self.change(user_code, |flow| {
            flow.decision = account.map_or(Decision::Declined, Decision::Approved);
        })
    }

    /// Lets the time of a code run out.
    ///
    /// # Errors
    /// When it has, or somebody decided already.
    pub fn expire(&self, user_code: &str) -> Result<Value, Undecidable> {
        self.change(user_code, |flow| flow.ends = Instant::now())
    }

    /// All flows, oldest first, without what is secret.
    pub fn list(&self) -> Vec<Value> {
        self.inner().flows.iter().map(|flow| flow.told(self.provider)).collect()
    }

    fn change(&self, user_code: &str, change: impl FnOnce(&mut Flow<A>)) -> Result<Value, Undecidable> {
        let mut inner = self.inner();
        let same = |flow: &&mut Flow<A>| plain(&flow.user_code) == plain(user_code);
        let flow = inner.flows.iter_mut().rev().find(same).ok_or(Undecidable::Unknown)?;
        match flow.state() {
            "waiting" => change(flow),
            over => return Err(Undecidable::Over(over)),
        }
        Ok(flow.told(self.provider))
    }

    fn inner(&self) -> MutexGuard<'_, Inner<A>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Flow<A> {
    fn state(&self) -> &'static str {
        match self.decision {
            Decision::Spent => "done",
            Decision::Declined => "declined",
            _ if Instant::now() >= self.ends => "expired",
            Decision::Waiting => "waiting",
            Decision::Approved(_) => "approved",
        }
    }

    fn told(&self, provider: &str) -> Value {
        let left = self.ends.saturating_duration_since(Instant::now());
        json!({
            "provider": provider, "code": self.user_code, "client_id": self.client, "scope": self.scope,
            "called": self.called, "state": self.state(), "good_for": left.as_secs(),
            "interval": self.interval.as_secs(), "polls": self.polls, "hurried": self.hurried,
        })
    }
}

/// People type codes as they like: GitHub's and Entra's pages take small letters, and GitHub's no hyphen.
fn plain(user_code: &str) -> String {
    user_code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase()
}

/// A code for people: letters of an alphabet in which no word can be written (RFC 8628, 6.1).
pub fn user_code(letters: usize) -> String {
    const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let bytes = Uuid::new_v4().into_bytes();
    // the bytes of a version 4 id that are all random
    let random = bytes.iter().enumerate().filter(|(at, _)| ![6, 8].contains(at)).map(|(_, byte)| byte);
    random.take(letters).map(|byte| char::from(ALPHABET[usize::from(byte % 20)])).collect()
}

/// A secret of that many letters and digits.
pub fn secret(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&Uuid::new_v4().simple().to_string());
    }
    text.truncate(length);
    text
}

/// The fields of a form.
pub fn form(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let url = reqwest::Url::parse(&format!("http://any/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(slows_down: bool, pace: Pace) -> Flows<&'static str> {
        Flows::new("any", slows_down, pace)
    }

    fn begin(flows: &Flows<&'static str>, code: &str) -> Begun {
        flows.begin("client", "scope", "https://here", format!("secret-{code}"), code.to_owned())
    }

    /// RFC 8628, 3.5.
    #[test]
    fn a_code_is_approved_once_and_only_for_its_client() {
        let flows = flows(false, Pace { interval: 0, expires_in: 900 });
        let code = begin(&flows, "WDJB-MJHT").device_code;
        assert_eq!(flows.poll(&code, "client"), Polled::Waiting);
        assert_eq!(flows.poll(&code, "another"), Polled::Unknown);
        assert_eq!(flows.poll("nonsense", "client"), Polled::Unknown);
        let told = flows.decide("wdjbmjht", Some("ada")).unwrap();
        assert_eq!((&told["state"], &told["polls"]), (&json!("approved"), &json!(1)));
        assert_eq!(flows.decide("WDJB-MJHT", None), Err(Undecidable::Over("approved")));
        let approved = Polled::Approved { account: "ada", scope: "scope".into() };
        assert_eq!(flows.poll(&code, "client"), approved);
        assert_eq!(flows.poll(&code, "client"), Polled::Unknown);
        assert!(!flows.list()[0].to_string().contains("secret-"), "{}", flows.list()[0]);
        assert_eq!(flows.decide("QQQQ-QQQQ", None), Err(Undecidable::Unknown));
    }

    #[test]
    fn a_code_is_declined_or_runs_out() {
        let flows = flows(false, Pace { interval: 0, expires_in: 900 });
        let [declined, late] = ["DDDD-DDDD", "LLLL-LLLL"].map(|code| begin(&flows, code).device_code);
        flows.decide("DDDD-DDDD", None).unwrap();
        assert_eq!(flows.poll(&declined, "client"), Polled::Declined);
        flows.expire("LLLL-LLLL").unwrap();
        assert_eq!(flows.poll(&late, "client"), Polled::Expired);
        assert_eq!(flows.decide("LLLL-LLLL", Some("ada")), Err(Undecidable::Over("expired")));
    }

    #[test]
    fn polls_that_come_too_early_make_it_slower_or_are_counted() {
        let slower = flows(true, Pace::USUAL);
        let code = begin(&slower, "WDJB-MJHT").device_code;
        assert_eq!(slower.poll(&code, "client"), Polled::Waiting);
        slower.decide("WDJB-MJHT", Some("ada")).unwrap();
        // also where the person has approved meanwhile
        assert_eq!(slower.poll(&code, "client"), Polled::TooEarly { interval: 10 });
        assert_eq!(slower.poll(&code, "client"), Polled::TooEarly { interval: 15 });
        assert_eq!(slower.list()[0]["hurried"], 2);
        let counted = flows(false, Pace::USUAL);
        let code = begin(&counted, "WDJB-MJHT").device_code;
        assert_eq!([0, 1].map(|_| counted.poll(&code, "client")), [Polled::Waiting, Polled::Waiting]);
        assert_eq!(counted.list()[0]["hurried"], 1);
    }

    #[test]
    fn an_address_may_have_a_pace_of_its_own() {
        let flows = flows(true, Pace::USUAL);
        let own = Pace { interval: 1, expires_in: 3 };
        flows.pace(Some("https://here".into()), own);
        assert_eq!(begin(&flows, "a").pace, own);
        let other = flows.begin("client", "scope", "https://there", "x".into(), "b".into());
        assert_eq!(other.pace, Pace::USUAL);
        flows.pace(None, own);
        assert_eq!(flows.begin("client", "scope", "https://there", "y".into(), "c".into()).pace, own);
    }

    #[test]
    fn codes_and_secrets_have_the_length_that_was_asked_for() {
        assert!(user_code(8).len() == 8 && user_code(9).chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(c)));
        assert_eq!((secret(36).len(), secret(40).len()), (36, 40));
        assert_ne!(secret(40), secret(40));
    }
}
