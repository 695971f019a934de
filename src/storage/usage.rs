//! Records of sessions: one blob each, made once however often a step is repeated. What counts of it stands in the
//! blob's metadata too, so that a list tells a month: one request for 5,000 records.

use std::collections::HashMap;

use azure_core::http::{RequestContent, StatusCode};
use azure_storage_blob::models::{
    BlobClientUploadOptions, BlobContainerClientListBlobsOptions, BlobItem, ListBlobsIncludeItem,
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::TryStreamExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;

use super::{
    Error, Storage,
    containers::{PATIENCE, again, done, is},
};
use crate::domain::{
    member::Member,
    usage::{Month, Spell, Usage},
};

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

    /// What counts of the sessions that began in a month, of everybody or of one person.
    ///
    /// # Errors
    /// When the account refuses or does not answer, or a record can not be read: a sum that leaves one out is wrong.
    pub async fn records(&self, month: Month, member: Option<Member>) -> Result<Vec<Spell>, Error> {
        let prefix = member.map_or_else(|| format!("{month}/"), |member| format!("{month}/{member}/"));
        again(|| async {
            match tokio::time::timeout(PATIENCE, self.list(&prefix)).await {
                Err(_) => Err(Error::Silent(PATIENCE)),
                // nobody has used anything yet
                Ok(Err(Error::Azure(e))) if is(&e, StatusCode::NotFound, &["ContainerNotFound"]) => {
                    Ok(Vec::new())
                }
                Ok(listed) => listed,
            }
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Spell>, Error> {
        let container = self.blobs.blob_container_client(USAGE);
        let options = BlobContainerClientListBlobsOptions {
            include: Some(vec![ListBlobsIncludeItem::Metadata]),
            prefix: Some(prefix.to_owned()),
            ..Default::default()
        };
        let listed = container.list_blobs(Some(options))?.map_err(Error::from);
        listed.and_then(async |blob| read(&blob)).try_collect().await
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
                metadata: Some(metadata(usage)),
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

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What a list shows of a record. Values are headers: ASCII alone.
fn metadata(usage: &Usage) -> HashMap<String, String> {
    let profile = utf8_percent_encode(&usage.profile, NON_ALPHANUMERIC).to_string();
    let mut values = HashMap::from([
        ("profile".to_owned(), profile),
        ("started".to_owned(), time(usage.started)),
        ("ended".to_owned(), time(usage.ended)),
    ]);
    values.extend(usage.price_per_hour.map(|price| ("price".to_owned(), price.to_string())));
    values
}

fn read(blob: &BlobItem) -> Result<Spell, Error> {
    let name = blob.name.as_deref().unwrap_or_default();
    let values = blob.metadata.as_ref().and_then(|metadata| metadata.values.as_ref());
    spell(name, values.unwrap_or(&HashMap::new())).ok_or_else(|| Error::Record(name.to_owned()))
}

fn spell(name: &str, values: &HashMap<String, String>) -> Option<Spell> {
    let mut parts = name.strip_suffix(".json")?.split('/').skip(1);
    let (member, session) = (Member::parse(parts.next()?).ok()?, parts.next()?.to_owned());
    let time = |key: &str| values.get(key)?.parse::<DateTime<Utc>>().ok();
    let profile = percent_decode_str(values.get("profile")?).decode_utf8().ok()?.into_owned();
    let price_per_hour = match values.get("price") {
        None => None,
        Some(price) => Some(price.parse().ok()?),
    };
    let (started, ended) = (time("started")?, Some(time("ended")?));
    Some(Spell { member, session, profile, started, ended, price_per_hour })
}

fn render(usage: &Usage) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_of_a_record_is_read_again_from_its_metadata() {
        let started = "2026-11-24T12:00:00.250Z".parse().unwrap();
        let usage = Usage {
            member: Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap(),
            session: "0f3c".into(),
            profile: "groß, 100 %".into(),
            image: "i".into(),
            started,
            ended: started + chrono::TimeDelta::minutes(90),
            by: None,
            why: "so".into(),
            price_per_hour: Some(0.53),
        };
        let (name, values) = (path(&usage), metadata(&usage));
        assert!(values.values().all(|value| value.is_ascii()), "{values:?}");
        let told = spell(&name, &values).unwrap();
        assert_eq!((&told.session, &told.profile), (&usage.session, &usage.profile));
        assert_eq!((told.member, told.started, told.ended), (usage.member, started, Some(usage.ended)));
        assert_eq!(told.price_per_hour, Some(0.53));
        let unpriced = metadata(&Usage { price_per_hour: None, ..usage.clone() });
        assert_eq!(spell(&name, &unpriced).unwrap().price_per_hour, None);
        for key in ["profile", "started", "ended"] {
            let mut fewer = values.clone();
            fewer.remove(key);
            assert_eq!(spell(&name, &fewer), None, "{key}");
        }
        assert_eq!(spell("2026-11/nobody/0f3c.json", &values), None);
        assert_eq!(spell("2026-11/readme.txt", &values), None);
    }
}
