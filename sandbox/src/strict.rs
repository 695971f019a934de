//! What the world was asked and did not understand: answered with 501, remembered, and fatal at the end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// More than this many are counted, not kept: a client in a loop must not fill the memory.
const KEPT: usize = 1_000;

/// The list of things not understood, shared by all parts of a world; cloning it shares it.
#[derive(Clone, Default)]
pub struct Oddities(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    sentences: Vec<String>,
    more: usize,
}

impl Oddities {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers one, as a sentence that names the part and what it was asked.
    pub fn remember(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        tracing::warn!("not understood: {sentence}");
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.sentences.len() < KEPT {
            seen.sentences.push(sentence);
        } else {
            seen.more += 1;
        }
    }

    /// All that were remembered so far, oldest first.
    pub fn list(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = seen.sentences.clone();
        if seen.more > 0 {
            list.push(format!("and {} more", seen.more));
        }
        list
    }
}

impl fmt::Debug for Oddities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_remembers_in_the_same_list_and_the_list_is_bounded() {
        let oddities = Oddities::new();
        for n in 0..KEPT + 2 {
            oddities.clone().remember(format!("{n}"));
        }
        let list = oddities.list();
        assert_eq!(list.len(), KEPT + 1);
        assert_eq!((list[0].as_str(), list[KEPT].as_str()), ("0", "and 2 more"));
    }
}
