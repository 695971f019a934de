//! What a token lets an application do.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::subscriber::Subscriber;
use crate::{error, read, scene};

/// learn: graph/errors and graph/permissions-reference: the least right of each request, and 403 without it.
#[tokio::test]
async fn every_request_has_its_right_and_is_refused_without() {
    let scene = scene().await;
    let ada = scene.user("ada");
    let group = scene.group;
    let reference = json!({"@odata.id": scene.url(&format!("users/{ada}"))});
    let check = json!({"groupIds": [group]});
    let enabled = json!({"accountEnabled": true});
    let made =
        json!({"displayName": "x", "mailEnabled": false, "mailNickname": "x", "securityEnabled": true});
    let rows: Vec<(Method, String, Option<Value>, &[&str], u16)> = vec![
        (Method::GET, format!("users/{ada}"), None, &["User.Read.All"], 200),
        (Method::GET, format!("groups/{group}"), None, &["GroupMember.Read.All"], 200),
        (Method::GET, format!("groups/{group}/members"), None, &["GroupMember.Read.All"], 200),
        (Method::GET, format!("groups/{group}/transitiveMembers"), None, &["Group.Read.All"], 200),
        (
            Method::POST,
            format!("users/{ada}/checkMemberGroups"),
            Some(check),
            &["User.Read.All", "GroupMember.Read.All"],
            200,
        ),
        (
            Method::POST,
            format!("groups/{group}/members/$ref"),
            Some(reference),
            &["GroupMember.ReadWrite.All"],
            204,
        ),
        (Method::DELETE, format!("groups/{group}/members/{ada}/$ref"), None, &["Group.ReadWrite.All"], 204),
        (
            Method::PATCH,
            format!("users/{ada}"),
            Some(enabled),
            &["User.EnableDisableAccount.All", "User.Read.All"],
            204,
        ),
        (Method::POST, "groups".to_owned(), Some(made), &["Group.Create"], 201),
        (Method::DELETE, format!("users/{ada}"), None, &["User.ReadWrite.All"], 204),
        (Method::DELETE, format!("groups/{group}"), None, &["Group.ReadWrite.All"], 204),
    ];
    for (method, path, body, least, wanted) in rows {
        for n in 0..least.len() {
            let mut less = least.to_vec();
            less.remove(n);
            let refused = scene.send(method.clone(), &scene.token(&less), &path, body.clone()).await;
            assert_eq!(
                error(read(refused).await),
                (403, "Authorization_RequestDenied".into()),
                "{path} {less:?}"
            );
        }
        let done = scene.send(method.clone(), &scene.token(least), &path, body).await;
        assert_eq!(done.status(), wanted, "{method} {path}");
    }
    scene.end().await;
}

/// learn: graph/permissions-overview, "Limited information returned for inaccessible member objects".
#[tokio::test]
async fn without_a_right_to_read_users_members_are_an_id_and_nulls() {
    let scene = scene().await;
    let ada = scene.user("ada");
    scene.directory.join(scene.group, &[ada]).unwrap();
    let limited = json!({
        "@odata.type": "#microsoft.graph.user", "id": ada, "displayName": null, "accountEnabled": null,
    });
    let token = scene.token(&["Group.Read.All"]);
    for path in [
        "members?$select=id,displayName,accountEnabled",
        "transitiveMembers/microsoft.graph.user?$count=true&$select=id,displayName,accountEnabled",
    ] {
        let path = format!("groups/{}/{path}", scene.group);
        let (status, body) = read(scene.send(Method::GET, &token, &path, None).await).await;
        assert_eq!((status, &body["value"]), (200, &json!([limited])), "{path}");
    }
    scene.end().await;
}

/// learn: graph/resolve-auth-errors: 401 and `InvalidAuthenticationToken`.
#[tokio::test]
async fn only_a_good_token_for_graph_opens_it() {
    let scene = scene().await;
    let issue = |audience: &str, seconds: i64| {
        let ends = chrono::Utc::now().timestamp() + seconds;
        let roles = ["Group.Read.All".to_owned()];
        scene.entra.tokens().issue_app_with(Uuid::new_v4(), Uuid::new_v4(), audience, ends, &roles).unwrap()
    };
    let path = format!("groups/{}", scene.group);
    for (token, wanted) in [
        (issue("https://graph.microsoft.com", 60), 200),
        (issue("https://graph.microsoft.com/", 60), 200),
        (issue("https://storage.azure.com", 60), 401),
        (issue("https://graph.microsoft.com", -600), 401),
        ("nonsense".to_owned(), 401),
    ] {
        let answer = read(scene.send(Method::GET, &token, &path, None).await).await;
        assert_eq!(answer.0, wanted, "{}", answer.1);
        if wanted == 401 {
            assert_eq!(error(answer).1, "InvalidAuthenticationToken");
        }
    }
    let without = scene.client.get(scene.url(&path)).send().await.unwrap();
    assert_eq!(error(read(without).await), (401, "InvalidAuthenticationToken".into()));
    scene.end().await;
}

/// learn: graph/api/subscription-post-subscriptions, "Permissions": Group.Read.All, and no right to write instead.
#[tokio::test]
async fn only_group_read_all_lets_subscribe() {
    let (scene, subscriber) = (scene().await, Subscriber::start().await);
    for roles in [&["GroupMember.Read.All"][..], &["Group.ReadWrite.All"], &["Directory.Read.All"], &[]] {
        let refused = scene.post(&scene.token(roles), "subscriptions", subscriber.wish(scene.group)).await;
        assert_eq!(error(refused), (403, "ExtensionError".into()), "{roles:?}");
    }
    subscriber.subscribe(&scene).await;
    scene.end().await;
}
