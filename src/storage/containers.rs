//! The members' account: one container a member.

use std::{sync::Arc, time::Duration};

use azure_core::{
    credentials::TokenCredential,
    error::ErrorKind,
    http::{StatusCode, Url},
};
use azure_storage_blob::BlobServiceClient;
use backon::{ConstantBuilder, Retryable};

use super::Error;
use crate::{config::StorageSettings, domain::member::Member};

/// How long the client may take, with its own tries at what storage refuses; it waits for ever where there is
/// no answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// How often it is asked again after it gave no answer.
const AGAIN: usize = 2;

/// The members' account.
#[derive(Clone)]
pub struct Storage {
    blobs: Arc<BlobServiceClient>,
}

impl Storage {
    /// # Errors
    /// When the address can not be used; nothing is connected yet.
    pub fn new(settings: &StorageSettings, credential: Arc<dyn TokenCredential>) -> azure_core::Result<Self> {
        let url = Url::parse(&settings.blob_url)?;
        Ok(Self { blobs: Arc::new(BlobServiceClient::new(url, Some(credential), None)?) })
    }

    /// Makes the member's container; one that is there already is success.
    ///
    /// # Errors
    /// When the account refuses or does not answer, also while a deleted container of that name goes.
    pub async fn ensure_container(&self, member: Member) -> Result<(), Error> {
        let container = self.blobs.blob_container_client(&member.namespace());
        let once = || async {
            match tokio::time::timeout(PATIENCE, container.create(None)).await {
                Err(_) => Err(Error::Silent(PATIENCE)),
                Ok(Ok(_)) => Ok(()),
                Ok(Err(e)) if exists_already(e.kind()) => Ok(()),
                Ok(Err(e)) => Err(e.into()),
            }
        };
        once.retry(ConstantBuilder::new().with_delay(Duration::from_millis(300)).with_max_times(AGAIN))
            .when(|e| matches!(e, Error::Silent(_)))
            .await
    }
}

fn exists_already(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::HttpResponse { status: StatusCode::Conflict, error_code: Some(code), .. } if code == "ContainerAlreadyExists"
    )
}
