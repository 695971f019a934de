//! Who is in a group: direct and nested, in pages, with and without their properties.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Scene, error, read, scene};

fn ids(body: &Value) -> Vec<Uuid> {
    body["value"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// learn: graph/api/group-list-transitivemembers: "returns a flat list of all nested members".
#[tokio::test]
async fn transitive_members_are_a_flat_list_and_direct_members_are_not() {
    let scene = scene().await;
    let (ada, ben, cy) = (scene.user("ada"), scene.user("ben"), scene.user("cy"));
    let [inner, innermost] = [(); 2].map(|()| Uuid::new_v4());
    for (id, name) in [(inner, "inner"), (innermost, "innermost")] {
        scene.directory.add_group(id, name);
    }
    scene.directory.join(scene.group, &[ada, inner]).unwrap();
    scene.directory.join(inner, &[ben, innermost]).unwrap();
    // a person in two groups is one person, and a circle ends
    scene.directory.join(innermost, &[cy, ada, scene.group]).unwrap();
    let set = |ids: &[Uuid]| ids.iter().copied().collect::<BTreeSet<_>>();
    let group = scene.group;
    for (path, wanted) in [
        ("members", set(&[ada, inner])),
        ("members/microsoft.graph.user?$count=true", set(&[ada])),
        ("members/microsoft.graph.group?$count=true", set(&[inner])),
        ("transitiveMembers", set(&[ada, ben, cy, inner, innermost])),
        ("transitiveMembers/microsoft.graph.user?$count=true&$select=id", set(&[ada, ben, cy])),
        ("transitiveMembers/microsoft.graph.group?$count=true", set(&[inner, innermost])),
    ] {
        let (status, body) = scene.get(&format!("groups/{group}/{path}")).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert_eq!(ids(&body).len(), wanted.len(), "{path}: nobody twice");
        assert_eq!(set(&ids(&body)), wanted, "{path}");
    }
    let (_, all) = scene.get(&format!("groups/{group}/members")).await;
    let kinds: BTreeSet<&str> =
        all["value"].as_array().unwrap().iter().filter_map(|one| one["@odata.type"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["#microsoft.graph.group", "#microsoft.graph.user"]));
    let missing = scene.get(&format!("groups/{}/members", Uuid::new_v4())).await;
    assert_eq!(error(missing), (404, "Request_ResourceNotFound".into()));
    scene.end().await;
}

/// learn: graph/api/user-get: "returns a default set of properties"; `accountEnabled` only with `$select`.
#[tokio::test]
async fn account_enabled_comes_only_when_it_is_selected() {
    let scene = scene().await;
    let ada = scene.user("ada");
    scene.directory.join(scene.group, &[ada]).unwrap();
    let (_, usual) = scene.get(&format!("groups/{}/members", scene.group)).await;
    let usual = usual["value"][0].as_object().unwrap();
    assert!(usual.contains_key("displayName") && !usual.contains_key("accountEnabled"), "{usual:?}");
    let path = format!("groups/{}/members?$select=id,accountEnabled", scene.group);
    let chosen = json!({"@odata.type": "#microsoft.graph.user", "id": ada, "accountEnabled": true});
    assert_eq!(scene.get(&path).await.1["value"][0], chosen);
    let (_, one) = scene.get(&format!("users/{ada}")).await;
    assert_eq!((&one["userPrincipalName"], one.get("accountEnabled")), (&json!("ada@example.com"), None));
    let (_, one) = scene.get("users/ada@example.com?$select=accountEnabled").await;
    assert_eq!(one["accountEnabled"], true);
    scene.end().await;
}

/// learn: graph/aad-advanced-queries and graph/paging: the header belongs to every page, the count to the first.
#[tokio::test]
async fn casts_need_the_header_and_the_count_on_every_page() {
    let scene = scene().await;
    let people: Vec<Uuid> = (0..3).map(|n| scene.user(&format!("p{n}"))).collect();
    scene.directory.join(scene.group, &people).unwrap();
    let cast = format!("groups/{}/transitiveMembers/microsoft.graph.user", scene.group);
    let bare = |path: &str| scene.client.get(scene.url(path)).bearer_auth(&scene.reader).send();
    for path in
        [cast.clone(), format!("{cast}?$count=true"), format!("groups/{}/members?$count=true", scene.group)]
    {
        let refused = error(read(bare(&path).await.unwrap()).await);
        assert_eq!(refused, (400, "Request_UnsupportedQuery".into()), "{path}");
    }
    let (_, first) = scene.get(&format!("{cast}?$count=true&$top=2&$select=id")).await;
    assert_eq!((first["@odata.count"].as_u64(), ids(&first).len()), (Some(3), 2));
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(read(bare(next).await.unwrap()).await.0, 400, "the header is not kept for the next page");
    let (_, second) = scene.get(next).await;
    assert_eq!((second.get("@odata.count"), second.get("@odata.nextLink")), (None, None));
    let both: BTreeSet<Uuid> = ids(&first).into_iter().chain(ids(&second)).collect();
    assert_eq!(both, people.into_iter().collect());
    scene.end().await;
}

/// learn: graph/api/group-list-members: "default and maximum page sizes are 100 and 999".
#[tokio::test]
async fn five_thousand_members_are_six_pages() {
    let scene = scene().await;
    let people: Vec<Uuid> = (0..5_000).map(|n| scene.user(&format!("p{n}"))).collect();
    scene.directory.join(scene.group, &people).unwrap();
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    let path = format!("groups/{}/transitiveMembers/microsoft.graph.user", scene.group);
    let mut next = Some(format!("{path}?$count=true&$top=999&$select=id,accountEnabled"));
    while let Some(path) = next {
        let (status, body) = scene.get(&path).await;
        assert_eq!(status, 200, "{body}");
        seen.extend(ids(&body));
        pages += 1;
        next = body["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!((pages, seen), (6, people.into_iter().collect()));
    let (_, usual) = scene.get(&format!("groups/{}/members", scene.group)).await;
    assert_eq!(ids(&usual).len(), 100);
    for top in ["0", "1000", "x"] {
        let refused = scene.get(&format!("groups/{}/members?$top={top}", scene.group)).await;
        assert_eq!(error(refused), (400, "Request_UnsupportedQuery".into()), "{top}");
    }
    scene.end().await;
}

/// learn: graph/api/directoryobject-checkmembergroups: "This function is transitive", "up to a maximum of 20".
#[tokio::test]
async fn check_member_groups_answers_for_several_groups_at_once() {
    let scene = scene().await;
    let (ada, inner, other) = (scene.user("ada"), Uuid::new_v4(), Uuid::new_v4());
    scene.directory.add_group(inner, "inner");
    scene.directory.add_group(other, "other");
    scene.directory.join(inner, &[ada]).unwrap();
    scene.directory.join(scene.group, &[inner]).unwrap();
    let ask = async |scene: &Scene, kind: &str, groups: Vec<Uuid>| {
        let path = format!("{kind}/{ada}/checkMemberGroups");
        scene.post(&scene.reader, &path, json!({"groupIds": groups})).await
    };
    for kind in ["users", "directoryObjects"] {
        let (status, body) = ask(&scene, kind, vec![scene.group, other, inner, Uuid::new_v4()]).await;
        assert_eq!((status, &body["value"]), (200, &json!([scene.group, inner])));
    }
    let many = ask(&scene, "users", (0..21).map(|_| Uuid::new_v4()).collect()).await;
    assert_eq!(error(many), (400, "Request_BadRequest".into()));
    scene.end().await;
}

/// The world's own rule: what it does not have is 501, and remembered.
#[tokio::test]
async fn what_the_world_lacks_is_remembered() {
    let scene = scene().await;
    let (group, ada) = (scene.group, scene.user("ada"));
    for (path, what) in [
        ("me".to_owned(), "/v1.0/me".to_owned()),
        (format!("groups/{group}/members?$filter=x"), format!("/v1.0/groups/{group}/members: query $filter")),
        (format!("users/{ada}?$select=age"), format!("/v1.0/users/{ada}: $select=age")),
        ("groups/delta".to_owned(), "/v1.0/groups/delta".to_owned()),
    ] {
        let before = scene.oddities.list().len();
        let (status, _) = scene.get(&path).await;
        assert_eq!((status, &scene.oddities.list()[before]), (501, &format!("graph: GET {what}")));
    }
    let body = json!({"accountEnabled": false, "displayName": "Ada"});
    assert_eq!(scene.patch(&scene.admin, &format!("users/{ada}"), body).await.0, 501);
    assert_eq!(scene.oddities.list().len(), 5);
}
