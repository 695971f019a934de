//! The tables of signing in: one flow, one thing changed per row. Times are seconds since it began.

use super::*;
use crate::domain::sign_in::UserCode;

const ADA: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
const BEN: &str = "7e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const ELSEWHERE: &str = "22222222-2222-2222-2222-222222222222";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A flow that is good for 900 s.
fn flow(interval: u64, next_poll: i64, misses: u32) -> Pending {
    Pending {
        id: "one".into(),
        provider: Provider::GitHub,
        user_code: UserCode::parse("WDJB-MJHT").unwrap(),
        page: "https://github.com/login/device".into(),
        expires: at(900),
        interval: seconds(interval),
        next_poll: at(next_poll),
        misses,
    }
}

fn told(moves: &Move) -> String {
    let seconds = |time: &DateTime<Utc>| (*time - at(0)).num_seconds();
    match moves {
        Move::Poll { claim, .. } => format!("poll, then {}", seconds(&claim.next_poll)),
        Move::Wait { until } => format!("wait {}", seconds(until)),
        Move::End(ending) => format!("end: {ending}"),
    }
}

#[test]
fn a_flow_is_polled_when_its_time_has_come_and_once_after_it_is_over() {
    let rows = [
        ("just begun", flow(5, 5, 0), 0, "wait 5"),
        ("a second too early", flow(5, 5, 0), 4, "wait 5"),
        ("in time", flow(5, 5, 0), 5, "poll, then 12"),
        ("late, as nobody looked", flow(5, 5, 0), 300, "poll, then 307"),
        ("slowed down", flow(15, 20, 0), 20, "poll, then 37"),
        ("no answer last time", flow(5, 20, 1), 20, "poll, then 32"),
        ("no answer three times", flow(5, 50, 3), 50, "poll, then 92"),
        ("no answer for long", flow(5, 200, 30), 200, "poll, then 262"),
        ("an interval over the longest back-off", flow(100, 200, 2), 200, "poll, then 302"),
        ("at the end", flow(5, 899, 0), 899, "poll, then 906"),
        ("a moment after the end", flow(5, 902, 0), 903, "poll, then 910"),
        ("after the end, and too early", flow(5, 904, 0), 901, "wait 904"),
        ("the next poll would be too late", flow(5, 1500, 1), 901, "wait 905"),
        ("over", flow(5, 904, 0), 905, "end: expired"),
        ("over, and nobody looked for a day", flow(5, 5, 0), 86_400, "end: expired"),
        ("over, and the provider silent", flow(5, 904, 4), 905, "end: no answer in time"),
    ];
    for (what, pending, now, expected) in rows {
        assert_eq!(told(&next(&pending, at(now))), expected, "{what}");
    }
}

#[test]
fn who_does_not_win_the_claim_finds_nothing_to_poll() {
    let seen = flow(5, 5, 0);
    let Move::Poll { claim, latest } = next(&seen, at(5)) else { panic!("it is time") };
    assert_ne!(claim, seen, "two who saw the same write different things than they saw");
    assert_eq!(told(&next(&claim, at(5))), "wait 12");
    assert_eq!(claim.next_poll - latest, chrono::TimeDelta::seconds(5), "a late poll is no hurried one");
    assert_eq!(Pending { next_poll: seen.next_poll, ..claim }, seen, "and nothing else changes");
}

#[test]
fn an_answer_without_a_token_moves_the_flow_or_ends_it() {
    use NoToken::{Declined, Expired, Refused, SlowDown, Unavailable, UnknownCode, Waiting};
    let refused = Refused { why: "device_flow_disabled".into() };
    let slow = |interval: Option<u64>| SlowDown { interval: interval.map(seconds) };
    let down = |wait: Option<u64>| Unavailable { wait: wait.map(seconds) };
    // the claim was made at 10 for 15, the answer came at 11; interval, next poll, misses
    let rows = [
        (flow(5, 15, 0), Waiting, 11, Ok((5, 15, 0))),
        (flow(5, 90, 4), Waiting, 11, Ok((5, 16, 0))),
        (flow(5, 15, 0), slow(None), 11, Ok((10, 21, 0))),
        (flow(5, 15, 0), slow(Some(10)), 11, Ok((10, 21, 0))),
        (flow(5, 15, 0), slow(Some(30)), 11, Ok((30, 41, 0))),
        (flow(5, 15, 0), slow(Some(1)), 11, Ok((10, 21, 0))),
        (flow(5, 15, 0), down(None), 11, Ok((5, 21, 1))),
        (flow(5, 15, 2), down(None), 11, Ok((5, 51, 3))),
        (flow(5, 15, u32::MAX), down(None), 11, Ok((5, 71, u32::MAX))),
        (flow(5, 15, 0), down(Some(3)), 11, Ok((5, 21, 1))),
        (flow(5, 15, 0), down(Some(100)), 11, Ok((5, 111, 1))),
        (flow(5, 15, 0), Declined, 11, Err("declined")),
        (flow(5, 15, 0), Expired, 11, Err("expired")),
        (flow(5, 15, 0), UnknownCode, 11, Err("the code is not known any more")),
        (flow(5, 15, 0), refused, 11, Err("refused: device_flow_disabled")),
        (flow(5, 905, 0), Waiting, 901, Err("expired")),
        (flow(5, 905, 0), slow(None), 901, Err("expired")),
        (flow(5, 905, 0), down(None), 901, Err("no answer in time")),
        (flow(5, 905, 0), Declined, 901, Err("declined")),
    ];
    for (claim, answer, now, expected) in rows {
        let got = match after(&claim, &answer, at(now)) {
            After::Wait { pending: p } => {
                Ok((p.interval.as_secs(), (p.next_poll - at(0)).num_seconds(), p.misses))
            }
            After::End(ending) => Err(ending.to_string()),
        };
        assert_eq!(got, expected.map_err(str::to_owned), "{answer:?} at {now}");
    }
    let claim = flow(5, 15, 0);
    assert_eq!(after(&claim, &Waiting, at(11)), After::Wait { pending: claim }, "nothing to write");
}

#[test]
fn a_second_wish_keeps_the_code_unless_another_provider_is_chosen() {
    use Provider::{GitHub, Microsoft};
    let rows = [
        (false, None, 0, Wanted::New(Microsoft)),
        (false, Some(GitHub), 0, Wanted::New(GitHub)),
        (true, None, 899, Wanted::Same),
        (true, Some(GitHub), 899, Wanted::Same),
        (true, Some(Microsoft), 1, Wanted::New(Microsoft)),
        (true, None, 900, Wanted::New(GitHub)),
        (true, Some(Microsoft), 900, Wanted::New(Microsoft)),
    ];
    for (there, asked, now, expected) in rows {
        let pending = flow(5, 5, 0);
        let pending = there.then_some(&pending);
        assert_eq!(wanted(pending, asked, Microsoft, at(now)), expected, "{there} {asked:?} {now}");
    }
}

#[test]
fn an_account_of_another_person_is_seen() {
    let microsoft = |tenant: &str, oid: &str| Account::Microsoft { tenant: tenant.into(), oid: oid.into() };
    let github = |id, login: &str| Account::GitHub { id, login: login.into() };
    let rows = [
        (microsoft(TENANT, ADA), None, "own"),
        (microsoft(TENANT, &ADA.to_uppercase()), None, "own"),
        (microsoft(TENANT, BEN), None, "another"),
        // an account of another organisation says nothing about who it is
        (microsoft(ELSEWHERE, BEN), None, "own"),
        (github(1, "ada"), None, "own"),
        (github(1, "ada-renamed"), Some(github(1, "ada")), "own"),
        (github(2, "eve"), Some(github(1, "ada")), "changed"),
        (github(2, "eve"), Some(microsoft(TENANT, ADA)), "own"),
    ];
    for (account, before, expected) in rows {
        let got = match whose(Member::parse(ADA).unwrap(), TENANT, before.as_ref(), &account) {
            Whose::Own => "own",
            Whose::Another => "another",
            Whose::Changed { says } => {
                assert!(says.contains("as eve, and were ada before"), "{says}");
                "changed"
            }
        };
        assert_eq!(got, expected, "{account:?}");
    }
}

#[test]
fn a_person_reads_what_to_do_and_for_how_long() {
    let rows = [
        (
            flow(5, 5, 0),
            true,
            0,
            "Your start waits until you have signed in to GitHub. The code is good for 15 minutes.",
        ),
        (
            flow(5, 5, 0),
            false,
            0,
            "Your tunnel waits until you have signed in to GitHub. The code is good for 15 minutes.",
        ),
        (
            flow(5, 5, 0),
            true,
            781,
            "Your start waits until you have signed in to GitHub. The code is good for 119 seconds.",
        ),
        (
            flow(5, 50, 2),
            true,
            30,
            "Your start waits until you have signed in to GitHub. The code is good for 14 minutes. GitHub does not answer \
             just now; it is asked again by itself.",
        ),
        (
            flow(5, 904, 0),
            true,
            900,
            "Your start waits until you have signed in to GitHub. The time of the code is over.",
        ),
    ];
    for (pending, start, now, says) in rows {
        let situation = waits(&pending, start, at(0), at(now));
        assert_eq!((situation.phase, situation.says.as_str()), (Phase::SignIn, says));
        let next = situation.next.unwrap();
        let usable = next.contains("https://github.com/login/device") && next.contains("WDJB-MJHT");
        assert_eq!(usable, now < 900, "{next}");
    }
    let left = |now| good_for(&flow(5, 5, 0), at(now));
    assert_eq!(
        [left(0), left(780), left(899), left(900)],
        [Some("15 minutes".into()), Some("2 minutes".into()), Some("1 second".into()), None]
    );
}

#[test]
fn every_ending_says_why_and_what_to_do() {
    let refused = Ending::Refused { why: "invalid_grant".into() };
    let endings =
        [Ending::Declined, Ending::Expired, Ending::Silent, Ending::Lost, refused, Ending::AnotherPerson];
    for provider in Provider::ALL {
        for ending in &endings {
            let (why, next) = (ending.why(provider), ending.next(provider));
            assert!(why.contains(&provider.to_string()) && !why.ends_with('.'), "{why}");
            assert!(next.starts_with("Start again") && next.ends_with('.'), "{next}");
        }
    }
    let next = Ending::Expired.next(Provider::Microsoft);
    assert!(next.contains("GitHub"), "an organisation's rule shows on Microsoft's page alone: {next}");
}
