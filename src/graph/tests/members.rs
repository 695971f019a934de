//! Who is a member, from every answer that Graph may give.

use super::*;
use crate::domain::membership::Standing;

fn user(enabled: &str) -> Answer {
    ok(format!(r#"{{"id":"{ADA}","displayName":"Ada","accountEnabled":{enabled}}}"#))
}

fn kind<T: std::fmt::Debug>(told: &T) -> String {
    format!("{told:?}").split(['(', ' ', '{']).next().unwrap().to_owned()
}

#[tokio::test]
async fn where_a_person_stands() {
    let inside = || ok(format!(r#"{{"value":["{}"]}}"#, GROUP.to_uppercase()));
    let outside = || ok(r#"{"value":[]}"#);
    let rows = [
        (vec![user("true"), inside()], "Member"),
        (vec![user("true"), outside()], "Stranger"),
        (vec![user("true"), ok(format!(r#"{{"value":["{ADA}"]}}"#))], "Stranger"),
        (vec![user("false")], "Stranger"),
        (vec![user("null")], "Unknown"),
        (vec![ok(format!(r#"{{"id":"{ADA}"}}"#))], "Unknown"),
        (vec![refusal(404, "Request_ResourceNotFound")], "Stranger"),
        (vec![refusal(403, "Authorization_RequestDenied")], "Unknown"),
        (vec![user("true"), refusal(403, "Authorization_RequestDenied")], "Unknown"),
        (vec![user("true"), refusal(404, "Request_ResourceNotFound")], "NoGroup"),
        (vec![refusal(400, "Request_BadRequest")], "Refused"),
        (vec![ok("{}")], "Refused"),
    ];
    for (answers, expected) in rows {
        let (said, questions) = (format!("{answers:?}"), answers.len());
        let script = Script::new(answers).await;
        let told = match script.graph.person(ada()).await {
            Ok(person) => {
                if let Standing::Unknown { why } = &person.standing {
                    assert!(why.contains(PERMISSIONS), "{why}");
                }
                kind(&person.standing)
            }
            Err(e) => kind(&e),
        };
        assert_eq!(told, expected, "{said}");
        let asked = script.asked();
        assert_eq!(asked.len(), questions, "{said}");
        assert_eq!(asked[0], format!("GET /v1.0/users/{ADA}?$select=id,accountEnabled,displayName"));
        if let Some(check) = asked.get(1) {
            let body = format!(r#"{{"groupIds":["{GROUP}","{GATE}"]}}"#);
            assert_eq!(*check, format!("POST /v1.0/users/{ADA}/checkMemberGroups {body}"));
        }
    }
}

#[tokio::test]
async fn all_pages_are_read_and_everybody_is_told_once() {
    let first = format!(
        r#"{{"@odata.count":3,"value":[{{"id":"{BEN}","displayName":"Ben","accountEnabled":false}}],
            "@odata.nextLink":"{{url}}/v1.0/next?$skiptoken=1"}}"#
    );
    // an empty page in between is no end
    let second = r#"{"value":[],"@odata.nextLink":"{url}/v1.0/next?$skiptoken=2"}"#;
    let limited = "8e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
    let third = format!(
        r##"{{"value":[{{"id":"{ADA}","displayName":"Ada","accountEnabled":true,"mail":"kept-by-graph"}},
            {{"id":"{BEN}","displayName":"Ben","accountEnabled":false}},
            {{"@odata.type":"#microsoft.graph.user","id":"{limited}","displayName":null,"accountEnabled":null}}]}}"##
    );
    let gate = format!(r#"{{"value":[{{"id":"{ADA}"}},{{"id":"{GATE}"}}]}}"#);
    let script = Script::new(vec![ok(first), ok(second), ok(third), ok(gate)]).await;
    let people = script.graph.members().await.unwrap();
    let told: Vec<_> = people.iter().map(|p| (p.member.to_string(), kind(&p.standing))).collect();
    let expected = [(ADA, "Member"), (BEN, "Stranger"), (limited, "Unknown")];
    assert_eq!(told, expected.map(|(id, standing)| (id.to_owned(), standing.to_owned())));
    assert_eq!((people[0].member, people[0].name.as_deref()), (ada(), Some("Ada")));
    assert_eq!(people[0].groups, [GATE.to_owned()].into(), "in the group that opens profiles, too");
    assert!(people[1].groups.is_empty());
    assert_eq!(people[2].name, None);
    let asked = script.asked();
    assert!(
        asked[0].starts_with(&format!("GET /v1.0/groups/{GROUP}/transitiveMembers/microsoft.graph.user?"))
    );
    assert!(asked[0].contains("$top=999") && asked[0].contains("$count=true"), "{}", asked[0]);
    assert_eq!(asked[2], "GET /v1.0/next?$skiptoken=2");
    let gate = format!("GET /v1.0/groups/{GATE}/transitiveMembers/microsoft.graph.user?$select=id&");
    assert!(asked[3].starts_with(&gate), "{}", asked[3]);
}

#[tokio::test]
async fn who_is_in_a_group_that_opens_profiles_is_told_with_it() {
    let inside = ok(format!(r#"{{"value":["{GATE}","{}"]}}"#, GROUP.to_uppercase()));
    let person = Script::new(vec![user("true"), inside]).await.graph.person(ada()).await.unwrap();
    assert_eq!((person.standing, person.name.as_deref()), (Standing::Member, Some("Ada")));
    assert_eq!(person.groups, [GATE.to_owned()].into());
}

#[tokio::test]
async fn nobody_is_in_a_group_that_is_not_there() {
    let one = ok(format!(r#"{{"value":[{{"id":"{ADA}","accountEnabled":true}}]}}"#));
    let script = Script::new(vec![one, refusal(404, "Request_ResourceNotFound")]).await;
    let people = script.graph.members().await.unwrap();
    assert!(people.len() == 1 && people[0].groups.is_empty(), "{people:?}");
}

#[tokio::test]
async fn a_part_of_the_list_is_no_list() {
    let more = || ok(format!(r#"{{"value":[{{"id":"{ADA}"}}],"@odata.nextLink":"{{url}}/v1.0/next"}}"#));
    let rows = [
        (vec![refusal(404, "Request_ResourceNotFound")], "NoGroup"),
        (vec![refusal(403, "Authorization_RequestDenied")], "Denied"),
        (vec![more(), refusal(404, "Request_ResourceNotFound")], "NoGroup"),
        (vec![more(), refusal(400, "Directory_ExpiredPageToken")], "Refused"),
        (vec![more(), ok("{}")], "Refused"),
        (vec![more(), ok(r#"{"value":[{"id":"ada"}]}"#)], "Refused"),
        (vec![ok(r#"{"value":[],"@odata.nextLink":"https://elsewhere.example/v1.0/next"}"#)], "Refused"),
        (vec![ok(r#"{"value":[],"@odata.nextLink":"/v1.0/next"}"#)], "Refused"),
    ];
    for (answers, expected) in rows {
        let said = format!("{answers:?}");
        let script = Script::new(answers).await;
        assert_eq!(kind(&script.graph.members().await.unwrap_err()), expected, "{said}");
    }
}
