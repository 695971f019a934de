//! The log under load: what a flood leaves of it.

use chrono::DateTime;
use tokio::io::{AsyncBufReadExt, BufReader, duplex};

use super::*;
use crate::domain::link::LinkState;
use crate::pod::{TAIL_LINES, is_ours};

fn line() -> Line {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let link = Link::new(LinkState::Connecting, at, "");
    Line { at, session: "s".into(), link, activity: Activity::default(), hold: None, full: false }
}

/// The log that `speak` makes, line by line.
async fn log<F: Future<Output = ()>>(speak: impl FnOnce(Voice) -> F) -> Vec<String> {
    let (near, far) = duplex(64 * 1024);
    let (voice, writer) = Voice::start(line(), near);
    let reader = tokio::spawn(async move {
        let mut lines = BufReader::new(far).lines();
        let mut log = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            log.push(line);
        }
        log
    });
    speak(voice.clone()).await;
    voice.end(writer, Duration::from_secs(30)).await;
    reader.await.unwrap()
}

#[tokio::test]
async fn a_flood_of_output_leaves_the_agents_lines_in_every_tail() {
    let log = log(async |voice: Voice| {
        let (heard, _meanings) = mpsc::channel(1);
        // as much as passes in several seconds, without waiting for them
        lock(&voice.shared).throttle = Throttle::new(2_000);
        let output: Vec<u8> = (0..20_000).flat_map(|n| format!("{{\"dcaas\":1,{n}\n").into_bytes()).collect();
        for piece in output.chunks(1_000) {
            voice.clone().pass(piece, Some(heard.clone())).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (ours, theirs): (Vec<_>, Vec<_>) = log.iter().partition(|line| is_ours(line));
    assert!(theirs.len() >= 2_000 && theirs.len() < 4_010, "{} lines", theirs.len());
    assert!(theirs.iter().any(|line| line.contains("lines of output were dropped")));
    assert!(ours.iter().all(|line| Line::parse(line).is_some()));
    let tail = usize::try_from(TAIL_LINES).unwrap();
    assert!(log.windows(tail).all(|tail| tail.iter().any(|line| is_ours(line))));
    assert!(is_ours(&log[0]) && is_ours(&log[log.len() - 1]));
}

#[tokio::test]
async fn secrets_and_codes_stay_out_of_the_log() {
    let log = log(async |voice: Voice| {
        let (heard, mut meanings) = mpsc::channel(8);
        voice.keep_secret("gho_secret");
        let ask = b"a gho_secret b\nTo grant access to the server, please log into https://x and use code ABCD-1234\n";
        voice.clone().pass(ask.as_slice(), Some(heard)).await;
        voice.say("the login said gho_secret");
        voice.set_link(&Link::new(LinkState::Refused, Utc::now(), "no gho_secret"));
        assert_eq!(meanings.recv().await, Some(Heard::AsksToSignIn));
    })
    .await;
    let text = log.join("\n");
    assert!(!text.contains("gho_secret") && !text.contains("ABCD-1234"), "{text}");
    assert!(text.contains("a [redacted] b") && text.contains("dcaas: the login said [redacted]"), "{text}");
    assert_eq!(Line::parse(log.last().unwrap()).unwrap().link.why, "no [redacted]");
}

#[tokio::test]
async fn a_log_that_does_not_move_neither_stops_a_child_nor_grows() {
    let (near, far) = duplex(64);
    let (voice, writer) = Voice::start(line(), near);
    let (heard, _meanings) = mpsc::channel(1);
    lock(&voice.shared).throttle = Throttle::new(u32::MAX);
    let output = vec![b'\n'; 100_000];
    voice.clone().pass(output.as_slice(), Some(heard)).await;
    assert!(lock(&voice.shared).throttle.take_dropped() >= 100_000 - WAITING as u64);
    // what the agent itself has to say finds room
    (0..OURS_ONLY / 2).for_each(|n| voice.say(&format!("sentence {n}")));
    assert_eq!(lock(&voice.shared).throttle.take_dropped(), 0);
    voice.end(writer, Duration::from_millis(10)).await;
    drop(far);
}

#[tokio::test]
async fn in_a_hurry_each_use_is_said_and_nothing_else_is() {
    let log = log(async |voice: Voice| {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let says = async |evidence: Evidence| {
            voice.set_evidence([("terminal", Some(evidence))]);
            // the line is written by another task
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let seen = |seconds| Evidence::Seen { at: at(seconds), value: "1 open".into() };
        says(Evidence::Nothing).await;
        says(seen(1)).await;
        says(seen(2)).await;
        voice.hurry(true);
        says(seen(2)).await;
        says(seen(3)).await;
        says(seen(4)).await;
        voice.hurry(false);
        says(seen(5)).await;
    })
    .await;
    let said: Vec<_> =
        log.iter().map(|line| Line::parse(line).unwrap().activity.signals.remove("terminal")).collect();
    let second = |evidence: &Option<Evidence>| match evidence {
        Some(Evidence::Seen { at, .. }) => at.timestamp() - 1_800_000_000,
        _ => 0,
    };
    // the first use, what was not said when the hurry began, each use then, and at the end what is left
    let uses: Vec<_> = said.iter().map(second).filter(|second| *second > 0).collect();
    assert_eq!(uses, [1, 2, 3, 4, 5]);
}
