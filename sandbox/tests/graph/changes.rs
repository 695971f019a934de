//! Groups and users changed through Graph's own API, as `curl` does it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{error, scene};

/// learn: graph/api/group-post-members: 204; 400 "when the object is already a member", 404 when it "doesn't exist".
/// learn: graph/api/group-delete-members: 204.
#[tokio::test]
async fn a_person_joins_and_leaves() {
    let scene = scene().await;
    let (ada, group) = (scene.user("ada"), scene.group);
    assert_eq!(scene.join(group, ada).await, (204, Value::Null));
    assert_eq!(error(scene.join(group, ada).await), (400, "Request_BadRequest".into()));
    let missing = (404, "Request_ResourceNotFound".to_owned());
    assert_eq!(error(scene.join(group, Uuid::new_v4()).await), missing);
    assert_eq!(error(scene.join(Uuid::new_v4(), ada).await), missing);
    assert_eq!(error(scene.join(group, group).await), (400, "Request_BadRequest".into()));
    assert_eq!(scene.leave(group, ada).await, (204, Value::Null));
    assert_eq!(error(scene.leave(group, ada).await), missing);
    let odd =
        scene.post(&scene.admin, &format!("groups/{group}/members/$ref"), json!({"@odata.id": ada})).await;
    assert_eq!(error(odd), (400, "Request_BadRequest".into()));
    // some clients encode the dollar
    let reference = json!({"@odata.id": scene.url(&format!("users/{ada}"))});
    let encoded = scene.post(&scene.admin, &format!("groups/{group}/members/%24ref"), reference).await;
    assert_eq!(encoded.0, 204);
    scene.end().await;
}

/// The same page, example 2: "up to 20 members"; "If an error condition exists … no members are added".
#[tokio::test]
async fn twenty_join_at_once_or_nobody() {
    let scene = scene().await;
    let path = format!("groups/{}", scene.group);
    let add = async |people: &[Uuid]| {
        let links: Vec<String> =
            people.iter().map(|id| scene.url(&format!("directoryObjects/{id}"))).collect();
        scene.patch(&scene.admin, &path, json!({"members@odata.bind": links})).await
    };
    let people: Vec<Uuid> = (0..21).map(|n| scene.user(&format!("p{n}"))).collect();
    let bad = (400, "Request_BadRequest".to_owned());
    assert_eq!(error(add(&people).await), bad);
    assert_eq!(add(&people[..20]).await.0, 204);
    assert_eq!(error(add(&people[19..]).await), bad);
    let (_, all) = scene.get(&format!("{path}/members")).await;
    assert_eq!(all["value"].as_array().unwrap().len(), 20);
    scene.end().await;
}

/// learn: graph/api/group-post-groups, graph/api/group-delete: a group, made, put into another, and removed.
#[tokio::test]
async fn a_group_is_made_nested_and_removed() {
    let scene = scene().await;
    let ada = scene.user("ada");
    let wish = json!({
        "displayName": "inner", "mailEnabled": false, "mailNickname": "inner", "securityEnabled": true,
        "members@odata.bind": [scene.url(&format!("users/{ada}"))],
    });
    let (status, made) = scene.post(&scene.admin, "groups", wish).await;
    assert_eq!(
        (status, &made["displayName"], &made["securityEnabled"]),
        (201, &json!("inner"), &json!(true))
    );
    let inner = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(scene.join(scene.group, inner).await.0, 204);
    let path = format!("groups/{}/transitiveMembers", scene.group);
    assert_eq!(scene.get(&path).await.1["value"].as_array().unwrap().len(), 2);
    assert_eq!(scene.delete(&scene.admin, &format!("groups/{inner}")).await.0, 204);
    assert_eq!(scene.get(&path).await.1["value"], json!([]));
    assert_eq!(error(scene.get(&format!("groups/{inner}")).await).0, 404);
    let unnamed = scene.post(&scene.admin, "groups", json!({"displayName": "x"})).await;
    assert_eq!(error(unnamed), (400, "Request_BadRequest".into()));
    scene.end().await;
}

/// learn: graph/api/user-update and graph/api/user-delete.
#[tokio::test]
async fn an_account_is_disabled_and_removed() {
    let scene = scene().await;
    let (ada, group) = (scene.user("ada"), scene.group);
    scene.join(group, ada).await;
    let path = format!("users/{ada}");
    assert_eq!(scene.patch(&scene.admin, &path, json!({"accountEnabled": false})).await, (204, Value::Null));
    let members = format!("groups/{group}/members?$select=accountEnabled");
    assert_eq!(scene.get(&members).await.1["value"][0]["accountEnabled"], false);
    assert_eq!(error(scene.patch(&scene.admin, &path, json!({"accountEnabled": "no"})).await).0, 400);
    assert_eq!(scene.delete(&scene.admin, &path).await.0, 204);
    assert_eq!(error(scene.get(&path).await), (404, "Request_ResourceNotFound".into()));
    assert_eq!(scene.get(&members).await.1["value"], json!([]));
    scene.end().await;
}
