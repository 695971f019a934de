//! The operations: one row for each route, with what it takes, reads, answers and refuses.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::api::{
    body::{HealthBody, KeepBody, NoBody, SignInWish, StartBody, StatusBody},
    problem::Code,
    usage::UsageBody,
    workspaces::WorkspacesBody,
};

/// A route: `/api/` and its name, with the one method that it has.
pub struct Operation {
    pub name: &'static str,
    /// In lower case.
    pub method: &'static str,
    pub summary: &'static str,
    pub takes: &'static [Parameter],
    pub reads: Option<Body>,
    pub answers: &'static [Answer],
    /// Beyond what is met everywhere.
    pub refuses: &'static [Code],
    /// Whether nobody has to say who they are.
    pub anonymous: bool,
}

/// A parameter of the query; none has to be given.
pub struct Parameter {
    pub name: &'static str,
    pub says: &'static str,
    /// As JSON.
    pub schema: &'static str,
}

/// A JSON body: its type, and an example of it as JSON.
pub struct Body {
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub example: &'static str,
}

/// An answer that is no problem.
pub struct Answer {
    pub status: u16,
    pub says: &'static str,
    pub retry_after: bool,
    /// By content type; without a body it is a text.
    pub content: &'static [(&'static str, Option<Body>)],
}

const fn parameter(name: &'static str, says: &'static str, schema: &'static str) -> Parameter {
    Parameter { name, says, schema }
}

const fn body<T: JsonSchema>(example: &'static str) -> Body {
    Body { schema: SchemaGenerator::subschema_for::<T>, example }
}

const fn answer(status: u16, says: &'static str, content: &'static [(&'static str, Option<Body>)]) -> Answer {
    Answer { status, says, retry_after: false, content }
}

const fn under_way(
    status: u16,
    says: &'static str,
    content: &'static [(&'static str, Option<Body>)],
) -> Answer {
    Answer { status, says, retry_after: true, content }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

const MEMBER: Parameter = parameter(
    "member",
    "The object id of the person who is meant; only an admin may name another one",
    r#"{"type":"string","format":"uuid"}"#,
);

const RUNS: &str = r#"{"phase":"running","says":"Your workspace runs and can be reached.","since":"2026-11-24T12:00:00Z",
    "profile":"t4","image":"dcaas.azurecr.io/workspace:1","session":"0f3c0f3c0f3c0f3c0f3c0f3c0f3c0f3c",
    "address":"https://vscode.dev/tunnel/dc-4f2e40412fc7"}"#;
const STARTS: &str = r#"{"phase":"starting","says":"Your workspace starts: a machine is asked for.",
    "since":"2026-11-24T12:00:00Z","usually":"3 to 10 minutes","profile":"t4","image":"dcaas.azurecr.io/workspace:1",
    "session":"0f3c0f3c0f3c0f3c0f3c0f3c0f3c0f3c"}"#;
const WAITS: &str = r#"{"phase":"sign-in","says":"Your start waits until you have signed in to GitHub.",
    "since":"2026-11-24T12:00:00Z","signIn":{"provider":"github","says":"The code is good for 14 minutes.","next":null,
    "page":"https://github.com/login/device","code":"WDJB-MJHT","expires":"2026-11-24T12:15:00Z","licence":"By using the software, you agree"}}"#;
const ENDS: &str = r#"{"phase":"stopping","says":"Your workspace ends. Home and data are kept.",
    "since":"2026-11-24T12:00:00Z","usually":"under a minute"}"#;
const OFF: &str = r#"{"phase":"stopped","says":"Your workspace is off: you asked for it. Home and data are kept.",
    "since":"2026-11-24T12:00:00Z"}"#;

/// Every route that people and programs call.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "health",
        method: "get",
        summary: "Whether the app is set up, reaches the cluster and follows the group",
        takes: &[],
        reads: None,
        answers: &[
            answer(
                200,
                "All is well",
                &[(
                    JSON,
                    Some(body::<HealthBody>(
                        r#"{"healthy":true,"version":"0.1.0","compared":"2026-11-24T12:00:00Z","faults":[]}"#,
                    )),
                )],
            ),
            answer(
                503,
                "Something is not: `faults` says what",
                &[(
                    JSON,
                    Some(body::<HealthBody>(
                        r#"{"healthy":false,"version":"0.1.0","compared":null,"faults":["GROUP_ID is missing"]}"#,
                    )),
                )],
            ),
        ],
        refuses: &[],
        anonymous: true,
    },
    Operation {
        name: "keep",
        method: "post",
        summary: "Keeps a workspace for a time, whether it is used or not",
        takes: &[MEMBER],
        reads: Some(body::<KeepBody>(r#"{"for":"3h"}"#)),
        answers: &[
            answer(200, "What holds now; `life` says until when", &[(JSON, Some(body::<StatusBody>(RUNS)))]),
            under_way(202, "The same, while it starts", &[(JSON, Some(body::<StatusBody>(STARTS)))]),
        ],
        refuses: &[Code::NotRunning],
        anonymous: false,
    },
    Operation {
        name: "logs",
        method: "get",
        summary: "What a workspace prints; as it comes, if that is wished for",
        takes: &[
            MEMBER,
            parameter(
                "tail",
                "How many of the last lines",
                r#"{"type":"integer","minimum":0,"maximum":5000,"default":200}"#,
            ),
            parameter(
                "follow",
                "Whether to go on; such a stream beats every 20 s, and ends after 200 s with a cursor",
                r#"{"type":"boolean","default":false}"#,
            ),
            parameter("since", "A time, best the last cursor", r#"{"type":"string","format":"date-time"}"#),
        ],
        reads: None,
        answers: &[answer(200, "The lines", &[(TEXT, None)])],
        refuses: &[Code::NotRunning],
        anonymous: false,
    },
    Operation {
        name: "membership",
        method: "post",
        summary: "For Microsoft Graph alone: the handshake and notifications of a subscription to the group",
        takes: &[parameter(
            "validationToken",
            "What a handshake has to be answered with",
            r#"{"type":"string"}"#,
        )],
        reads: None,
        answers: &[
            answer(200, "The token, as it came", &[(TEXT, None)]),
            answer(202, "Taken; a forgery is answered in the same way", &[(TEXT, None)]),
        ],
        refuses: &[Code::StorageUnavailable],
        anonymous: true,
    },
    Operation {
        name: "openapi",
        method: "get",
        summary: "This description",
        takes: &[],
        reads: None,
        answers: &[answer(
            200,
            "OpenAPI 3.1",
            &[(
                JSON,
                Some(Body {
                    schema: SchemaGenerator::subschema_for::<
                        std::collections::BTreeMap<String, serde_json::Value>,
                    >,
                    example: r#"{"openapi":"3.1.0"}"#,
                }),
            )],
        )],
        refuses: &[],
        anonymous: true,
    },
    Operation {
        name: "signin",
        method: "post",
        summary: "Begins a sign-in to the tunnel, also anew and while a workspace runs",
        takes: &[MEMBER],
        reads: Some(body::<SignInWish>(r#"{"provider":"github"}"#)),
        answers: &[
            answer(200, "It is over already", &[(JSON, Some(body::<StatusBody>(OFF)))]),
            under_way(
                202,
                "`signIn` has the code, and where to enter it",
                &[(JSON, Some(body::<StatusBody>(WAITS)))],
            ),
        ],
        refuses: &[Code::SignInRefused, Code::SignInUnavailable],
        anonymous: false,
    },
    Operation {
        name: "start",
        method: "post",
        summary: "Starts a workspace; asking twice is asking once",
        takes: &[MEMBER],
        reads: Some(body::<StartBody>(r#"{"profile":"t4"}"#)),
        answers: &[
            answer(200, "It runs", &[(JSON, Some(body::<StatusBody>(RUNS)))]),
            under_way(202, "It starts, or waits for a sign-in", &[(JSON, Some(body::<StatusBody>(STARTS)))]),
        ],
        refuses: &[
            Code::UnknownProfile,
            Code::ProfileNotYours,
            Code::ImageNotAllowed,
            Code::BudgetSpent,
            Code::RunsAnother,
            Code::SignInRefused,
            Code::SignInUnavailable,
        ],
        anonymous: false,
    },
    Operation {
        name: "status",
        method: "get",
        summary: "Where a workspace stands, in words",
        takes: &[MEMBER],
        reads: None,
        answers: &[under_way(200, "Whatever its phase is", &[(JSON, Some(body::<StatusBody>(RUNS)))])],
        refuses: &[Code::KeepsChanging],
        anonymous: false,
    },
    Operation {
        name: "stop",
        method: "post",
        summary: "Stops a workspace, from any state; home and data are kept",
        takes: &[MEMBER],
        reads: Some(body::<NoBody>("{}")),
        answers: &[
            answer(200, "It is off", &[(JSON, Some(body::<StatusBody>(OFF)))]),
            under_way(202, "It ends", &[(JSON, Some(body::<StatusBody>(ENDS)))]),
        ],
        refuses: &[],
        anonymous: false,
    },
    Operation {
        name: "usage",
        method: "get",
        summary: "Hours and cost of a month",
        takes: &[
            MEMBER,
            parameter(
                "all",
                "Everybody, for admins, in place of one member",
                r#"{"type":"boolean","default":false}"#,
            ),
            parameter(
                "month",
                "This one, if none is named",
                r#"{"type":"string","pattern":"^[0-9]{4}-(0[1-9]|1[0-2])$","examples":["2026-11"]}"#,
            ),
            parameter("format", "As JSON or as a table", r#"{"enum":["json","csv"],"default":"json"}"#),
        ],
        reads: None,
        answers: &[answer(
            200,
            "What was used",
            &[
                (
                    JSON,
                    Some(body::<UsageBody>(
                        r#"{"month":"2026-11","currency":"EUR","says":"1.0 hours and 0.53 EUR in 2026-11.","hours":1.0,"cost":0.53,
                "unpriced":0,"members":[{"member":"6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b","hours":1.0,"cost":0.53,"sessions":1,
                "running":false,"profiles":[{"profile":"t4","hours":1.0,"cost":0.53,"sessions":1}],
                "days":[{"day":"2026-11-03","hours":1.0,"cost":0.53}],"budget":null}]}"#,
                    )),
                ),
                ("text/csv; charset=utf-8", None),
            ],
        )],
        refuses: &[],
        anonymous: false,
    },
    Operation {
        name: "workspaces",
        method: "get",
        summary: "For admins: everybody, the brake, and the last comparison with the group",
        takes: &[MEMBER],
        reads: None,
        answers: &[answer(
            200,
            "Everybody who has something here",
            &[(
                JSON,
                Some(body::<WorkspacesBody>(
                    r#"{"brake":null,"comparison":{"at":"2026-11-24T12:10:00Z","fault":null},"people":[{
            "member":"6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b","name":"Ada","phase":"stopped","says":"Their workspace is off.",
            "since":"2026-11-24T12:00:00Z"}]}"#,
                )),
            )],
        )],
        refuses: &[],
        anonymous: false,
    },
];
