//! Tokens of our own: the function app's managed identity.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use tokio::sync::Mutex;

/// The managed identity, which keeps its tokens until five minutes before they end; a token that could
/// not be renewed then, as while the platform rotates its header, still serves for those five minutes.
#[derive(Debug)]
struct LastsToTheEnd<C> {
    credential: C,
    last: Mutex<HashMap<Vec<String>, AccessToken>>,
}

/// The credential for the cluster, storage and Graph: the user-assigned identity with that client id.
///
/// # Errors
/// When the platform offers no identity.
pub fn credential(client_id: &str) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let options = ManagedIdentityCredentialOptions {
        // a user-assigned identity must be named, also when it is the only one
        user_assigned_id: Some(UserAssignedId::ClientId(client_id.to_owned())),
        ..Default::default()
    };
    let credential = ManagedIdentityCredential::new(Some(options))?;
    Ok(Arc::new(LastsToTheEnd { credential, last: Mutex::default() }))
}

#[async_trait]
impl<C: TokenCredential> TokenCredential for LastsToTheEnd<Arc<C>> {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let key: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        match self.credential.get_token(scopes, options).await {
            Ok(token) => {
                self.last.lock().await.insert(key, token.clone());
                Ok(token)
            }
            Err(e) => {
                let last = self.last.lock().await.get(&key).cloned();
                last.filter(|token| token.expires_on > OffsetDateTime::now_utc()).ok_or(e)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use azure_core::{error::ErrorKind, time::Duration};

    use super::*;

    #[derive(Debug, Default)]
    struct Rotating {
        refuses: AtomicBool,
        seconds_left: i64,
    }

    #[async_trait]
    impl TokenCredential for Rotating {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            if self.refuses.load(Ordering::Relaxed) {
                return Err(azure_core::Error::with_message(ErrorKind::Credential, "401"));
            }
            let ends = OffsetDateTime::now_utc() + Duration::seconds(self.seconds_left);
            Ok(AccessToken::new("secret", ends))
        }
    }

    #[tokio::test]
    async fn a_token_serves_until_its_end_when_it_can_not_be_renewed() {
        for (seconds_left, serves) in [(200, true), (-1, false)] {
            let credential = Arc::new(Rotating { seconds_left, ..Default::default() });
            let own = LastsToTheEnd { credential: credential.clone(), last: Mutex::default() };
            own.get_token(&["a"], None).await.unwrap();
            credential.refuses.store(true, Ordering::Relaxed);
            assert_eq!(own.get_token(&["a"], None).await.is_ok(), serves, "{seconds_left}");
            assert!(own.get_token(&["b"], None).await.is_err(), "another scope has no token");
        }
    }
}
