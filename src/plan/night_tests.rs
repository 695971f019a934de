//! Nights by the clock: ordinary ones, those within a day, and those in which the clock is changed.

use chrono::NaiveTime;

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

fn night(from: &str, until: &str, zone: &str) -> Night {
    let time = |text| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    Night { from: time(from), until: time(until), zone: zone.parse().unwrap() }
}

#[test]
fn when_it_comes_and_when_it_ends() {
    let rows = [
        // an ordinary one, in winter and in summer
        ("20:00", "06:00", "Europe/Berlin", "2026-01-14T12:00", "2026-01-14T19:00", "2026-01-15T05:00"),
        ("20:00", "06:00", "Europe/Berlin", "2026-07-14T12:00", "2026-07-14T18:00", "2026-07-15T04:00"),
        // during it, at its begin, and at its end, which is day
        ("20:00", "06:00", "Europe/Berlin", "2026-01-14T23:30", "2026-01-14T23:30", "2026-01-15T05:00"),
        ("20:00", "06:00", "Europe/Berlin", "2026-01-14T19:00", "2026-01-14T19:00", "2026-01-15T05:00"),
        ("20:00", "06:00", "Europe/Berlin", "2026-01-14T05:00", "2026-01-14T19:00", "2026-01-15T05:00"),
        // within one date
        ("01:00", "05:00", "UTC", "2026-01-14T06:00", "2026-01-15T01:00", "2026-01-15T05:00"),
        ("01:00", "05:00", "UTC", "2026-01-14T03:00", "2026-01-14T03:00", "2026-01-14T05:00"),
        // a zone whose date is another one than UTC's, and one that is no whole hour away
        ("20:00", "06:00", "Pacific/Auckland", "2026-01-14T12:00", "2026-01-14T12:00", "2026-01-14T17:00"),
        ("20:00", "06:00", "Asia/Kathmandu", "2026-01-14T12:00", "2026-01-14T14:15", "2026-01-15T00:15"),
        ("22:00", "06:00", "America/Los_Angeles", "2026-01-15T03:00", "2026-01-15T06:00", "2026-01-15T14:00"),
        // spring: the clock jumps from 02:00 to 03:00 at 01:00 UTC; the night is an hour shorter
        ("20:00", "06:00", "Europe/Berlin", "2026-03-28T12:00", "2026-03-28T19:00", "2026-03-29T04:00"),
        // its begin, its end, or both are left out
        ("02:30", "06:00", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00", "2026-03-29T04:00"),
        ("20:00", "02:30", "Europe/Berlin", "2026-03-28T12:00", "2026-03-28T19:00", "2026-03-29T01:00"),
        ("02:10", "02:50", "Europe/Berlin", "2026-03-28T12:00", "2026-03-30T00:10", "2026-03-30T00:50"),
        // autumn: 02:00 to 03:00 comes twice, from 00:00 UTC and from 01:00 UTC; the night is an hour longer
        ("20:00", "06:00", "Europe/Berlin", "2026-10-24T12:00", "2026-10-24T18:00", "2026-10-25T05:00"),
        // its begin or its end comes twice: the second time counts
        ("02:30", "06:00", "Europe/Berlin", "2026-10-25T00:40", "2026-10-25T01:30", "2026-10-25T05:00"),
        ("20:00", "02:30", "Europe/Berlin", "2026-10-25T00:40", "2026-10-25T00:40", "2026-10-25T01:30"),
        // the other side of the world, and one that changes by half an hour
        ("22:00", "02:30", "America/New_York", "2026-03-08T06:50", "2026-03-08T06:50", "2026-03-08T07:00"),
        ("22:00", "01:45", "Australia/Lord_Howe", "2026-04-04T14:50", "2026-04-04T14:50", "2026-04-04T15:15"),
        // a whole date that was left out
        ("20:00", "06:00", "Pacific/Apia", "2011-12-30T09:00", "2011-12-30T09:00", "2011-12-30T10:00"),
    ];
    for (from, until, zone, at, comes_at, ends_at) in rows {
        let night = night(from, until, zone);
        let what = format!("{from} to {until} in {zone}, at {at}");
        assert_eq!(comes(&night, utc(at)), utc(comes_at), "{what} comes");
        assert_eq!(ends(&night, utc(at)), utc(ends_at), "{what} ends");
    }
}

#[test]
fn what_is_used_by_day_and_at_night() {
    let berlin = night("20:00", "06:00", "Europe/Berlin");
    let (hour, soon) = (TimeDelta::hours(1), TimeDelta::minutes(20));
    let rows = [
        ("by day", Some(&berlin), "2026-01-14T12:00", "2026-01-14T13:00"),
        ("into the night", Some(&berlin), "2026-01-14T18:30", "2026-01-14T19:00"),
        ("just before it", Some(&berlin), "2026-01-14T18:50", "2026-01-14T19:10"),
        ("at night", Some(&berlin), "2026-01-14T22:00", "2026-01-14T22:20"),
        ("in its last minutes", Some(&berlin), "2026-01-15T04:50", "2026-01-15T05:50"),
        ("without a night", None, "2026-01-14T22:00", "2026-01-14T23:00"),
    ];
    for (name, night, used, end) in rows {
        assert_eq!(idle_from(night, utc(used), hour, soon), utc(end), "{name}");
    }
    // a longer time at night than by day is none
    assert_eq!(idle_from(Some(&berlin), utc("2026-01-14T22:00"), soon, hour), utc("2026-01-14T22:20"));
}

#[test]
fn it_is_told_by_the_clock_on_the_wall() {
    let berlin = night("20:00", "06:00", "Europe/Berlin");
    assert_eq!(clock(&berlin, utc("2026-07-14T18:00")), "20:00 (Europe/Berlin)");
}
