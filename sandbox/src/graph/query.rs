//! What a request asks for: the OData options that the world knows, the body, and pages.

use std::collections::BTreeSet;

use http_body_util::{BodyExt, Limited};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::refusal::Refusal;
use crate::listener::{self, Request};

/// A page has so many, if nothing else is asked (learn: graph/api/group-list-members, "default and maximum page
/// sizes are 100 and 999").
const USUAL: usize = 100;
const MOST: usize = 999;
/// Graph's requests are small; more than this is no request.
const BODY: usize = 4 << 20;

/// The options of a GET.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub select: Option<Vec<String>>,
    pub top: Option<usize>,
    pub count: bool,
    /// The last one of the page before.
    pub after: Option<Uuid>,
}

impl Query {
    /// Reads them; whatever is not among those `known` is not understood.
    pub fn read(request: &Request, known: &[&str]) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let text = request.uri().query().unwrap_or_default();
        let url = Url::parse(&format!("http://any/?{text}")).map_err(|_| Refusal::bad("Invalid query."))?;
        for (name, value) in url.query_pairs() {
            if !known.contains(&name.as_ref()) {
                return Err(Refusal::lacks(format!("query {name}")));
            }
            match name.as_ref() {
                "$select" => {
                    query.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect())
                }
                "$top" => query.top = Some(top(&value)?),
                "$count" => query.count = value == "true",
                _ => query.after = Some(value.parse().map_err(|_| bad_token())?),
            }
        }
        Ok(query)
    }

    /// Refuses what the world has no value for.
    pub fn check_select(&self, known: &[&str]) -> Result<(), Refusal> {
        let unknown = self.select.iter().flatten().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| Err(Refusal::lacks(format!("$select={name}"))))
    }

    /// The part of `all` that is on this page, and the way to the next.
    pub fn page(&self, request: &Request, all: &BTreeSet<Uuid>) -> (Vec<Uuid>, Option<String>) {
        let from = self.after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut rest = all.range((from, std::ops::Bound::Unbounded)).copied();
        let page: Vec<Uuid> = rest.by_ref().take(self.top.unwrap_or(USUAL)).collect();
        let next = rest.next().and(page.last()).map(|last| next_link(request, *last));
        (page, next)
    }
}

fn top(value: &str) -> Result<usize, Refusal> {
    let top = value.parse().ok().filter(|top| (1..=MOST).contains(top));
    let says = format!("Invalid page size specified: '{value}'. Must be between 1 and {MOST} inclusive.");
    top.ok_or_else(|| Refusal::new(400, "Request_UnsupportedQuery", says))
}

fn bad_token() -> Refusal {
    Refusal::new(
        400,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired or is invalid.",
    )
}

/// The same request again, from there on (learn: graph/paging: "also contains all the other query parameters").
fn next_link(request: &Request, last: Uuid) -> String {
    let query = request.uri().query().unwrap_or_default().split('&');
    let kept = query.filter(|part| !part.is_empty() && !part.to_ascii_lowercase().contains("skiptoken="));
    let mut parts: Vec<String> = kept.map(str::to_owned).collect();
    parts.push(format!("$skiptoken={last}"));
    format!("{}{}?{}", listener::called_as(request), request.uri().path(), parts.join("&"))
}

/// Whether the header is there that advanced queries need (learn: graph/aad-advanced-queries).
pub(super) fn eventual(request: &Request) -> bool {
    let level = request.headers().get("consistencylevel").and_then(|level| level.to_str().ok());
    level.is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

/// The body as JSON, in which nothing but what is `known` may stand.
pub(super) async fn body<T: DeserializeOwned>(request: Request, known: &[&str]) -> Result<T, Refusal> {
    let unreadable = || Refusal::new(400, "BadRequest", "Unable to read JSON request payload.");
    let whole = Limited::new(request.into_body(), BODY).collect().await.map_err(|_| unreadable())?.to_bytes();
    let map: Map<String, Value> = serde_json::from_slice(&whole).map_err(|_| unreadable())?;
    if let Some(name) = map.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Refusal::lacks(format!("property {name}")));
    }
    serde_json::from_value(Value::Object(map))
        .map_err(|error| Refusal::bad(format!("Invalid value: {error}.")))
}
