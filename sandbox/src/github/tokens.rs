//! GitHub's tokens: whose they are, and which count no more.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::device_flows::secret;

/// So many tokens of one person, app and scope are good; with the next one the oldest goes
/// (github/docs: data/reusables/apps/oauth-token-limit).
const LIMIT: usize = 10;

/// All tokens that were issued, oldest first.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    good: Vec<Token>,
    /// Of those that nobody issued here.
    revoked: BTreeSet<String>,
}

#[derive(Clone)]
struct Token {
    text: String,
    login: String,
    client: String,
    scope: String,
}

impl Tokens {
    /// A new token of an account for an app.
    pub fn issue(&self, login: &str, client: &str, scope: &str) -> String {
        let text = format!("gho_{}", secret(36));
        let mut inner = self.inner();
        let new =
            Token { text: text.clone(), login: login.into(), client: client.into(), scope: scope.into() };
        let same = |token: &Token| {
            (&token.login, &token.client, &token.scope) == (&new.login, &new.client, &new.scope)
        };
        if inner.good.iter().filter(|token| same(token)).count() >= LIMIT
            && let Some(oldest) = inner.good.iter().position(same)
        {
            inner.good.remove(oldest);
        }
        inner.good.push(new);
        text
    }

    /// The account that a token opens. `gho_` and a login is a token of old that the world never issued: tests put
    /// such ones in place where they have no business with signing in.
    pub fn whose(&self, token: &str) -> Option<String> {
        let inner = self.inner();
        if let Some(issued) = inner.good.iter().find(|good| good.text == token) {
            return Some(issued.login.clone());
        }
        of_old(token).filter(|_| !inner.revoked.contains(token)).map(str::to_owned)
    }

    /// Whether it was good until now.
    pub fn revoke(&self, token: &str) -> bool {
        let was_good = self.whose(token).is_some();
        let mut inner = self.inner();
        inner.good.retain(|good| good.text != token);
        if of_old(token).is_some() {
            inner.revoked.insert(token.to_owned());
        }
        was_good
    }

    /// Revokes all tokens of an account, the one of old too; says how many of the others there were.
    pub fn revoke_all(&self, login: &str) -> usize {
        let mut inner = self.inner();
        let before = inner.good.len();
        inner.good.retain(|good| good.login != login);
        inner.revoked.insert(format!("gho_{login}"));
        before - inner.good.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The login in a token that was never issued here: those are longer than any login.
fn of_old(token: &str) -> Option<&str> {
    let login = token.strip_prefix("gho_")?;
    let fits = !login.is_empty() && login.len() < 36;
    (fits && login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')).then_some(login)
}

/// The number of an account: the same for the same login.
pub(super) fn number(login: &str) -> u32 {
    login.bytes().fold(583_231, |number: u32, byte| number.wrapping_mul(31).wrapping_add(byte.into())) >> 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// github/docs: data/reusables/apps/oauth-token-limit.
    #[test]
    fn with_the_eleventh_token_of_a_person_and_scope_the_first_goes() {
        let tokens = Tokens::default();
        let first: Vec<String> = (0..10).map(|_| tokens.issue("ada", "app", "read:user")).collect();
        tokens.issue("ada", "app", "read:org");
        tokens.issue("ben", "app", "read:user");
        assert!(first.iter().all(|token| tokens.whose(token).as_deref() == Some("ada")));
        tokens.issue("ada", "app", "read:user");
        assert_eq!(tokens.whose(&first[0]), None);
        assert!(tokens.whose(&first[1]).is_some());
    }

    #[test]
    fn a_token_counts_until_it_is_revoked_also_one_of_old() {
        let tokens = Tokens::default();
        let issued = tokens.issue("person-0123456789ab", "app", "");
        assert!(tokens.revoke(&issued) && !tokens.revoke(&issued));
        assert_eq!(tokens.whose(&issued), None);
        assert_eq!(tokens.whose("gho_person-0123456789ab").as_deref(), Some("person-0123456789ab"));
        tokens.issue("person-0123456789ab", "app", "");
        assert_eq!(tokens.revoke_all("person-0123456789ab"), 1);
        assert_eq!(tokens.whose("gho_person-0123456789ab"), None);
        for nonsense in ["", "gho_", "ghp_ada", "gho_a b", &format!("gho_{}", "x".repeat(36))] {
            assert_eq!(tokens.whose(nonsense), None, "{nonsense}");
        }
    }
}
