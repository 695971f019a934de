//! The table of starts: one valid beginning, one thing changed per row.

use std::collections::BTreeMap;

use super::*;

static KEPT: Kept = Kept { since: None, account: None, flow: None, rejected: false, version: String::new() };
const TOKEN: Entry = Entry::Token(&KEPT);

const ADA: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

fn ada() -> Member {
    Member::parse(ADA).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn profiles() -> Profiles {
    let profile = |name: &str| Profile {
        name: name.into(),
        cpu: "4".into(),
        memory: "16Gi".into(),
        gpus: 1,
        node_selector: BTreeMap::new(),
        tolerations: vec![],
        image: "ours/cuda:12".into(),
        price_per_hour: 1.0,
    };
    Profiles::new(vec![profile("small"), profile("large")], "small").unwrap()
}

fn session() -> Session {
    Session {
        id: "one".into(),
        asked: now(),
        started: Some(now()),
        waits: None,
        account: None,
        watch: crate::domain::idleness::Watch::default(),
        by: ada(),
        profile: "small".into(),
        image: "ours/cuda:12".into(),
    }
}

fn never_started() -> Workspace {
    Workspace {
        on: false,
        settled: true,
        session: None,
        ended: Some(Ended { at: None, by: None, why: "never started".into(), recorded: true }),
        seen: Seen { session: String::new(), ended: "{…}".into() },
        profiles: None,
        version: String::new(),
    }
}

fn on() -> Workspace {
    Workspace {
        on: true,
        settled: false,
        session: Some(session()),
        ended: None,
        seen: Seen { session: "{…}".into(), ended: String::new() },
        profiles: None,
        version: String::new(),
    }
}

/// A start that waits for a sign-in.
fn waiting() -> Workspace {
    let session = Session { started: None, waits: Some("f1".into()), ..session() };
    Workspace { on: false, settled: true, session: Some(session), ..on() }
}

fn pod(of: &str, has_run: bool) -> Pod {
    Pod { name: "workspace-0".into(), uid: format!("uid-{of}"), session: Some(of.into()), has_run }
}

fn wish(profile: Option<&str>, image: Option<&str>) -> StartWish {
    StartWish { by: ada(), profile: profile.map(Into::into), image: image.map(Into::into), id: "two".into() }
}

fn decide(
    seen: &Workspace,
    pods: &[Pod],
    entry: Entry,
    profile: Option<&str>,
    image: Option<&str>,
) -> String {
    let images = AllowedImages::new(vec!["theirs/*".into()]);
    let offer = Offer { profiles: &profiles(), images: &images };
    match start(seen, pods, entry, &wish(profile, image), offer, now()) {
        Ok(plan) => plan.steps.iter().map(short).collect::<Vec<_>>().join(" "),
        Err(refusal) => format!("{refusal:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    }
}

fn short(step: &Step) -> String {
    match step {
        Step::SwitchOn { session, .. } => format!("on:{}:{}:{}", session.id, session.profile, session.image),
        Step::End { ended, .. } => format!("end:{}", ended.by.unwrap()),
        Step::Wait { session, .. } => {
            assert_eq!(session.started, None, "no machine waits for a person");
            format!("wait:{}:{}:{}", session.id, session.profile, session.waits.as_deref().unwrap())
        }
        Step::Stop { .. } => "stop".into(),
        Step::DeletePod { uid, .. } => format!("delete:{uid}"),
    }
}

#[test]
fn a_start_is_decided_from_what_was_seen() {
    let narrow = Workspace { profiles: Some(vec!["large".into()]), ..never_started() };
    let rows: &[(&str, Workspace, Vec<Pod>, Entry, Option<&str>, Option<&str>, &str)] = &[
        ("first start", never_started(), vec![], TOKEN, None, None, "on:two:small:ours/cuda:12"),
        ("another size", never_started(), vec![], TOKEN, Some("large"), None, "on:two:large:ours/cuda:12"),
        ("own image", never_started(), vec![], TOKEN, None, Some("theirs/x"), "on:two:small:theirs/x"),
        (
            "the profile's image by name",
            never_started(),
            vec![],
            TOKEN,
            None,
            Some("ours/cuda:12"),
            "on:two:small:ours/cuda:12",
        ),
        ("unknown size", never_started(), vec![], TOKEN, Some("huge"), None, "UnknownProfile"),
        ("a size of others", narrow, vec![], TOKEN, None, None, "ProfileNotYours"),
        ("foreign image", never_started(), vec![], TOKEN, None, Some("evil/x"), "ImageNotAllowed"),
        ("nobody signed in", never_started(), vec![], Entry::Nothing, None, None, ""),
        (
            "an unknown size, and nobody signed in",
            never_started(),
            vec![],
            Entry::Nothing,
            Some("huge"),
            None,
            "UnknownProfile",
        ),
        (
            "a sign-in is under way",
            never_started(),
            vec![],
            Entry::Flow("f1"),
            None,
            None,
            "wait:two:small:f1",
        ),
        ("asked again while it waits", waiting(), vec![], Entry::Flow("f1"), None, None, ""),
        (
            "another sign-in took its place",
            waiting(),
            vec![],
            Entry::Flow("f2"),
            None,
            None,
            "wait:one:small:f2",
        ),
        ("the sign-in is gone", waiting(), vec![], Entry::Nothing, None, None, ""),
        (
            "signed in meanwhile",
            waiting(),
            vec![pod("zero", true)],
            TOKEN,
            None,
            None,
            "on:one:small:ours/cuda:12 delete:uid-zero",
        ),
        (
            "another size while it waits for a sign-in",
            waiting(),
            vec![],
            Entry::Flow("f1"),
            Some("large"),
            None,
            &format!("end:start {ADA}"),
        ),
        (
            "while the last pod goes",
            never_started(),
            vec![pod("one", true)],
            TOKEN,
            None,
            None,
            "on:two:small:ours/cuda:12 delete:uid-one",
        ),
        ("asked twice", on(), vec![pod("one", true)], TOKEN, None, None, ""),
        ("asked twice, by name", on(), vec![pod("one", true)], TOKEN, Some("small"), None, ""),
        ("asked twice, signed out meanwhile", on(), vec![pod("one", true)], Entry::Nothing, None, None, ""),
        ("an older pod is left", on(), vec![pod("zero", true)], TOKEN, None, None, "delete:uid-zero"),
        (
            "another size while it waits",
            on(),
            vec![pod("one", false)],
            TOKEN,
            Some("large"),
            None,
            &format!("end:start {ADA}"),
        ),
        (
            "another size, only an older pod has run",
            on(),
            vec![pod("zero", true)],
            TOKEN,
            Some("large"),
            None,
            &format!("end:start {ADA}"),
        ),
        (
            "another size while it runs",
            on(),
            vec![pod("one", true)],
            TOKEN,
            Some("large"),
            None,
            "RunsAnother",
        ),
        (
            "another image while it runs",
            on(),
            vec![pod("one", true)],
            TOKEN,
            None,
            Some("theirs/x"),
            "RunsAnother",
        ),
        (
            "an unknown size while it runs",
            on(),
            vec![pod("one", true)],
            TOKEN,
            Some("huge"),
            None,
            "UnknownProfile",
        ),
    ];
    for (name, seen, pods, entry, profile, image, expected) in rows {
        assert_eq!(&decide(seen, pods, *entry, *profile, *image), expected, "{name}");
    }
}

#[test]
fn a_stop_says_who_asked() {
    let boss = Member::parse("00000000-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
    for (by, why) in [(ada(), "you asked for it"), (boss, "an admin asked for it")] {
        let Step::Stop { ended } = stop(ada(), by, now()) else { panic!("a stop stops") };
        assert_eq!((ended.by, ended.at), (Some(EndedBy::Member(by)), Some(now())));
        assert_eq!(ended.why, why);
        assert!(!ended.recorded);
    }
}

#[test]
fn a_start_that_waits_goes_on_with_the_token_and_as_it_was_asked() {
    let kept = Kept {
        account: Some(crate::domain::sign_in::Account::GitHub { id: 7, login: "ada".into() }),
        ..KEPT.clone()
    };
    let plan = go_on(&waiting(), &[], &kept, &profiles(), now()).unwrap();
    let [Step::SwitchOn { session, saw, .. }] = &plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!((session.started, session.waits.as_deref()), (Some(now()), None));
    assert_eq!((session.id.as_str(), session.account.as_deref()), ("one", Some("GitHub as ada")));
    assert_eq!(*saw, waiting().seen);
    for seen in [never_started(), on()] {
        assert_eq!(go_on(&seen, &[], &kept, &profiles(), now()), None);
    }
    let gone = Workspace {
        session: waiting().session.map(|s| Session { profile: "v100".into(), ..s }),
        ..waiting()
    };
    let plan = go_on(&gone, &[], &kept, &profiles(), now()).unwrap();
    assert_eq!(plan.steps.iter().map(short).collect::<Vec<_>>(), ["end:sign-in"]);
}

#[test]
fn only_the_start_that_waits_for_a_sign_in_ends_with_it() {
    let Some(Step::End { ended, .. }) = give_up(&waiting(), "f1", "declined".into(), now()) else { panic!() };
    assert_eq!((ended.by, ended.why.as_str()), (Some(EndedBy::SignIn), "declined"));
    assert!(ended.recorded, "it never ran");
    for (seen, flow) in [(waiting(), "f2"), (on(), "f1"), (never_started(), "f1")] {
        assert_eq!(give_up(&seen, flow, String::new(), now()), None);
    }
}
