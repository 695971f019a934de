//! Idleness: who is warned, kept and stopped, and why; with policies of seconds.

mod night;
mod people;

use chrono::SubsecRound;
use serde_json::{Value, json};

use crate::world::{
    Inside, Installation, Person, Token, break_machines, eventually, profiles, with_profiles,
};

/// The wish for an installation with one profile of that policy, on a pool of its own.
pub fn with_policy(name: &str, idle: Value) -> Value {
    let mut all: Value = serde_json::from_str(&profiles(&[name])).unwrap();
    all[0]["idle"] = idle;
    json!({ "settings": { "PROFILES": all.to_string(), "DEFAULT_PROFILE": name } })
}

/// A note of a person's StatefulSet; null where it is empty.
async fn note(person: &Person, name: &str) -> Value {
    let set = person.set().await.unwrap();
    let text = set["metadata"]["annotations"][name].as_str().unwrap().to_owned();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

pub async fn session(person: &Person) -> Value {
    note(person, "dcaas.dev/session").await
}

pub async fn ended(person: &Person) -> Value {
    note(person, "dcaas.dev/ended").await
}

/// What the agent of a person's pod was told last.
async fn notice(person: &Person) -> Value {
    let pods = person.pods().await;
    let text = pods[0]["metadata"]["annotations"]["dcaas.dev/notice"].as_str().unwrap_or("null").to_owned();
    serde_json::from_str(&text).unwrap()
}

/// A workspace that runs, and what its agent says of it.
pub struct Runs {
    dcaas: Installation,
    pub person: Person,
    pub token: Token,
    pub inside: Inside,
    pub session: String,
}

impl Runs {
    pub async fn begin(dcaas: &Installation) -> Self {
        let person = dcaas.member().await;
        let token = person.token().await;
        dcaas.start(&token, json!({})).await;
        let status = dcaas.until(&token, "running").await;
        let session = status["session"].as_str().unwrap().to_owned();
        Self { dcaas: dcaas.clone(), person, token, inside: Inside::of(&status).await, session }
    }

    /// The agent says this of its use, and a sweep is made.
    pub async fn swept(&self, evidence: Value, hold: Option<&str>) {
        self.said(evidence, hold).await;
        self.dcaas.sweep().await;
    }

    /// The agent says this of its use.
    pub async fn said(&self, evidence: Value, hold: Option<&str>) {
        let now = chrono::Utc::now().trunc_subsecs(6);
        let hold = hold.map(|until| json!({ "until": until, "asked": now }));
        self.inside.say(&json!({
            "at": now, "session": self.session, "evidence": evidence, "hold": hold,
            "link": { "state": "connected", "since": now - chrono::TimeDelta::hours(1), "why": "" },
        }));
        // what the container wrote is in its log a moment later
        let text = json!(now).as_str().unwrap().to_owned();
        eventually("the line is on the log", || async {
            let path = self.person.path("pods/workspace-0/log?tailLines=600");
            let log = crate::world::get(&path).await?;
            log.to_string().contains(&text).then_some(())
        })
        .await;
    }

    pub async fn idle(&self) {
        self.swept(json!({ "gpu": {}, "cpu": {} }), None).await;
    }

    pub async fn until_warned(&self) {
        eventually("they are warned", || async {
            self.idle().await;
            (!session(&self.person).await["warned"].is_null()).then_some(())
        })
        .await;
    }

    fn works() -> Value {
        json!({ "gpu": { "seen": chrono::Utc::now(), "value": "87 %" } })
    }
}

/// The agent's own lines, which say nothing of use, come in between: then it is looked at again soon.
fn seconds() -> Value {
    json!({
        "after": "8s",
        "presence": "10min",
        "graceAfterStart": "0s",
        "unknownFor": "20s",
        "warnBefore": "3s",
    })
}

#[tokio::test]
async fn an_idle_workspace_is_warned_then_stopped_and_work_takes_the_warning_back() {
    Installation::own(with_policy("idlea", seconds()), |dcaas| async move {
        let ada = Runs::begin(&dcaas).await;
        ada.until_warned().await;
        let stop = session(&ada.person).await["look"].clone();
        let told = notice(&ada.person).await;
        assert!(
            told["stop"].is_string() && told["why"].as_str().unwrap().contains("no use was seen"),
            "{told}"
        );
        let status = dcaas.status(&ada.token).await;
        assert_eq!(status["phase"], "running", "{status}");
        assert!(!status["life"]["warned"].is_null() && stop.is_string(), "{status}");
        // a computation that nobody is connected to
        ada.swept(Runs::works(), None).await;
        let kept = session(&ada.person).await;
        assert!(kept["warned"].is_null() && kept["why"].as_str().unwrap().contains("(gpu)"), "{kept}");
        let told = notice(&ada.person).await;
        assert!(told["stop"].is_null() && told["keep"].is_null(), "{told}");
        assert_ne!(told["why"], "", "and why the stop does not come");
        let status = dcaas.status(&ada.token).await;
        assert_eq!(status["life"]["verdict"], "keep", "{status}");
        // an open window, untouched
        eventually("the window keeps it", || async {
            let now = chrono::Utc::now();
            ada.swept(json!({ "gpu": {}, "presence": { "seen": now } }), None).await;
            let why = session(&ada.person).await["why"].to_string();
            why.contains("window is open").then_some(())
        })
        .await;
        // and when it has ended
        eventually("it is stopped", || async {
            ada.idle().await;
            (!ended(&ada.person).await.is_null()).then_some(())
        })
        .await;
        let (end, last) = (ended(&ada.person).await, session(&ada.person).await);
        assert_eq!((&end["by"], &end["why"]), (&json!("sweep"), &json!("no use was seen for 8 s")), "{end}");
        assert!(last["warned"].as_str() < last["look"].as_str(), "{last}");
        assert!(last["look"].as_str() <= end["at"].as_str(), "not before it was announced: {last} {end}");
        dcaas.sweep().await;
        assert_eq!(ended(&ada.person).await["recorded"], true);
        let status = dcaas.until(&ada.token, "stopped").await;
        assert!(status["says"].as_str().unwrap().contains("no use was seen for 8 s"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn a_wish_to_be_kept_wins_from_outside_and_from_inside() {
    Installation::own(with_policy("idleb", seconds()), |dcaas| async move {
        let nobody = dcaas.member().await.token().await;
        dcaas.post(&nobody, "/api/keep", json!({ "for": "1h" })).await.refuses(409, "not-running", "nothing runs");
        let ada = Runs::begin(&dcaas).await;
        for body in [json!({}), json!({ "for": "1h", "until": "2030-01-01T00:00:00Z" }), json!({ "for": "soon" })] {
            dcaas.post(&ada.token, "/api/keep", body.clone()).await.refuses(400, "bad-request", &body.to_string());
        }
        ada.until_warned().await;
        // from inside: it is on the log before the stop
        let hold = (chrono::Utc::now() + chrono::TimeDelta::minutes(5)).to_rfc3339();
        ada.swept(json!({ "gpu": {} }), Some(&hold)).await;
        let kept = session(&ada.person).await;
        assert!(kept["warned"].is_null() && kept["why"] == "it was asked for in the workspace", "{kept}");
        // it was taken back inside
        eventually("they are warned again", || async {
            // the next look is minutes away
            let again = dcaas.post(&ada.token, "/api/keep", json!({ "for": "1s" })).await;
            assert_eq!(again.status, 200, "{}", again.text);
            ada.idle().await;
            (!session(&ada.person).await["warned"].is_null()).then_some(())
        })
        .await;
        // from outside, between the sweep's look and its stop
        let late = json!({ "party": "kubernetes", "method": "PATCH", "path": "statefulsets", "fault": { "delay_ms": 3000 } });
        eventually("the time of the warning is over", || async {
            let look = session(&ada.person).await["look"].as_str()?.parse::<chrono::DateTime<chrono::Utc>>().ok()?;
            (look < chrono::Utc::now()).then_some(())
        })
        .await;
        dcaas.reset_gate().await;
        dcaas.fault(late).await;
        let keep = async {
            eventually("the stop is on its way", || async {
                let asked = dcaas.requests("kubernetes").await;
                // both looks are made
                (asked.iter().filter(|request| request.contains("/log")).count() >= 2).then_some(())
            })
            .await;
            dcaas.post(&ada.token, "/api/keep", json!({ "for": "30d" })).await
        };
        let ((), answer) = tokio::join!(ada.idle(), keep);
        assert_eq!(answer.status, 200, "{}", answer.text);
        let life = answer.json()["life"].clone();
        let until: chrono::DateTime<chrono::Utc> = life["ends"].as_str().unwrap().parse().unwrap();
        assert!(until <= chrono::Utc::now() + chrono::TimeDelta::hours(12), "within the cap: {life}");
        assert_eq!((&life["verdict"], &life["why"]), (&json!("keep"), &json!("a member asked for it")), "{life}");
        ada.idle().await;
        assert_eq!(ended(&ada.person).await, Value::Null, "whoever was kept is not stopped");
        let seen = session(&ada.person).await;
        assert!(seen["warned"].is_null() && seen["keep"].is_string(), "{seen}");
        let told = notice(&ada.person).await;
        assert!(told["keep"].is_string() && told["stop"].is_null(), "{told}");
        // admins see the same of all
        let admin = Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await;
        let admin = admin.token().await;
        let all = dcaas.get(&admin, &format!("/api/workspaces?member={}", ada.person.oid)).await.json();
        let of = &all["people"][0]["session"];
        assert!(of["keep"].is_string() && of["warned"].is_null() && of["why"] == "a member asked for it", "{all}");
        dcaas.stop(&ada.token).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_no_machine_takes_is_kept_and_says_so_but_not_for_ever() {
    // no machine ever comes for these
    let wish = |unknown: &str| {
        let mut idle = seconds();
        idle["after"] = json!("1s");
        idle["warnBefore"] = json!("1s");
        idle["unknownFor"] = json!(unknown);
        with_policy("idlec", idle)
    };
    Installation::own(with_profiles(&["idlec"]), |_| async {}).await;
    break_machines("idlec", "max-reached").await;
    Installation::own(wish("1h"), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        dcaas.start(&token, json!({})).await;
        eventually("there is a pod", || async { (!ada.pods().await.is_empty()).then_some(()) }).await;
        for _ in 0..3 {
            dcaas.sweep().await;
        }
        let kept = session(&ada).await;
        assert_eq!(kept["why"], "no machine has taken it yet", "{kept}");
        assert!(kept["unknown"].is_string() && kept["warned"].is_null(), "{kept}");
        let life = dcaas.status(&token).await["life"].clone();
        let (verdict, by, why) = (&life["verdict"], &life["by"], &life["why"]);
        assert!(verdict == "keep" && by == "not-running" && why == "no machine has taken it yet", "{life}");
        dcaas.reset_gate().await;
        dcaas.sweep().await;
        assert_eq!(dcaas.requests("kubernetes").await.len(), 2, "what is not due is not read");
        dcaas.stop(&token).await;
    })
    .await;
    Installation::own(wish("1s"), |dcaas| async move {
        let ada = dcaas.member().await;
        let token = ada.token().await;
        for kill in ["kill-before", "kill-after"] {
            for n in 0..9 {
                dcaas.start(&token, json!({})).await;
                let first = session(&ada).await["id"].clone();
                dcaas.reset_gate().await;
                let fault = json!({ "party": "kubernetes", "path": ada.oid, "skip": n, "fault": kill });
                dcaas.fault(fault).await;
                eventually("it is stopped", || async {
                    dcaas.try_to_sweep().await;
                    (!ended(&ada).await.is_null()).then_some(())
                })
                .await;
                dcaas.clear_faults().await;
                let (end, last) = (ended(&ada).await, session(&ada).await);
                assert_eq!((&end["by"], &last["id"]), (&json!("sweep"), &first), "{kill} {n}: {end}");
                // it may have had no pod yet
                assert!(end["why"].as_str().unwrap().starts_with("for 1 s "), "{kill} {n}: {end}");
                assert!(
                    last["warned"].is_string() && last["look"].as_str() <= end["at"].as_str(),
                    "{last} {end}"
                );
            }
        }
    })
    .await;
}
