//! Records of sessions: one blob each, made once however often a step is repeated.

use azure_core::http::{RequestContent, StatusCode};
use azure_storage_blob::models::BlobClientUploadOptions;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::{
    Error, Storage,
    containers::{again, done, is},
};
use crate::domain::usage::Usage;

/// The container of the records, in the members' account.
const USAGE: &str = "usage";

impl Storage {
    /// Keeps the record of a session. One that is there already stays as it is, and that is success.
    ///
    /// # Errors
    /// When the account refuses or does not answer.
    pub async fn record(&self, usage: &Usage) -> Result<(), Error> {
        match self.put(usage).await {
            Err(Error::Azure(e)) if is(&e, StatusCode::NotFound, &["ContainerNotFound"]) => {
                self.ensure(USAGE).await?;
                self.put(usage).await
            }
            done => done,
        }
    }

    async fn put(&self, usage: &Usage) -> Result<(), Error> {
        let blob = self.blobs.blob_client(USAGE, &path(usage));
        let text = render(usage);
        let there = |e: &azure_core::Error| {
            is(e, StatusCode::Conflict, &["BlobAlreadyExists"])
                || is(e, StatusCode::PreconditionFailed, &["ConditionNotMet"])
        };
        again(|| async {
            let options = BlobClientUploadOptions {
                blob_content_type: Some("application/json".to_owned()),
                ..Default::default()
            };
            let content = RequestContent::from(text.clone().into_bytes());
            done(blob.upload(content, Some(options.if_not_exists())), there).await
        })
        .await
    }
}

/// By the month in which the session began: `2026-11/<oid>/<session>.json`.
fn path(usage: &Usage) -> String {
    format!("{}/{}/{}.json", usage.started.format("%Y-%m"), usage.member, usage.session)
}

fn render(usage: &Usage) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "v": 1,
        "member": usage.member.to_string(),
        "session": usage.session,
        "profile": usage.profile,
        "image": usage.image,
        "started": time(usage.started),
        "ended": time(usage.ended),
        "by": usage.by.map(|by| by.to_string()),
        "why": usage.why,
        "pricePerHour": usage.price_per_hour,
    })
    .to_string()
}
