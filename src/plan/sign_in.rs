//! Signing in: when a flow is polled and by whom, what an answer means for it, and what a person reads meanwhile.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::domain::{
    member::Member,
    sign_in::{Account, NoToken, Pending, Provider},
    situation::{Phase, Situation},
};

/// What each `slow_down` adds, where the provider does not say more (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// How long it may take from the look at a flow to its poll: the next poll waits so much longer than the interval.
const CLAIMED_WITHIN: Duration = Duration::from_secs(2);

/// A provider that does not answer is asked less and less, at last once in this time.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// What a turn does with a flow that it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Poll, but only after `claim` has taken the place of what was seen, under its resourceVersion: of all who found
    /// the same, one wins, and only that one polls and comes again. Whoever has won after `latest` does not poll any
    /// more: the next one could come sooner after that than the provider wants.
    Poll { claim: Pending, latest: DateTime<Utc> },
    /// Nobody polls before that.
    Wait { until: DateTime<Utc> },
    /// It will bring no token.
    End(Ending),
}

/// What becomes of a flow whose poll brought no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on as this; where it is still the claim, there is nothing to write.
    Wait {
        pending: Pending,
    },
    End(Ending),
}

/// How a flow ended without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Declined,
    /// Nobody used the code in time.
    Expired,
    /// The provider did not answer until the code's time was over.
    Silent,
    /// The code was used, and what it brought is lost.
    Lost,
    /// The provider's word for programs.
    Refused {
        why: String,
    },
    /// Somebody else signed in with the code.
    AnotherPerson,
}

/// What a wish to sign in needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The flow that is there goes on, with the same code.
    Same,
    /// Another one, in place of what is there.
    New(Provider),
}

/// What an account that signed in means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Their own, as far as anybody can tell.
    Own,
    /// Not the one of last time: they should know, as an editor needs the same account.
    Changed { says: String },
    /// Another person of the tenant's: the token is not for this member's pod.
    Another,
}

/// What a turn does now with a flow as it was seen.
#[must_use]
pub fn next(seen: &Pending, now: DateTime<Utc>) -> Move {
    // one poll may come after the time: the person may have signed in at the last moment
    let last = seen.expires + seen.interval;
    if now >= last {
        return Move::End(too_late(seen));
    }
    if now < seen.next_poll {
        return Move::Wait { until: seen.next_poll.min(last) };
    }
    let latest = now + CLAIMED_WITHIN;
    Move::Poll { claim: Pending { next_poll: latest + back_off(seen), ..seen.clone() }, latest }
}

/// What becomes of a flow that was claimed and polled.
#[must_use]
pub fn after(claim: &Pending, answer: &NoToken, now: DateTime<Utc>) -> After {
    let pending = match answer {
        NoToken::Declined => return After::End(Ending::Declined),
        NoToken::Expired => return After::End(Ending::Expired),
        NoToken::UnknownCode => return After::End(Ending::Lost),
        NoToken::Refused { why } => return After::End(Ending::Refused { why: why.clone() }),
        NoToken::Waiting => {
            let after_a_miss = (claim.misses > 0).then(|| now + claim.interval);
            Pending { misses: 0, next_poll: after_a_miss.unwrap_or(claim.next_poll), ..claim.clone() }
        }
        NoToken::SlowDown { interval } => {
            let slower = (claim.interval + SLOWER).max(interval.unwrap_or_default());
            Pending { interval: slower, misses: 0, next_poll: now + slower, ..claim.clone() }
        }
        NoToken::Unavailable { wait } => {
            let missed = Pending { misses: claim.misses.saturating_add(1), ..claim.clone() };
            Pending { next_poll: now + back_off(&missed).max(wait.unwrap_or_default()), ..missed }
        }
    };
    if now >= pending.expires {
        return After::End(too_late(&pending));
    }
    After::Wait { pending }
}

/// Whether a wish to sign in, or to start without a token, goes on with the flow that is there.
#[must_use]
pub fn wanted(
    pending: Option<&Pending>,
    asked: Option<Provider>,
    usual: Provider,
    now: DateTime<Utc>,
) -> Wanted {
    match pending {
        Some(pending) if now < pending.expires && asked.is_none_or(|asked| asked == pending.provider) => {
            Wanted::Same
        }
        // whoever chose once has chosen
        Some(pending) => Wanted::New(asked.unwrap_or(pending.provider)),
        None => Wanted::New(asked.unwrap_or(usual)),
    }
}

/// Whose account signed in for a member of this tenant.
#[must_use]
pub fn whose(member: Member, tenant: &str, before: Option<&Account>, account: &Account) -> Whose {
    match (account, before) {
        (Account::Microsoft { tenant: theirs, oid }, _) if theirs.eq_ignore_ascii_case(tenant) => {
            if oid.eq_ignore_ascii_case(&member.to_string()) { Whose::Own } else { Whose::Another }
        }
        (Account::GitHub { id, login }, Some(Account::GitHub { id: old, login: known })) if id != old => {
            let says = format!(
                "You have signed in to GitHub as {login}, and were {known} before: your editor has to be signed in as \
                 {login} too."
            );
            Whose::Changed { says }
        }
        _ => Whose::Own,
    }
}

/// What a person reads while a flow waits for them. `start`: a start waits with it.
#[must_use]
pub fn waits(pending: &Pending, start: bool, asked: DateTime<Utc>, now: DateTime<Utc>) -> Situation {
    let Pending { provider, page, user_code, .. } = pending;
    let who = if start { "Your start" } else { "Your tunnel" };
    let says = format!("{who} waits until you have signed in to {provider}.");
    let code = user_code.reveal();
    let then =
        if start { "Your start goes on by itself then." } else { "Everything else goes on by itself." };
    let next = format!(
        "Open {page} in a browser, enter the code {code}, and allow Visual Studio Code, with the account that your \
         editor is signed in with. {then}"
    );
    let situation = Situation::new(Phase::SignIn, says, Some(asked));
    let situation = match good_for(pending, now) {
        Some(time) => situation.also(&format!("The code is good for {time}.")).next(next),
        None => situation
            .also("The time of the code is over.")
            .next("Ask again in a moment for what became of it."),
    };
    if pending.misses == 0 {
        return situation;
    }
    situation.also(&format!("{provider} does not answer just now; it is asked again by itself."))
}

/// How long a code is good for, in words; none when its time is over.
#[must_use]
pub fn good_for(pending: &Pending, now: DateTime<Utc>) -> Option<String> {
    match (pending.expires - now).num_seconds() {
        ..=0 => None,
        1 => Some("1 second".to_owned()),
        seconds @ 2..120 => Some(format!("{seconds} seconds")),
        seconds => Some(format!("{} minutes", seconds / 60)),
    }
}

impl Ending {
    /// What happened, as the reason of something that did not: "… is off: you declined the sign-in".
    #[must_use]
    pub fn why(&self, provider: Provider) -> String {
        match self {
            Self::Declined => format!("the sign-in was declined at {provider}"),
            Self::Expired => format!("the code for {provider} was not used in time"),
            Self::Silent => format!("{provider} did not answer until your code's time was over"),
            Self::Lost => format!("the code for {provider} counts no more, and brought no token"),
            Self::Refused { why } => format!("{provider} refused the sign-in ({why})"),
            Self::AnotherPerson => format!("somebody else signed in to {provider} with your code"),
        }
    }

    /// What the person can do.
    #[must_use]
    pub fn next(&self, provider: Provider) -> String {
        let again = "Start again for a new code";
        let other = provider.other();
        match (self, provider) {
            // a rule of an organisation shows on its page alone: the flow itself just runs out
            (Self::Expired, Provider::Microsoft) => {
                format!("{again}. If Microsoft's page did not let you in, start again with {other}.")
            }
            (Self::Expired | Self::Lost, _) => format!("{again}."),
            (Self::Declined, _) => format!("{again}, and allow Visual Studio Code there, or choose {other}."),
            (Self::Silent, _) => format!("{again}, now or later, or choose {other}."),
            (Self::Refused { .. }, _) => {
                format!("Start again with {other}. If you need {provider}, tell an admin.")
            }
            (Self::AnotherPerson, _) => {
                format!("{again}, sign in with your own account, and give the code to nobody.")
            }
        }
    }
}

/// For the log: without a code, an account or a sentence of the provider's.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined => f.write_str("declined"),
            Self::Expired => f.write_str("expired"),
            Self::Silent => f.write_str("no answer in time"),
            Self::Lost => f.write_str("the code is not known any more"),
            Self::Refused { why } => write!(f, "refused: {why}"),
            Self::AnotherPerson => f.write_str("another person of the tenant signed in"),
        }
    }
}

/// The time to the poll after this one, if this one brings no answer either (RFC 8628, 3.5: doubled each time).
fn back_off(pending: &Pending) -> Duration {
    let doubled = pending.interval.saturating_mul(2_u32.saturating_pow(pending.misses));
    doubled.min(LONGEST_BACK_OFF).max(pending.interval)
}

fn too_late(pending: &Pending) -> Ending {
    if pending.misses > 0 { Ending::Silent } else { Ending::Expired }
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
