//! What is new in a notice, and which terminals were not told of it yet. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::agent::terminals::Numbers;
use crate::pod::Notice;

/// A stop comes with the sweep after its time; later, whoever announced it is gone.
const OVERDUE: TimeDelta = TimeDelta::minutes(15);

/// Something that people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The workspace will be stopped then.
    Stop { at: DateTime<Utc>, why: String },
    /// The stop that was announced does not come.
    TakenBack { why: String },
    /// It is kept until then, whether a stop was announced or not.
    Kept { until: DateTime<Utc>, warned: bool, why: String },
}

/// What was heard last, and what of it is still to be told.
#[derive(Debug, Default)]
pub struct News {
    heard: Option<Notice>,
    /// To be told in terminals, as long as it is true.
    text: Option<String>,
    to: Audience,
    told: Numbers,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Audience {
    /// Also who opens a terminal later.
    #[default]
    Everybody,
    /// Who has a terminal open at the first look.
    Present,
    These(Numbers),
}

impl News {
    /// A notice as it is now; what is new in it, if anything is. To an agent that has only just started, a warning that
    /// holds is new, and nothing else: whoever was told of that is no longer here.
    pub fn hear(&mut self, notice: Notice) -> Option<Word> {
        let before = self.heard.replace(notice.clone());
        let first = before.is_none();
        let before = before.unwrap_or_default();
        let Notice { stop, keep, why } = notice;
        match (stop, keep) {
            (Some(at), _) if before.stop != stop => Some(Word::Stop { at, why }),
            (Some(_), _) => None,
            (None, Some(until)) if !first && (before.keep != keep || before.stop.is_some()) => {
                Some(Word::Kept { until, warned: before.stop.is_some(), why })
            }
            (None, None) if before.stop.is_some() => Some(Word::TakenBack { why }),
            (None, _) => None,
        }
    }

    /// This text, which says that word, is told from now on. That a warning was taken back matters to whom it was told.
    pub fn say(&mut self, word: &Word, text: String) {
        let told = std::mem::take(&mut self.told);
        self.to = match word {
            Word::Stop { .. } => Audience::Everybody,
            Word::Kept { .. } => Audience::Present,
            Word::TakenBack { .. } => Audience::These(told),
        };
        self.text = Some(text);
    }

    /// Whether a stop is announced and near: an overdue one is a control plane's that is not there.
    pub fn hurries(&self, now: DateTime<Utc>) -> bool {
        self.heard.as_ref().and_then(|notice| notice.stop).is_some_and(|stop| now < stop + OVERDUE)
    }

    /// Whether nothing is to be told, whoever comes.
    pub fn are_told(&self) -> bool {
        self.text.is_none()
    }

    /// The text, and those of the open terminals that were not told yet.
    pub fn left(&mut self, open: &Numbers) -> Option<(String, Numbers)> {
        // a number that was closed may be another's soon
        self.told.retain(|number| open.contains(number));
        match &mut self.to {
            Audience::Everybody => {}
            Audience::Present => self.to = Audience::These(open.clone()),
            Audience::These(these) => these.retain(|number| open.contains(number)),
        }
        let left: Numbers = match &self.to {
            Audience::Everybody | Audience::Present => open.difference(&self.told).copied().collect(),
            Audience::These(these) => these.difference(&self.told).copied().collect(),
        };
        if left.is_empty() {
            if self.to != Audience::Everybody {
                self.text = None;
            }
            return None;
        }
        Some((self.text.clone()?, left))
    }

    /// These were told.
    pub fn told(&mut self, terminals: Numbers) {
        self.told.extend(terminals);
    }
}

#[cfg(test)]
#[path = "news_tests.rs"]
mod tests;
