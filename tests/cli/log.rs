//! A followed log goes on where its stream ended, and says nothing twice.

use nix::sys::signal::Signal::SIGKILL;

use super::Shell;
use crate::world::{Inside, Installation};

#[tokio::test]
async fn a_followed_log_goes_on_from_the_cursor_when_its_container_begins_anew() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let token = ada.token().await;
    let (status, inside) = Inside::started(&dcaas, &token).await;
    let shell = Shell::new("log", &dcaas).with_token(&token);
    let logs = shell.begin("logs --follow --tail 5");
    inside.print("before the restart");
    logs.says("before the restart").await;
    inside.signal(SIGKILL).unwrap();
    inside.next(&status).await.print("after the restart");
    logs.says("after the restart").await;
    dcaas.stop(&token).await;
    let ended = logs.end().await;
    assert!(ended.code == 0 && ended.err.contains("nothing runs any more"), "{ended:?}");
    assert!(!ended.err.contains("broke off"), "the stream ended with a cursor: {ended:?}");
    for line in ["before the restart", "after the restart"] {
        assert_eq!(ended.out.matches(line).count(), 1, "{line}: {ended:?}");
    }
    assert!(!ended.out.contains("\"dcaas\""), "the API's own lines are not the workspace's: {ended:?}");
}
