//! The storage accounts: the members' containers and usage records, and the queue of messages in the host's own
//! account.

mod containers;
mod queue;
mod transport;
mod usage;

pub use containers::Storage;
pub use queue::Queue;

use std::time::Duration;

use crate::api::problem::{Code, Problem};

/// Why storage did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("storage: {0}")]
    Azure(#[from] azure_core::Error),
    #[error("storage gave no answer within {0:?}")]
    Silent(Duration),
    #[error("the usage record {0} can not be read")]
    Record(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(Code::StorageUnavailable, "the storage account does not answer as it should just now")
            .next("Nothing is lost. It is tried again; if it goes on, tell an admin.")
            .cause(error)
    }
}
