//! The agent's line: written and read back, and hostile lines.

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn line() -> Line {
    let signals = [
        ("gpu", Evidence::Seen { at: at(-7), value: "87 %".into() }),
        ("cpu", Evidence::Unknown { why: "no cgroup".into() }),
        ("terminal", Evidence::Nothing),
    ];
    Line {
        at: at(0),
        session: "s-1".into(),
        link: Link::new(LinkState::Connected, at(-60), ""),
        activity: Activity { signals: signals.map(|(name, e)| (name.to_owned(), e)).into() },
        hold: Some(Wish { until: at(3600), asked: at(-5) }),
        full: true,
    }
}

#[test]
fn a_line_comes_back_as_it_was_written() {
    let text = line().render();
    assert!(
        text.starts_with(r#"{"dcaas":1,"at":"2027-01-15T08:00:00.000Z","session":"s-1","link":{"#),
        "{text}"
    );
    assert!(is_ours(&text));
    assert_eq!(Line::parse(&text), Some(line()));
    let bare = Line { activity: Activity::default(), hold: None, full: false, ..line() };
    assert!(bare.render().ends_with(r#""evidence":{},"hold":null}"#), "{}", bare.render());
    assert_eq!(Line::parse(&bare.render()), Some(bare));
}

#[test]
fn a_line_is_never_longer_than_its_bound() {
    let mut long = line();
    long.session = "s".repeat(10_000);
    long.link.why = "\"\\é\n".repeat(10_000);
    for n in 0..500 {
        let evidence = Evidence::Unknown { why: "\"\\".repeat(10_000) };
        long.activity.signals.insert(format!("signal-{n:03}"), evidence);
    }
    let text = long.render();
    assert!(text.len() <= LINE_BYTES && !text.contains('\n'), "{} bytes", text.len());
    let back = Line::parse(&text).unwrap();
    assert_eq!((back.link.state, back.at), (LinkState::Connected, at(0)));
    assert!(!back.activity.signals.is_empty());
}

#[test]
fn hostile_lines_are_no_lines() {
    let deep = format!(
        r#"{{"dcaas":1,"at":"2027-01-15T08:00:00Z","hold":{}{}}}"#,
        "[".repeat(1500),
        "]".repeat(1500)
    );
    let long = format!(r#"{{"dcaas":1,"at":"2027-01-15T08:00:00Z","more":"{}"}}"#, "x".repeat(LINE_BYTES));
    let lossy =
        String::from_utf8_lossy(b"{\"dcaas\":1,\"at\":\"2027-01-15T08:00:00Z\xff\xfe\"}").into_owned();
    let table = [
        "",
        "{}",
        r#" {"dcaas":1,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{ "dcaas":1,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":1}"#,
        r#"{"dcaas":1,"at":"yesterday"}"#,
        r#"{"dcaas":1,"at":17}"#,
        r#"{"dcaas":2,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":-1,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":1e999,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":99999999999999999999999999,"at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":"heartbeat","at":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":"cursor","since":"2027-01-15T08:00:00Z"}"#,
        r#"{"dcaas":1,"at":"2027-01-15T08:00:00Z"} and more"#,
        r#"{"dcaas":1,"at":"2027-01-15T08:00:00Z","link":"connected"}"#,
        r#"{"dcaas":1,"at":"2027-01-15T08:00:00Z","evidence":[]}"#,
        &deep,
        &long,
        &lossy,
    ];
    for text in table {
        assert_eq!(Line::parse(text), None, "{text}");
    }
}

#[test]
fn what_is_odd_in_a_line_is_passed_over() {
    let text = r#"{"dcaas":1,"at":"2027-01-15T10:00:00+02:00","new":{"x":[1]},
        "link":{"state":"glorious","why":"\u001b[31mred\u0000","new":1},"hold":1e300,"full":"yes",
        "evidence":{"gpu":{"seen":"2027-01-15T08:00:00Z","value":1e308,"new":1},"cpu":{"seen":"9999-12-31T23:59:59Z"},
        "a b":{},"":{},"disk":7,"network":{"seen":3},"editor":{"unknown":"\u001b]0;x\u0007why"},"terminal":{"value":1}}}"#
        .replace("\n        ", "");
    let read = Line::parse(&text).unwrap();
    assert_eq!(read.at, at(0));
    assert_eq!(read.link, Link::new(LinkState::Unknown, at(0), "[31mred"));
    assert_eq!((read.hold, read.full), (None, false));
    let names: Vec<_> = read.activity.signals.keys().map(String::as_str).collect();
    assert_eq!(names, ["cpu", "editor", "gpu", "terminal"]);
    assert_eq!(read.activity.signals["editor"], Evidence::Unknown { why: "]0;xwhy".into() });
    assert_eq!(read.activity.signals["terminal"], Evidence::Nothing);
    assert!(read.activity.last_seen() > Some(at(1_000_000)));
    assert_eq!(read.not_after(at(5)).activity.last_seen(), Some(at(5)));
}

#[test]
fn a_wish_is_whole_and_was_asked_in_the_past() {
    let read = |hold: &str| {
        let text = format!(r#"{{"dcaas":1,"at":"2027-01-15T08:00:00Z","hold":{hold}}}"#);
        Line::parse(&text).unwrap().not_after(at(5)).hold
    };
    let wish = read(r#"{"until":"2027-01-15T10:00:00Z","asked":"2027-01-15T07:59:00Z"}"#);
    assert_eq!(wish, Some(Wish { until: at(7200), asked: at(-60) }));
    let early = read(r#"{"until":"2027-01-15T10:00:00Z","asked":"2027-01-15T09:00:00Z"}"#);
    assert_eq!(early, Some(Wish { until: at(7200), asked: at(5) }));
    for odd in
        ["\"2027-01-15T10:00:00Z\"", "[]", r#"{"until":"2027-01-15T10:00:00Z"}"#, r#"{"until":3,"asked":4}"#]
    {
        assert_eq!(read(odd), None, "{odd}");
    }
}

#[test]
fn the_newest_line_of_a_log_is_found() {
    let (old, new) = (line().render(), Line { at: at(60), ..line() }.render());
    let cursor = r#"{"dcaas":"cursor","since":"2027-01-15T08:00:00Z"}"#;
    let forged = r#"{"dcaas":1,"at":"2999-01-15T08:00:00Z","#;
    let cut = &new[new.len() / 2..];
    let table = [
        (String::new(), None),
        ("hello\nworld".into(), None),
        (format!("{old}\nhello\n{new}\nworld\n"), Some(60)),
        (format!("{old}\r\nhello\n {new}\n"), Some(0)),
        (format!("{cut}\n{old}\n{forged}\n{cursor}\n\u{fffd}\u{fffd}"), Some(0)),
    ];
    for (log, expected) in table {
        assert_eq!(newest_line(&log).map(|line| line.at), expected.map(at), "{log}");
    }
    assert!(is_ours(cursor) && is_ours(forged) && !is_ours(&format!(" {new}")));
}
