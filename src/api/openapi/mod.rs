//! The description of the API (OpenAPI 3.1), from the types that the API itself reads and writes.

mod operations;
mod problems;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use self::operations::{Answer, Body, OPERATIONS, Operation};
use super::problem::{Code, ProblemBody};

/// What differs from one installation to the next.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Where the tenant signs people in, without a slash at the end: authority and tenant.
    pub tenant_url: &'a str,
    /// The client id that tokens are made for.
    pub client_id: &'a str,
    /// The names of the profiles.
    pub profiles: &'a [String],
    pub version: &'a str,
}

/// The generators of what is read and of what is written: a field that may be left out is another thing in each.
struct Generators {
    reads: SchemaGenerator,
    writes: SchemaGenerator,
}

impl Generators {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                // the description names its dialect once, for all
                settings.meta_schema = None;
            })
        };
        Self {
            reads: settings().for_deserialize().into_generator(),
            writes: settings().for_serialize().into_generator(),
        }
    }

    /// The schemas that were named, with the names of the profiles where one is asked for.
    fn components(mut self, profiles: &[String]) -> Map<String, Value> {
        let mut all = self.reads.take_definitions(true);
        all.extend(self.writes.take_definitions(true));
        if let Some(profile) =
            all.get_mut("StartBody").and_then(|start| start.pointer_mut("/properties/profile"))
        {
            let names = profiles.iter().map(|name| json!(name)).chain([Value::Null]);
            profile["enum"] = names.collect();
        }
        all
    }
}

/// The whole description.
#[must_use]
pub fn document(of: Described) -> Value {
    let mut generators = Generators::new();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let told = describe(operation, &mut generators);
        paths.insert(format!("/api/{}", operation.name), json!({ operation.method: told }));
    }
    let Described { tenant_url, client_id, profiles, version } = of;
    let scope = format!("{client_id}/.default");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dcaas",
            "version": version,
            "summary": "Dev containers as a service on AKS",
            "description": "Every error is `application/problem+json` with a `code` for programs, a sentence, and `next`: \
                what to do about it. Times are RFC 3339 in UTC. A wrong method is answered by the platform, with 404.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{ "url": "/" }],
        "security": [{ "entra": [scope] }],
        "paths": paths,
        "components": {
            "schemas": generators.components(profiles),
            "securitySchemes": { "entra": {
                "type": "oauth2",
                "description": "A token of the tenant, as `Authorization: Bearer`. A device signs in at the token's address with \
                    `devicecode` in place of `token`.",
                "flows": { "authorizationCode": {
                    "authorizationUrl": format!("{tenant_url}/oauth2/v2.0/authorize"),
                    "tokenUrl": format!("{tenant_url}/oauth2/v2.0/token"),
                    "scopes": { scope: "All that you may do here" },
                } },
            } },
        },
    })
}

fn describe(operation: &Operation, generators: &mut Generators) -> Value {
    let mut responses = Map::new();
    for answer in operation.answers {
        responses.insert(answer.status.to_string(), answered(answer, generators));
    }
    for (status, codes) in problems::by_status(operation) {
        responses.insert(status.to_string(), refused(status, &codes, generators));
    }
    let parameters: Vec<Value> = operation.takes.iter().map(|parameter| {
        let schema: Value = serde_json::from_str(parameter.schema).unwrap_or(Value::Bool(true));
        json!({
            "name": parameter.name, "in": "query", "required": false, "description": parameter.says, "schema": schema,
        })
    }).collect();
    let mut told = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(Body { schema, example }) = &operation.reads {
        let schema = schema(&mut generators.reads);
        let content = json!({ "schema": schema, "example": example_of(example) });
        told["requestBody"] = json!({ "required": false, "content": { "application/json": content } });
    }
    if operation.anonymous {
        told["security"] = json!([]);
    }
    told
}

fn answered(answer: &Answer, generators: &mut Generators) -> Value {
    let mut content = Map::new();
    for (kind, body) in answer.content {
        let told = match body {
            Some(Body { schema, example }) => {
                json!({ "schema": schema(&mut generators.writes), "example": example_of(example) })
            }
            None => json!({ "schema": { "type": "string" } }),
        };
        content.insert((*kind).to_owned(), told);
    }
    let mut told = json!({ "description": answer.says, "content": content });
    if answer.retry_after {
        told["headers"] = retry_after();
    }
    told
}

fn refused(status: u16, codes: &[Code], generators: &mut Generators) -> Value {
    let schema = generators.writes.subschema_for::<ProblemBody<'static>>();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            let problem = problems::example(*code);
            (code.word().to_owned(), json!({ "summary": problems::when(*code), "value": problem.body() }))
        })
        .collect();
    let words: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.word(), problems::when(*code))).collect();
    let content = json!({ "application/problem+json": { "schema": schema, "examples": examples } });
    let mut told = json!({ "description": words.join("; "), "content": content });
    if status == 401 {
        told["headers"] = json!({ "WWW-Authenticate": { "required": true, "schema": { "type": "string" } } });
    } else if codes.iter().any(|code| code.retry_after().is_some()) {
        told["headers"] = retry_after();
    }
    told
}

fn retry_after() -> Value {
    json!({ "Retry-After": {
        "description": "In seconds: when asking again makes sense", "required": false,
        "schema": { "type": "string", "pattern": "^[0-9]+$" },
    } })
}

/// # Panics
/// Never: a test reads every example.
fn example_of(text: &str) -> Value {
    serde_json::from_str(text).expect("an example is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Value {
        document(Described {
            tenant_url: "https://login.example/t",
            client_id: "c",
            profiles: &["t4".into(), "a100".into()],
            version: "1",
        })
    }

    #[test]
    fn what_is_named_is_described() {
        let document = told();
        let text = document.to_string();
        let named: Vec<&str> =
            text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.len() > 20, "{named:?}");
        for name in named {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
        let profile = &document["components"]["schemas"]["StartBody"]["properties"]["profile"];
        assert_eq!(profile["enum"], json!(["t4", "a100", null]));
    }

    #[test]
    fn every_problem_is_told_with_an_example() {
        let text = told().to_string();
        for code in problems::ALL {
            assert!(text.contains(&format!("\"code\":\"{}\"", code.word())), "{code:?}");
        }
    }
}
