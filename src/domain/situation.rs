//! What a person is told about a workspace: its phase, one sentence, and what to do next.

use chrono::{DateTime, Utc};

/// Where a workspace stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There is none.
    Absent,
    /// Off; its disk and data are kept.
    Stopped,
    /// A start waits for the person to sign in.
    SignIn,
    Starting,
    Running,
    Stopping,
    /// It can not go on by itself, or not soon.
    Failed,
}

impl Phase {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Stopped => "stopped",
            Self::SignIn => "sign-in",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }
}

/// A workspace's state in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    pub phase: Phase,
    /// One sentence: what is, or what it waits for.
    pub says: String,
    /// What the person can do, where there is something to do.
    pub next: Option<String>,
    pub since: Option<DateTime<Utc>>,
    /// How long this usually takes, in words, where it passes by itself.
    pub usually: Option<&'static str>,
}

impl Situation {
    #[must_use]
    pub fn new(phase: Phase, says: impl Into<String>, since: Option<DateTime<Utc>>) -> Self {
        Self { phase, says: says.into(), next: None, since, usually: None }
    }

    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn also(mut self, sentence: &str) -> Self {
        self.says.push(' ');
        self.says.push_str(sentence);
        self
    }

    /// The same, told to somebody else: `they` takes the same forms of verbs as `you`.
    #[must_use]
    pub fn of_another(mut self) -> Self {
        self.says = of_another(&self.says);
        self.next = self.next.as_deref().map(of_another);
        self
    }

    #[must_use]
    pub fn usually(mut self, usually: &'static str) -> Self {
        self.usually = Some(usually);
        self
    }
}

fn of_another(text: &str) -> String {
    let mut before = "";
    let words = text.split(' ').map(|whole| {
        let word = whole.trim_end_matches(['.', ',', ';', ':']);
        let told = match word {
            "You" => "They",
            "you" if before == "told" || before == "to" => "them",
            "you" => "they",
            "Your" => "Their",
            "your" => "their",
            // also what is quoted: a name stays as it is
            other => other,
        };
        before = word;
        format!("{told}{}", &whole[word.len()..])
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_is_told_can_be_told_to_another() {
        let rows = [
            ("Your workspace is off: you asked for it.", "Their workspace is off: they asked for it."),
            ("If nobody told you why, ask an admin.", "If nobody told them why, ask an admin."),
            ("There is no image 'your/you:1'.", "There is no image 'your/you:1'."),
            (
                "Stop it, and tell an admin what you see here.",
                "Stop it, and tell an admin what they see here.",
            ),
            ("", ""),
        ];
        for (own, other) in rows {
            assert_eq!(of_another(own), other);
        }
    }
}
