//! GET `/api/usage`: hours and costs of a month, of a member or of everybody, as JSON or CSV.

use std::sync::Arc;

use crate::{
    api::{
        exchange::{Content, Reply, Request},
        problem::{Code, Problem},
    },
    app::App,
    domain::usage::Month,
    turn::{door, usage},
};

/// 200, also where nothing was used.
///
/// # Errors
/// A problem with its next step.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let app = app.ready()?;
    let about = door::enter_for_all(app, &request, &["month", "format"]).await?;
    let month = match request.parameter("month")? {
        None => Month::of(app.now()),
        Some(text) => Month::parse(text).map_err(|e| {
            Problem::new(Code::BadRequest, e.to_string()).next("Give 'month' as 2026-11, or leave it out.")
        })?,
    };
    let as_csv = match request.parameter("format")? {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => {
            return Err(Problem::new(Code::BadRequest, "'format' can not be read")
                .next("Give 'format' as json or csv."));
        }
    };
    let body = usage::usage(app, about, month).await.map_err(|problem| about.told(problem))?;
    if !as_csv {
        return Ok(Reply::json(200, &body));
    }
    let table = body.csv().map_err(|e| {
        Problem::new(Code::Bug, "dcaas failed at the table").next("Ask for 'format' json.").cause(e)
    })?;
    let content_type = "text/csv; charset=utf-8";
    Ok(Reply { status: 200, content_type, retry_after: None, body: Content::Whole(table) })
}
