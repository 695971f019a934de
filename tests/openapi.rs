//! The description of the API: each route, method, status and content type that is met is in it.

mod fuzzed;

use std::collections::BTreeSet;

use dcaas::functions::{FUNCTIONS, Run};
use serde_json::{Value, json};

use crate::world::{Answer, Installation, Person, Token, with_profiles};

async fn document(dcaas: &Installation) -> Value {
    let answer = dcaas.send(dcaas.request("GET", "/api/openapi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The operations: method in upper case, and path.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    all.collect()
}

/// Asserts that an answer is one that the description has, and returns its status.
fn is_described(document: &Value, method: &str, path: &str, answer: &Answer) -> u16 {
    let operation = &document["paths"][path][method.to_lowercase()];
    let response = &operation["responses"][answer.status.to_string()];
    let what = format!("{method} {path}: {} {}", answer.status, answer.text);
    let kind = answer.headers["content-type"].to_str().unwrap();
    let content = response["content"].as_object().unwrap_or_else(|| panic!("not described: {what}"));
    let described = content.get(kind).unwrap_or_else(|| panic!("{kind} is not described: {what}"));
    if kind == "application/problem+json" {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(described["examples"][&code].is_object(), "the code is not described: {what}");
    } else if kind == "application/json" {
        conforms(document, &described["schema"], &answer.json(), &what);
    }
    answer.status
}

/// Asserts that a value has the fields that its schema requires, no field that the schema lacks, and their types.
fn conforms(document: &Value, schema: &Value, value: &Value, what: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(document, document.pointer(&name[1..]).unwrap(), value, what);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().find(|one| (one["type"] == "null") == value.is_null());
        return conforms(
            document,
            fits.unwrap_or_else(|| panic!("{value} is none of {any:?}: {what}")),
            value,
            what,
        );
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    let is_whole = kind == "number" && value.is_u64() && kinds.contains(&"integer");
    assert!(kinds.contains(&kind) || is_whole, "{value} is not of {kinds:?}: {what}");
    for item in value.as_array().into_iter().flatten() {
        conforms(document, &schema["items"], item, what);
    }
    if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(name.as_str().unwrap()), "{name} is missing: {what}");
        }
        for (name, value) in fields {
            let schema = properties.get(name).unwrap_or_else(|| panic!("{name} is not described: {what}"));
            conforms(document, schema, value, what);
        }
    }
}

/// The shortest request of that kind.
async fn plain(dcaas: &Installation, token: &Token, method: &str, path: &str) -> Answer {
    let request = dcaas.request(method, path).bearer_auth(&token.0);
    dcaas.send(if method == "GET" { request } else { request.json(&json!({})) }).await
}

#[tokio::test]
async fn every_route_is_described_and_no_other() {
    let document = document(&Installation::first().await).await;
    assert_eq!(document["openapi"], "3.1.0");
    let rows = FUNCTIONS.iter().filter_map(|function| match function.run {
        // a page for people
        Run::Http(..) if function.name == "home" => None,
        Run::Http(method, _) => Some((method.to_owned(), format!("/api/{}", function.name))),
        Run::Queue(_) | Run::Timer(_) => None,
    });
    assert_eq!(operations(&document), rows.collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn whoever_asks_for_whatever_is_answered_as_described() {
    Installation::own(with_profiles(&["openapia"]), |dcaas| async move {
        let document = document(&dcaas).await;
        let ada = dcaas.member().await;
        let stranger = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
        let admin = Person::made(json!({ "installation": dcaas.name, "admin": true, "member": false })).await;
        let good = ada.token().await;
        let callers: [Option<Token>; 5] = [
            None,
            Some(Token("nonsense".into())),
            Some(stranger.token().await),
            Some(admin.token().await),
            Some(good.clone()),
        ];
        let asked = [
            "",
            "?nonsense=1",
            "?member=00000000-0d3b-4b52-9a77-1c2d3e4f5a6b",
            "?member=nobody",
            "?month=2026-11&format=csv",
            "?all=true",
            "?validationToken=hello",
            "?tail=many",
        ];
        let bodies = [
            json!({}),
            json!({ "profile": "none" }),
            json!({ "image": "other" }),
            json!({ "for": "1h" }),
            json!({ "provider": "github" }),
            json!([]),
        ];
        let mut met = BTreeSet::new();
        for (method, path) in operations(&document) {
            for caller in &callers {
                for query in asked {
                    let bodies = if method == "POST" { &bodies[..] } else { &bodies[..1] };
                    for body in bodies {
                        let mut request = dcaas.request(&method, &format!("{path}{query}"));
                        if let Some(token) = caller {
                            request = request.bearer_auth(&token.0);
                        }
                        if method == "POST" {
                            request = request.json(body);
                        }
                        met.insert(is_described(&document, &method, &path, &dcaas.send(request).await));
                    }
                }
            }
        }
        assert_eq!(met, BTreeSet::from([200, 202, 400, 401, 403, 409]), "what a wish alone can bring about");
        // more than anybody reads
        for (method, path) in operations(&document).iter().filter(|(method, _)| method == "POST") {
            let request = dcaas.request(method, path).bearer_auth(&good.0).body(vec![b'x'; 5 << 20]);
            assert_eq!(is_described(&document, method, path, &dcaas.send(request).await), 413);
        }
        // nothing answers: what others have to mend is described, too
        for party in ["kubernetes", "blob"] {
            dcaas.fault(json!({ "party": party, "times": null, "fault": { "status": 403 } })).await;
        }
        for (method, path) in operations(&document).iter().filter(|(_, path)| path != "/api/membership") {
            met.insert(is_described(&document, method, path, &plain(&dcaas, &good, method, path).await));
        }
        assert!(met.contains(&502) || met.contains(&503), "{met:?}");
        // and so is what an admin has set up wrongly
        dcaas.change(json!({ "GRACE": "soon" })).await;
        for (method, path) in operations(&document) {
            met.insert(is_described(&document, &method, &path, &plain(&dcaas, &good, &method, &path).await));
        }
        assert!(met.contains(&500), "{met:?}");
    })
    .await;
}
