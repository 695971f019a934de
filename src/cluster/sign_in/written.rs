//! A flow and an account as their Secrets hold them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use k8s_openapi::{ByteString, api::core::v1};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cluster::KeptFlow,
    config::Secret,
    domain::sign_in::{Account, Pending, Provider, UserCode},
};

/// The key of a flow, without the secret that polls need.
pub const FLOW: &str = "flow";
/// The key of that secret.
pub const DEVICE_CODE: &str = "device_code";

#[derive(Deserialize, Serialize)]
struct FlowNote {
    id: String,
    provider: String,
    user_code: String,
    page: String,
    expires: DateTime<Utc>,
    interval_ms: u64,
    next_poll: DateTime<Utc>,
    #[serde(default)]
    misses: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase", tag = "provider")]
enum AccountNote {
    GitHub { id: u64, login: String },
    Microsoft { tenant: String, oid: String },
}

/// A secret as a Secret holds it.
pub fn bytes(secret: &Secret) -> Value {
    json!(ByteString(secret.reveal().as_bytes().to_vec()))
}

pub fn write_flow(pending: &Pending) -> Value {
    let note = FlowNote {
        id: pending.id.clone(),
        provider: pending.provider.word().to_owned(),
        user_code: pending.user_code.reveal().to_owned(),
        page: pending.page.clone(),
        expires: pending.expires,
        interval_ms: u64::try_from(pending.interval.as_millis()).unwrap_or(u64::MAX),
        next_poll: pending.next_poll,
        misses: pending.misses,
    };
    json!(ByteString(serde_json::to_vec(&note).unwrap_or_default()))
}

pub fn read_flow(secret: &v1::Secret) -> Option<KeptFlow> {
    let data = secret.data.as_ref()?;
    let note: FlowNote = serde_json::from_slice(&data.get(FLOW)?.0).ok()?;
    let pending = Pending {
        id: note.id,
        provider: Provider::parse(&note.provider)?,
        user_code: UserCode::parse(&note.user_code)?,
        page: note.page,
        expires: note.expires,
        interval: Duration::from_millis(note.interval_ms),
        next_poll: note.next_poll,
        misses: note.misses,
    };
    let device_code = Secret::from(std::str::from_utf8(&data.get(DEVICE_CODE)?.0).ok()?);
    Some(KeptFlow { pending, device_code, version: secret.metadata.resource_version.clone()? })
}

pub fn write_account(account: &Account) -> String {
    let note = match account.clone() {
        Account::GitHub { id, login } => AccountNote::GitHub { id, login },
        Account::Microsoft { tenant, oid } => AccountNote::Microsoft { tenant, oid },
    };
    serde_json::to_string(&note).unwrap_or_default()
}

pub fn read_account(text: &str) -> Option<Account> {
    Some(match serde_json::from_str(text).ok()? {
        AccountNote::GitHub { id, login } => Account::GitHub { id, login },
        AccountNote::Microsoft { tenant, oid } => Account::Microsoft { tenant, oid },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_flow_is_read_as_it_was_written_and_not_printed() {
        let pending = Pending {
            id: "one".into(),
            provider: Provider::GitHub,
            user_code: UserCode::parse("WDJB-MJHT").unwrap(),
            page: "https://github.com/login/device".into(),
            expires: at(),
            interval: Duration::from_millis(5500),
            next_poll: at(),
            misses: 2,
        };
        let data =
            json!({ FLOW: write_flow(&pending), DEVICE_CODE: bytes(&Secret::from("the-device-code")) });
        let secret = json!({ "metadata": { "resourceVersion": "7" }, "data": data });
        let kept = read_flow(&serde_json::from_value(secret).unwrap()).unwrap();
        assert_eq!((kept.pending.clone(), kept.version.as_str()), (pending, "7"));
        assert_eq!(kept.device_code.reveal(), "the-device-code");
        let printed = format!("{kept:?}");
        assert!(!printed.contains("WDJB") && !printed.contains("the-device-code"), "{printed}");
    }

    #[test]
    fn a_flow_that_nobody_can_read_is_none() {
        for data in [json!({}), json!({ FLOW: "e30=" }), json!({ FLOW: "bm9uc2Vuc2U=", DEVICE_CODE: "eA==" })]
        {
            let secret = json!({ "metadata": { "resourceVersion": "7" }, "data": data });
            assert!(read_flow(&serde_json::from_value(secret).unwrap()).is_none());
        }
    }

    #[test]
    fn an_account_is_read_as_it_was_written() {
        let github = Account::GitHub { id: 7, login: "ada".into() };
        let microsoft = Account::Microsoft { tenant: "t".into(), oid: "o".into() };
        for account in [github, microsoft] {
            assert_eq!(read_account(&write_account(&account)), Some(account));
        }
        assert_eq!(read_account("ada"), None);
    }
}
