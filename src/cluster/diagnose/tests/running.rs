//! Rows: workspaces that run, and those that are off or on their way there.

use serde_json::json;

use super::{case::{Case, case, stamp}, make::{condition, ended, running}};
use crate::domain::{
    link::{
        LinkState::{Connected, Connecting, Lost, Refused, Unknown},
        Refused::{LicenceNotAccepted, NameInUse, NoToken, TokenRejected, TooManyTunnels},
    },
    situation::Phase::{self, Running, Starting},
};

fn again(name: &'static str, reason: &str, code: i32, at: i64) -> Case {
    let state = json!({ "running": { "startedAt": stamp(at - 1) } });
    running(name, 1)
        .container("workspace", state, ended(reason, code, at))
        .line(20, Connected, 30, "")
}

pub fn rows() -> Vec<Case> {
    vec![
        running("no line yet", 10).expect(Starting, "tunnel is being set up", ""),
        running("never a line", 400).expect(Running, "nothing is heard", "stop and start again"),
        running("its log can not be had", 10).unheard().expect(Running, "does not say just now", "Ask again"),
        running("connects", 10).line(5, Connecting, 9, "").expect(Starting, "tunnel connects.", ""),
        running("not looked yet", 10).line(5, Unknown, 9, "the tunnel has not said anything").expect(Starting, "connects (the tunnel has", ""),
        running("connects for long", 900).line(5, Connecting, 890, "").expect(Starting, "tunnel connects", "read the logs"),
        running("runs", 900).line(50, Connected, 800, "").expect(Running, "can be reached", ""),
        running("home is full", 900).line(50, Connected, 800, "").full().expect(Running, "can be reached. Its home disk is full", "du -xh ~"),
        running("home is full, and the tunnel can not be reached", 900).line(50, Refused, 600, NoToken.why()).full().expect(Running, "sign in with). Its home disk is full", "Sign in again"),
        // kubernetes pkg/kubelet/cm/devicemanager/manager.go, UpdateAllocatedResourcesStatus: from 1.36 on
        running("GPUs are well", 900).line(50, Connected, 800, "").gpus(&["Healthy", "Healthy"]).expect(Running, "can be reached.", ""),
        running("a GPU is gone", 900).line(50, Connected, 800, "").gpus(&["Healthy", "Unhealthy"]).expect(Running, "A GPU of its machine is gone", "stop and start again"),
        running("nothing is known of a GPU", 900).line(50, Connected, 800, "").gpus(&["Unknown"]).expect(Running, "can be reached.", ""),
        running("lost", 900).line(50, Lost, 50, "the relay went away").expect(Running, "lost (the relay went away); it connects again", ""),
        running("lost for long", 900).line(50, Lost, 600, "").expect(Running, "tunnel is lost;", "stop and start"),
        running("refused", 900).line(50, Refused, 600, "").expect(Running, "can not be reached", "Sign in again"),
        running("rejected", 900)
            .line(50, Refused, 600, TokenRejected.why())
            .expect(Running, "no longer valid", "Sign in again (POST /api/signin): the tunnel takes"),
        running("no token", 900).line(50, Refused, 600, NoToken.why()).expect(Running, "no token", "Sign in again"),
        running("name", 900).line(50, Refused, 600, NameInUse.why()).expect(Running, "in use", "Stop the other machine"),
        running("tunnels", 900).line(50, Refused, 600, TooManyTunnels.why()).expect(Running, "too many", "Remove a tunnel"),
        running("licence", 900)
            .line(50, Refused, 600, LicenceNotAccepted.why())
            .expect(Running, "is not accepted", "Ask an admin"),
        running("silent", 9000).line(400, Connected, 8000, "").expect(Running, "said nothing for more than 5 minutes", "look at the logs"),
        running("a clock that is ahead", 900).line(-7200, Connected, -7200, "").expect(Running, "can be reached", ""),
        running("a clock that is ahead, connecting", 900).line(-7200, Connecting, -7200, "").expect(Starting, "tunnel connects", ""),
        running("a clock that is a little behind", 900).line(290, Connected, 800, "").expect(Running, "can be reached", ""),
        again("killed for memory, and runs again", "OOMKilled", 137, 300).expect(Running, "can be reached. It began again at 07:55 UTC: it used more memory than profile 'steady' has.", "larger profile"),
        again("crashed, and runs again", "Error", 3, 300).expect(Running, "ended with code 3", "read the logs"),
        again("killed for memory, and that is old news", "OOMKilled", 137, 1000).expect(Running, "can be reached.", ""),
        running("old events say nothing of what runs", 900).line(50, Connected, 800, "")
            .event("FailedMount", "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error").expect(Running, "can be reached", ""),
    ]
}

pub fn off() -> Vec<Case> {
    let lost = json!({ "phase": "Running", "conditions": [condition("Ready", "Unknown", "", 300)] });
    let runs = json!({ "running": { "startedAt": stamp(9000) } });
    vec![
        case("signs in").started(None).expect(Phase::SignIn, "until you have signed in", ""),
        case("never started").off(None, "never started").expect(Phase::Stopped, "never started", "Start it"),
        case("off").off(Some(600), "a member asked").expect(Phase::Stopped, "is off: a member asked. Home and data are kept.", "Start it"),
        case("off, and nobody knows why").off(Some(600), "").expect(Phase::Stopped, "is off. Home", "Start it"),
        case("just made").off(None, "never started").unsettled().expect(Phase::Stopped, "never started", "Start it"),
        case("not settled").off(Some(3), "a member asked").unsettled().expect(Phase::Stopping, "ends: a member asked", ""),
        case("ends").off(Some(3), "a member asked").pod("new", json!({ "phase": "Running" })).deleted(-20).expect(Phase::Stopping, "ends: a member asked", ""),
        case("ends on a lost machine").off(Some(400), "a member asked").pod("new", lost).container("workspace", runs, json!({})).deleted(370)
            .expect(Phase::Stopping, "does not answer any more", "given up the machine"),
        case("does not end").off(Some(700), "a member asked").pod("new", json!({ "phase": "Running" })).deleted(370)
            .expect(Phase::Stopping, "does not let it go", "tell an admin"),
    ]
}
