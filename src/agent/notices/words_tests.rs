//! The sentences as people see them.

use chrono::FixedOffset;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn east() -> FixedOffset {
    FixedOffset::east_opt(2 * 3600).unwrap()
}

#[test]
fn a_terminal_is_told_what_when_why_and_what_to_do() {
    let stop = Word::Stop { at: at(600), why: "no use was seen for 1 h".into() };
    assert_eq!(
        for_terminals(&stop, at(0), &east()),
        "\r\n\x07dcaas: this workspace will be stopped in 10 minutes, at 10:10 (08:10 UTC): no use was seen for 1 h.\r\n  \
         To keep it, go on working here, or ask for it: dcaas keep 3h\r\n  \
         Home and data stay. `dcaas why` says what was seen, and whether you are kept.\r\n"
    );
    let table = [
        (Word::TakenBack { why: String::new() }, "dcaas: the stop that was announced here does not come."),
        (
            Word::TakenBack { why: "used".into() },
            "dcaas: the stop that was announced here does not come: used.",
        ),
        (
            Word::Kept { until: at(3600), warned: false, why: "a member asked for it".into() },
            "dcaas: this workspace is kept until 11:00 (09:00 UTC): a member asked for it.",
        ),
        (
            Word::Kept { until: at(3600), warned: true, why: String::new() },
            "dcaas: the stop that was announced does not come: this workspace is kept until 11:00 (09:00 UTC).",
        ),
    ];
    for (word, text) in table {
        assert_eq!(for_terminals(&word, at(0), &east()), format!("\r\n{text}\r\n"));
    }
}

#[test]
fn nothing_in_a_reason_steers_a_terminal() {
    let stop = Word::Stop { at: at(0), why: "a\x1b]0;title\x07\r\nb".into() };
    let text = for_terminals(&stop, at(0), &Utc);
    assert!(
        text.contains(": a]0;titleb.\r\n") && text.matches('\x07').count() == 1 && !text.contains('\x1b'),
        "{text:?}"
    );
    assert!(!for_the_log(&stop).contains(char::is_control));
}

#[test]
fn times_are_in_words_and_on_the_clock_here_and_in_utc() {
    let table = [
        (-5, "any moment now, at 07:59 UTC"),
        (1, "in 1 second, at 08:00 UTC"),
        (45, "in 45 seconds, at 08:00 UTC"),
        (119, "in 119 seconds, at 08:01 UTC"),
        (120, "in 2 minutes, at 08:02 UTC"),
        (600, "in 10 minutes, at 08:10 UTC"),
        (7_500, "in 2 hours 5 minutes, at 10:05 UTC"),
    ];
    for (seconds, words) in table {
        assert_eq!(when(at(seconds), at(0), &Utc), words, "{seconds}");
    }
    assert_eq!(clock(at(0), &east()), "10:00 (08:00 UTC)");
}

#[test]
fn the_log_says_the_same_in_utc() {
    let table = [
        (
            Word::Stop { at: at(600), why: "idle".into() },
            "warned: the workspace will be stopped at 2027-01-15T08:10:00Z: idle",
        ),
        (Word::TakenBack { why: String::new() }, "the warning is taken back"),
        (
            Word::Kept { until: at(60), warned: true, why: "asked".into() },
            "kept until 2027-01-15T08:01:00Z: asked",
        ),
    ];
    for (word, text) in table {
        assert_eq!(for_the_log(&word), text);
    }
}
