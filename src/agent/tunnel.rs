//! Keeps the tunnel signed in and running, and the line's link true.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::code::{Code, Token};
use super::kept::Kept;
use super::pace::Backoff;
use super::voice::Voice;
use super::watch::{Fault, Watch};
use crate::domain::link::Refused;

mod run;

/// The token's files are looked at so often.
const LOOK_FOR_TOKEN: Duration = Duration::from_secs(2);
/// A token that was rejected is tried again after so long: the fault may have been the relay's.
const TRY_REJECTED_AGAIN: Duration = Duration::from_secs(300);

/// What keeps a tunnel.
pub struct Tunnel {
    pub code: Code,
    pub name: String,
    pub token: PathBuf,
    /// Whoever deployed this accepted the licence of the VS Code server.
    pub licence: bool,
    pub kept: Kept,
    pub voice: Voice,
    /// Cancelled when the tunnel is to end.
    pub stop: CancellationToken,
    /// From then on, so long at most.
    pub grace: Duration,
}

/// How one run of the tunnel came to its end.
enum Ended {
    ByItself(String),
    ByUs(Fault),
    /// There is another token to sign in with.
    NewToken,
    Stopped,
}

/// What is known of the CLI's sign-in.
#[derive(Default)]
struct SignIn {
    /// The token that it was made with.
    used: Option<Token>,
    /// The one that the CLI has does not do.
    needed: bool,
}

impl Tunnel {
    /// Runs until the stop, and ends the tunnel then.
    pub async fn keep(self) {
        let mut watch = Watch::new(&self.name, Utc::now());
        if self.licence {
            self.kept.restore().await;
            self.run_again_and_again(&mut watch).await;
        } else {
            watch.refused(Refused::LicenceNotAccepted.why(), Utc::now());
            self.voice.set_link(watch.link());
            self.stop.cancelled().await;
        }
        watch.stops(Utc::now());
        self.voice.set_link(watch.link());
    }

    async fn run_again_and_again(&self, watch: &mut Watch) {
        let mut backoff = Backoff::default();
        let mut sign_in = SignIn::default();
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            let how = match self.sign_in(&mut sign_in, watch).await {
                Ok(false) => return,
                Ok(true) => self.run(&sign_in, watch).await,
                Err(why) => {
                    watch.refused(&why, Utc::now());
                    Ended::ByItself(why)
                }
            };
            self.voice.set_link(watch.link());
            self.kept.save().await;
            let wait = backoff.after(began.elapsed());
            sign_in.needed |= matches!(how, Ended::ByUs(Fault::Rejected) | Ended::NewToken);
            match how {
                Ended::Stopped => return,
                Ended::NewToken => {
                    self.voice.say("there is a new sign-in: the tunnel is started again with it");
                    continue;
                }
                Ended::ByUs(fault) => {
                    if fault == Fault::WrongName {
                        self.give_up_wrong_name().await;
                    }
                    self.voice.say(&format!("the tunnel is started again: {}", watch.link().why));
                }
                Ended::ByItself(how) => self.voice.say(&format!("{how}; again in {} s", wait.as_secs())),
            }
            self.stop.run_until_cancelled(sleep(wait)).await;
        }
    }

    /// Signs the CLI in if it must be. False: the workspace stops. A token that was rejected for good is not used
    /// again for a while.
    async fn sign_in(&self, sign_in: &mut SignIn, watch: &mut Watch) -> Result<bool, String> {
        if !sign_in.needed && self.code.signed_in().await? {
            // made by an agent before this one in the same pod, with the token that is there
            sign_in.used = sign_in.used.take().or_else(|| self.read_token());
            return Ok(true);
        }
        let rejected = Refused::of(watch.link()) == Some(Refused::TokenRejected);
        let again = Instant::now() + TRY_REJECTED_AGAIN;
        let token = loop {
            match self.read_token() {
                Some(token) if !rejected || sign_in.is_new(&token) || Instant::now() >= again => break token,
                None if !rejected => {
                    watch.refused(Refused::NoToken.why(), Utc::now());
                    self.voice.set_link(watch.link());
                }
                _ => {}
            }
            if self.stop.run_until_cancelled(sleep(LOOK_FOR_TOKEN)).await.is_none() {
                return Ok(false);
            }
        };
        self.code.sign_in(&token).await?;
        watch.signed_in(sign_in.is_new(&token), Utc::now());
        self.voice.set_link(watch.link());
        *sign_in = SignIn { used: Some(token), needed: false };
        Ok(true)
    }

    /// The token that is there now; whatever says it from now on, it is not let out.
    fn read_token(&self) -> Option<Token> {
        let token = Token::read(&self.token)?;
        token.secrets().for_each(|secret| self.voice.keep_secret(secret));
        Some(token)
    }

    /// The CLI made a tunnel of another name because ours was in use. Kept, it would be renamed at the next start
    /// without a look at who has the name, so it goes, from the account too.
    async fn give_up_wrong_name(&self) {
        if self.kept.is_another() {
            if let Err(why) = self.code.unregister().await {
                self.voice.say(&why);
            }
            self.kept.forget();
        }
    }
}

impl SignIn {
    fn is_new(&self, token: &Token) -> bool {
        self.used.as_ref() != Some(token)
    }
}
