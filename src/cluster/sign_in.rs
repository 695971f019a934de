//! What is kept of a member's sign-in: Secret `tunnel` with the token, Secret `sign-in` with a flow that is under way.

use chrono::{DateTime, SecondsFormat, Utc};
use k8s_openapi::{ByteString, api::core::v1};
use kube::{
    api::{DeleteParams, GetParams, PostParams, Preconditions},
    core::PartialObjectMeta,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

mod written;

use crate::{
    cluster::{
        json_patch::{VERSION, add, annotation, json_patch, replace, test},
        manifest::Owner,
        reads::Cluster,
        request::{Error, build, of},
    },
    config::Secret,
    domain::{
        member::Member,
        sign_in::{Account, Kept, Pending, Provider},
    },
    pod,
};
use written::{DEVICE_CODE, FLOW, bytes, read_account, read_flow, write_account, write_flow};

/// The Secret with the tunnel's token.
pub(super) const TUNNEL: &str = "tunnel";
/// The Secret with the flow.
pub(super) const SIGN_IN: &str = "sign-in";

/// When the person signed in.
const SINCE: &str = "dcaas.dev/signed-in";
/// Whose account the token opens.
const ACCOUNT: &str = "dcaas.dev/account";
/// Which flow brought it.
const BROUGHT_BY: &str = "dcaas.dev/flow";
/// When the relay was seen to reject it.
const REJECTED: &str = "dcaas.dev/rejected";

/// A flow as it is kept.
#[derive(Clone, Debug)]
pub struct KeptFlow {
    pub pending: Pending,
    pub device_code: Secret,
    pub version: String,
}

/// A token on its way into its Secret.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    pub provider: Provider,
    pub access: &'a Secret,
    pub refresh: Option<&'a Secret>,
    pub account: Option<&'a Account>,
    /// The flow that brought it.
    pub flow: &'a str,
    pub since: DateTime<Utc>,
}

impl Cluster {
    /// What is known of the token; the token itself is not read.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn kept(&self, member: Member) -> Result<Option<Kept>, Error> {
        let request = build(of::<v1::Secret>(member).get_metadata(TUNNEL, &GetParams::default()))?;
        match self.sender.send::<PartialObjectMeta<v1::Secret>>(request).await {
            Ok(secret) => Ok(Some(kept(&secret))),
            Err(Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The flow that is under way, if there is one. One that nobody can read counts as none.
    ///
    /// # Errors
    /// When the cluster can not tell.
    pub async fn flow(&self, member: Member) -> Result<Option<KeptFlow>, Error> {
        let request = build(of::<v1::Secret>(member).get(SIGN_IN, &GetParams::default()))?;
        match self.sender.send::<v1::Secret>(request).await {
            Ok(secret) => Ok(read_flow(&secret)),
            Err(Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Keeps a new flow, in place of the one that was seen, if any; whether it did, or somebody else was faster.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn keep_flow(
        &self,
        owner: Owner<'_>,
        seen: Option<&KeptFlow>,
        pending: &Pending,
        device_code: &Secret,
    ) -> Result<bool, Error> {
        let data = json!({ FLOW: write_flow(pending), DEVICE_CODE: bytes(device_code) });
        if let Some(seen) = seen {
            let ops = vec![test(VERSION, &seen.version), replace("/data", data)];
            return self.patch_secret(owner.member, SIGN_IN, ops).await.map(|secret| secret.is_some());
        }
        let secret = owner.secret(SIGN_IN, json!({ "data": data }));
        let params = PostParams { field_manager: Some("dcaas".to_owned()), ..Default::default() };
        let body = secret.body.to_string().into_bytes();
        match self
            .sender
            .send::<IgnoredAny>(build(of::<v1::Secret>(owner.member).create(&params, body))?)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error::Conflict(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Moves the flow that was seen on; what it is then, or none where somebody else was faster.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn move_flow(
        &self,
        member: Member,
        seen: &KeptFlow,
        pending: &Pending,
    ) -> Result<Option<KeptFlow>, Error> {
        let ops = vec![test(VERSION, &seen.version), replace(&format!("/data/{FLOW}"), write_flow(pending))];
        Ok(self.patch_secret(member, SIGN_IN, ops).await?.as_ref().and_then(read_flow))
    }

    /// Ends the flow that was seen; one that is another by now stays.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn end_flow(&self, member: Member, seen: &KeptFlow) -> Result<(), Error> {
        let seen = Preconditions { uid: None, resource_version: Some(seen.version.clone()) };
        let params = DeleteParams { preconditions: Some(seen), ..Default::default() };
        self.sender.delete_seen(build(of::<v1::Secret>(member).delete(SIGN_IN, &params))?).await.map(|_| ())
    }

    /// Keeps a token, in place of the one that is there, in one request. What a rejection noted was about the one before:
    /// it is older than this one, and counts no more.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn keep_token(&self, owner: Owner<'_>, token: NewToken<'_>) -> Result<(), Error> {
        let mut data = json!({
            pod::PROVIDER_KEY: ByteString(token.provider.word().as_bytes().to_vec()),
            pod::ACCESS_TOKEN_KEY: bytes(token.access),
        });
        if let Some(refresh) = token.refresh {
            data[pod::REFRESH_TOKEN_KEY] = bytes(refresh);
        }
        let since = token.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut notes = json!({ SINCE: since, BROUGHT_BY: token.flow });
        if let Some(account) = token.account {
            notes[ACCOUNT] = json!(write_account(account));
        }
        let secret = owner.secret(TUNNEL, json!({ "metadata": { "annotations": notes }, "data": data }));
        self.apply(&secret).await
    }

    /// Notes that the relay rejected the token that was seen, and no newer one.
    ///
    /// # Errors
    /// When the cluster refuses it, or does not answer.
    pub async fn reject_token(&self, member: Member, seen: &Kept, now: DateTime<Utc>) -> Result<(), Error> {
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        // another one by now: the next look tells
        let ops = vec![test(VERSION, &seen.version), add(&annotation(REJECTED), at)];
        self.patch_secret(member, TUNNEL, ops).await.map(|_| ())
    }

    /// The Secret as it is then; none where it is not as it was seen.
    async fn patch_secret(
        &self,
        member: Member,
        name: &str,
        ops: Vec<Value>,
    ) -> Result<Option<v1::Secret>, Error> {
        match self.sender.send(json_patch(&of::<v1::Secret>(member), name, ops)?).await {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::Changed | Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

fn kept(secret: &PartialObjectMeta<v1::Secret>) -> Kept {
    let note = |name: &str| secret.metadata.annotations.as_ref().and_then(|all| all.get(name));
    let time = |name: &str| note(name).and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let since = time(SINCE);
    // one that nobody can read, or of a token that nobody dated, is believed
    let about_this = || time(REJECTED).zip(since).is_none_or(|(rejected, since)| rejected > since);
    Kept {
        since,
        account: note(ACCOUNT).and_then(|text| read_account(text)),
        flow: note(BROUGHT_BY).cloned(),
        rejected: note(REJECTED).is_some() && about_this(),
        version: secret.metadata.resource_version.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_counts_for_the_token_that_it_came_after() {
        let (early, late) = ("2026-11-24T12:00:00Z", "2026-11-24T12:00:01Z");
        for (notes, rejected) in [
            (json!({}), false),
            (json!({ SINCE: early }), false),
            (json!({ SINCE: early, REJECTED: late }), true),
            (json!({ SINCE: late, REJECTED: early }), false),
            (json!({ SINCE: late, REJECTED: late }), false),
            (json!({ REJECTED: early }), true),
            (json!({ SINCE: early, REJECTED: "nonsense" }), true),
        ] {
            let secret = json!({ "metadata": { "resourceVersion": "7", "annotations": notes } });
            assert_eq!(kept(&serde_json::from_value(secret).unwrap()).rejected, rejected, "{notes}");
        }
    }
}
