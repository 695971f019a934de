//! Tokens: from a login that is kept, from the Azure CLI, from the environment.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use super::{Shell, enter, json_of, quick};
use crate::world::{Installation, control, with_profiles};

#[tokio::test]
async fn a_login_is_kept_for_its_owner_alone_and_renewed() {
    Installation::own(with_profiles(&["clia"]), |dcaas| async move {
        quick(&dcaas).await;
        let ada = dcaas.member().await;
        let shell = Shell::new("login", &dcaas);
        let login = shell.begin("login");
        enter("a code", &ada.name, || login.said()).await;
        let ended = login.end().await;
        assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{ended:?}");
        assert!(ended.err.contains("You are signed in to"), "{ended:?}");

        let file = shell.home.join(".config/dcaas/login.json");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let access = kept["access"].as_str().unwrap();
        assert!(!ended.err.contains(access), "a token is never printed");

        // the address is kept, too
        let shell = shell.with("DCAAS_URL", "");
        let status = shell.run("status --output json").await;
        assert_eq!((status.code, &json_of(&status)["phase"]), (0, &json!("stopped")), "{status:?}");

        // a token whose time is over is renewed
        let mut old = kept.clone();
        old["access"] = json!("e30.eyJleHAiOjF9.x");
        fs::write(&file, old.to_string()).unwrap();
        let status = shell.run("status").await;
        assert_eq!(status.code, 0, "{status:?}");
        assert!(status.out.starts_with("stopped   Your workspace "), "{status:?}");
        let renewed: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_ne!(renewed["access"], old["access"]);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        // and where it can not be, the person signs in again
        control("POST", "/sign-ins/revoke", json!({ "as": ada.name })).await;
        fs::write(&file, old.to_string()).unwrap();
        let status = shell.run("status").await;
        assert_eq!(status.code, 3, "{status:?}");
        assert!(status.err.contains("Run `dcaas login`"), "{status:?}");
    })
    .await;
}

#[tokio::test]
async fn who_declines_is_not_signed_in() {
    Installation::own(with_profiles(&["clib"]), |dcaas| async move {
        quick(&dcaas).await;
        let shell = Shell::new("declined", &dcaas);
        let login = shell.begin("login");
        login.says("and enter ").await;
        let code = crate::world::eventually("a code", || async { super::code_in(&login.said()) }).await;
        control("POST", &format!("/sign-ins/{code}/decline"), json!({})).await;
        let ended = login.end().await;
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.err.contains("you declined"), "{ended:?}");
        assert!(!shell.home.join(".config/dcaas/login.json").exists());
    })
    .await;
}

#[tokio::test]
async fn the_azure_clis_token_is_taken_where_nothing_else_is() {
    let dcaas = Installation::first().await;
    let ada = dcaas.member().await;
    let shell = Shell::new("azure", &dcaas);
    let given = json!({ "accessToken": ada.token().await.0, "tokenType": "Bearer" });
    let client = dcaas.facts["client_id"].as_str().unwrap();
    // answers as the Azure CLI does, to what dcaas should ask and to nothing else
    shell.program(
        "az",
        &format!(
            "case \"$*\" in version) echo '{{}}';; \
             'account get-access-token --output json --scope {client}/.default') echo '{given}';; *) exit 2;; esac"
        ),
    );
    let status = shell.run("status").await;
    assert_eq!(status.code, 0, "{status:?}");
    shell.program("az", "echo 'Please run az login' >&2; exit 1");
    let status = shell.run("status").await;
    assert_eq!(status.code, 3, "{status:?}");
}
