//! Hears the control plane's notices, and tells them to the people at the terminals, once each.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Local, Utc};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::evidence;
use super::terminals::Terminals;
use super::voice::Voice;
use crate::pod::{ANNOTATIONS_FILE, Notice};

pub mod news;
pub mod words;

use news::News;

/// So often the file is looked at, and terminals that were opened meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The cluster allows annotations of 256 KiB, and quoting makes them longer.
const FILE_BYTES: u64 = 1024 * 1024;

/// What tells the notices.
pub struct Notices {
    /// The folder of the downward API's files.
    pub pod: PathBuf,
    pub terminals: Terminals,
    pub voice: Voice,
    /// Whether a stop is announced: then everything is looked at more often.
    pub warned: watch::Sender<bool>,
}

impl Notices {
    /// Hears and tells, for ever.
    pub async fn tell(self) {
        let mut again = interval(LOOK_EVERY);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = News::default();
        let mut look = evidence::Look::default();
        let mut malformed = None;
        loop {
            again.tick().await;
            let pod = self.pod.clone();
            let Ok(read) = spawn_blocking(move || current(&pod)).await else { return };
            match read {
                Ok(Ok(notice)) => {
                    malformed = None;
                    self.hear(&mut news, notice);
                }
                Ok(Err(why)) if malformed.as_ref() != Some(&why) => {
                    self.voice.say(&format!("a notice of the control plane is passed over: {why}"));
                    malformed = Some(why);
                }
                // between two versions of the file, or where there is none
                Ok(Err(_)) | Err(_) => {}
            }
            if news.are_told() {
                continue;
            }
            let looked = spawn_blocking(move || {
                look.renew(Utc::now());
                let open = evidence::open_terminals(&look);
                (look, open)
            });
            let Ok((look_then, open)) = looked.await else { return };
            look = look_then;
            // what can not be read now is tried again
            let Ok(open) = open else { continue };
            if let Some((text, to)) = news.left(&open) {
                news.told(self.terminals.tell(text, to, open).await);
            }
        }
    }

    fn hear(&self, news: &mut News, notice: Notice) {
        let now = Utc::now();
        if let Some(word) = news.hear(notice) {
            self.voice.say(&words::for_the_log(&word));
            news.say(&word, words::for_terminals(&word, now, &Local));
        }
        let hurry = news.hurries(now);
        if self.warned.send_if_modified(|warned| std::mem::replace(warned, hurry) != hurry) {
            self.voice.hurry(hurry);
        }
    }
}

/// The notice of now; one that says nothing where nothing was ever said. The inner error is why it can not be read.
pub fn current(pod: &Path) -> io::Result<Result<Notice, String>> {
    let mut text = String::new();
    std::fs::File::open(pod.join(ANNOTATIONS_FILE))?.take(FILE_BYTES).read_to_string(&mut text)?;
    Ok(Notice::in_file(&text).map(Option::unwrap_or_default))
}
