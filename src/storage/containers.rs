//! The members' account: one container a member.

use std::{sync::Arc, time::Duration};

use azure_core::{
    credentials::TokenCredential,
    error::ErrorKind,
    http::{StatusCode, Url},
};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use backon::{ConstantBuilder, Retryable};

use super::{Error, transport};
use crate::{config::StorageSettings, domain::member::Member};

/// How long the client may take, with its own tries at what storage refuses; it waits for ever where there is
/// no answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);

/// How often it is asked again after it gave no answer.
const AGAIN: usize = 2;

/// The members' account.
#[derive(Clone)]
pub struct Storage {
    pub(super) blobs: Arc<BlobServiceClient>,
}

impl Storage {
    /// # Errors
    /// When the address can not be used; nothing is connected yet.
    pub fn new(settings: &StorageSettings, credential: Arc<dyn TokenCredential>) -> azure_core::Result<Self> {
        let url = Url::parse(&settings.blob_url)?;
        let options = BlobServiceClientOptions { client_options: transport::options(), ..Default::default() };
        Ok(Self { blobs: Arc::new(BlobServiceClient::new(url, Some(credential), Some(options))?) })
    }

    /// Makes the member's container; one that is there already is success.
    ///
    /// # Errors
    /// When the account refuses or does not answer, also while a deleted container of that name goes.
    pub async fn ensure_container(&self, member: Member) -> Result<(), Error> {
        self.ensure(&member.namespace()).await
    }

    pub(super) async fn ensure(&self, name: &str) -> Result<(), Error> {
        let container = self.blobs.blob_container_client(name);
        let exists = |e: &azure_core::Error| is(e, StatusCode::Conflict, &["ContainerAlreadyExists"]);
        again(|| async { done(container.create(None), exists).await }).await
    }

    /// Deletes the member's container with all that is in it; one that is not there is success.
    ///
    /// # Errors
    /// When the account refuses or does not answer.
    pub async fn delete_container(&self, member: Member) -> Result<(), Error> {
        let container = self.blobs.blob_container_client(&member.namespace());
        let gone = |e: &azure_core::Error| {
            is(e, StatusCode::NotFound, &["ContainerNotFound"])
                || is(e, StatusCode::Conflict, &["ContainerBeingDeleted"])
        };
        again(|| async { done(container.delete(None), gone).await }).await
    }
}

/// One try, within bounds; some refusals say that it is so already.
pub(super) async fn done<T>(
    call: impl Future<Output = azure_core::Result<T>>,
    so_already: impl Fn(&azure_core::Error) -> bool,
) -> Result<(), Error> {
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => Err(Error::Silent(PATIENCE)),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) if so_already(&e) => Ok(()),
        Ok(Err(e)) => Err(e.into()),
    }
}

/// Asks again after no answer came.
pub(super) async fn again<T, F: Future<Output = Result<T, Error>>>(
    once: impl FnMut() -> F,
) -> Result<T, Error> {
    once.retry(ConstantBuilder::new().with_delay(Duration::from_millis(300)).with_max_times(AGAIN))
        .when(|e| matches!(e, Error::Silent(_)))
        .await
}

/// Whether storage refused with this status for one of these reasons.
pub(super) fn is(error: &azure_core::Error, status: StatusCode, codes: &[&str]) -> bool {
    matches!(
        error.kind(),
        ErrorKind::HttpResponse { status: told, error_code: Some(code), .. }
            if *told == status && codes.contains(&code.as_str())
    )
}
