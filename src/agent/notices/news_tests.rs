//! Notices one after the other: what is new in each, and who is told.

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
}

fn nothing() -> Notice {
    Notice::default()
}

fn stop(minutes: i64) -> Notice {
    Notice { stop: Some(at(minutes)), keep: None, why: "idle".into() }
}

fn keep(minutes: i64) -> Notice {
    Notice { stop: None, keep: Some(at(minutes)), why: "asked".into() }
}

#[test]
fn each_notice_is_news_once_and_to_a_new_agent_only_a_warning_is() {
    let stops = |minutes| Some(Word::Stop { at: at(minutes), why: "idle".into() });
    let kept = |minutes, warned| Some(Word::Kept { until: at(minutes), warned, why: "asked".into() });
    let taken_back = || Some(Word::TakenBack { why: String::new() });
    let other_why = Notice { why: "longest life".into(), ..stop(10) };
    let both = Notice { keep: Some(at(5)), ..stop(10) };
    let table = [
        ("nothing at all", vec![(nothing(), None), (nothing(), None)]),
        ("a warning, repeated", vec![(nothing(), None), (stop(10), stops(10)), (stop(10), None)]),
        ("another time", vec![(stop(10), stops(10)), (stop(12), stops(12))]),
        ("another reason for the same time", vec![(stop(10), stops(10)), (other_why, None)]),
        ("taken back once", vec![(stop(10), stops(10)), (nothing(), taken_back()), (nothing(), None)]),
        ("and again", vec![(stop(10), stops(10)), (nothing(), taken_back()), (stop(10), stops(10))]),
        ("kept while warned", vec![(stop(10), stops(10)), (keep(60), kept(60, true)), (keep(60), None)]),
        (
            "kept, and longer",
            vec![(nothing(), None), (keep(60), kept(60, false)), (keep(90), kept(90, false))],
        ),
        (
            "the same keep instead of a stop",
            vec![
                (nothing(), None),
                (keep(60), kept(60, false)),
                (stop(10), stops(10)),
                (keep(60), kept(60, true)),
            ],
        ),
        ("a stop wins over a keep", vec![(keep(5), None), (both, stops(10))]),
        ("what was kept is no more", vec![(nothing(), None), (keep(60), kept(60, false)), (nothing(), None)]),
        ("a new agent, kept", vec![(keep(60), None), (keep(60), None)]),
        ("a new agent, warned", vec![(stop(10), stops(10)), (stop(10), None)]),
    ];
    for (what, steps) in table {
        let mut news = News::default();
        for (n, (notice, word)) in steps.into_iter().enumerate() {
            assert_eq!(news.hear(notice), word, "{what}, step {n}");
        }
    }
}

const NONE: [i32; 0] = [];

fn numbers(all: &[i32]) -> Numbers {
    all.iter().copied().collect()
}

/// Everybody who is left is told, but for those that take nothing now.
fn look(news: &mut News, open: &[i32], blocked: &[i32]) -> Vec<i32> {
    let Some((_, left)) = news.left(&numbers(open)) else { return Vec::new() };
    let told: Numbers = left.difference(&numbers(blocked)).copied().collect();
    news.told(told.clone());
    let mut told: Vec<_> = told.into_iter().collect();
    told.sort_unstable();
    told
}

#[test]
fn a_warning_reaches_each_terminal_once_while_it_holds_and_its_end_whom_it_reached() {
    let mut news = News::default();
    assert!(news.are_told());
    let warning = news.hear(stop(10)).unwrap();
    news.say(&warning, "stop".into());
    assert_eq!(look(&mut news, &[], &[]), NONE);
    assert_eq!(look(&mut news, &[1, 2, 3], &[3]), [1, 2], "3 is blocked");
    assert_eq!(look(&mut news, &[1, 2, 3], &[3]), NONE, "nobody is told twice");
    assert_eq!(look(&mut news, &[1, 2, 3, 4], &[]), [3, 4], "it takes it now, and 4 is new");
    assert_eq!(look(&mut news, &[2, 3, 4], &[]), NONE);
    assert_eq!(look(&mut news, &[1, 2, 3, 4], &[]), [1], "the number is another terminal's");
    assert!(!news.are_told(), "who comes later is told");
    let back = news.hear(nothing()).unwrap();
    news.say(&back, "back".into());
    assert_eq!(look(&mut news, &[1, 3, 5], &[3]), [1], "5 never knew of it");
    assert!(!news.are_told());
    assert_eq!(look(&mut news, &[1, 3, 5], &[]), [3]);
    assert_eq!(look(&mut news, &[1, 3, 5], &[]), NONE);
    assert!(news.are_told());
}

#[test]
fn a_keep_is_told_to_those_who_are_there() {
    let mut news = News::default();
    assert_eq!(news.hear(nothing()), None);
    let kept = news.hear(keep(60)).unwrap();
    news.say(&kept, "kept".into());
    assert_eq!(look(&mut news, &[1, 2], &[2]), [1]);
    assert_eq!(look(&mut news, &[1, 2, 3], &[2]), NONE);
    assert_eq!(look(&mut news, &[1, 3], &[]), NONE, "2 was closed");
    assert!(news.are_told());
}

#[test]
fn a_stop_that_is_long_overdue_is_no_reason_for_haste() {
    let mut news = News::default();
    assert!(!news.hurries(at(0)));
    news.hear(stop(10));
    let table = [(0, true), (10, true), (24, true), (25, false), (600, false)];
    for (minutes, hurries) in table {
        assert_eq!(news.hurries(at(minutes)), hurries, "after {minutes} min");
    }
    news.hear(keep(60));
    assert!(!news.hurries(at(0)));
}
