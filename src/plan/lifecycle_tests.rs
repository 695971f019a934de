//! The table of starts: one valid beginning, one thing changed per row.

use std::collections::BTreeMap;

use super::*;

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

fn pod(of: &str, has_run: bool) -> Pod {
    Pod { name: "workspace-0".into(), uid: format!("uid-{of}"), session: Some(of.into()), has_run }
}

fn wish(profile: Option<&str>, image: Option<&str>) -> StartWish {
    StartWish { by: ada(), profile: profile.map(Into::into), image: image.map(Into::into), id: "two".into() }
}

fn decide(
    seen: &Workspace,
    pods: &[Pod],
    sign_in: SignIn,
    profile: Option<&str>,
    image: Option<&str>,
) -> String {
    let images = AllowedImages::new(vec!["theirs/*".into()]);
    let offer = Offer { profiles: &profiles(), images: &images };
    match start(seen, pods, sign_in, &wish(profile, image), offer, now()) {
        Ok(plan) => plan.steps.iter().map(short).collect::<Vec<_>>().join(" "),
        Err(refusal) => format!("{refusal:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    }
}

fn short(step: &Step) -> String {
    match step {
        Step::SwitchOn { session, .. } => format!("on:{}:{}:{}", session.id, session.profile, session.image),
        Step::End { ended, .. } => format!("end:{}", ended.by.unwrap()),
        Step::Stop { .. } => "stop".into(),
        Step::DeletePod { uid, .. } => format!("delete:{uid}"),
    }
}

#[test]
fn a_start_is_decided_from_what_was_seen() {
    let narrow = Workspace { profiles: Some(vec!["large".into()]), ..never_started() };
    let rows: &[(&str, Workspace, Vec<Pod>, SignIn, Option<&str>, Option<&str>, &str)] = &[
        ("first start", never_started(), vec![], SignIn::Done, None, None, "on:two:small:ours/cuda:12"),
        (
            "another size",
            never_started(),
            vec![],
            SignIn::Done,
            Some("large"),
            None,
            "on:two:large:ours/cuda:12",
        ),
        ("own image", never_started(), vec![], SignIn::Done, None, Some("theirs/x"), "on:two:small:theirs/x"),
        (
            "the profile's image by name",
            never_started(),
            vec![],
            SignIn::Done,
            None,
            Some("ours/cuda:12"),
            "on:two:small:ours/cuda:12",
        ),
        ("unknown size", never_started(), vec![], SignIn::Done, Some("huge"), None, "UnknownProfile"),
        ("a size of others", narrow, vec![], SignIn::Done, None, None, "ProfileNotYours"),
        ("foreign image", never_started(), vec![], SignIn::Done, None, Some("evil/x"), "ImageNotAllowed"),
        ("nobody signed in", never_started(), vec![], SignIn::None, None, None, "NoSignIn"),
        (
            "while the last pod goes",
            never_started(),
            vec![pod("one", true)],
            SignIn::Done,
            None,
            None,
            "on:two:small:ours/cuda:12 delete:uid-one",
        ),
        ("asked twice", on(), vec![pod("one", true)], SignIn::Done, None, None, ""),
        ("asked twice, by name", on(), vec![pod("one", true)], SignIn::Done, Some("small"), None, ""),
        ("asked twice, signed out meanwhile", on(), vec![pod("one", true)], SignIn::None, None, None, ""),
        ("an older pod is left", on(), vec![pod("zero", true)], SignIn::Done, None, None, "delete:uid-zero"),
        (
            "another size while it waits",
            on(),
            vec![pod("one", false)],
            SignIn::Done,
            Some("large"),
            None,
            &format!("end:start {ADA}"),
        ),
        (
            "another size, only an older pod has run",
            on(),
            vec![pod("zero", true)],
            SignIn::Done,
            Some("large"),
            None,
            &format!("end:start {ADA}"),
        ),
        (
            "another size while it runs",
            on(),
            vec![pod("one", true)],
            SignIn::Done,
            Some("large"),
            None,
            "RunsAnother",
        ),
        (
            "another image while it runs",
            on(),
            vec![pod("one", true)],
            SignIn::Done,
            None,
            Some("theirs/x"),
            "RunsAnother",
        ),
        (
            "an unknown size while it runs",
            on(),
            vec![pod("one", true)],
            SignIn::Done,
            Some("huge"),
            None,
            "UnknownProfile",
        ),
    ];
    for (name, seen, pods, sign_in, profile, image, expected) in rows {
        assert_eq!(&decide(seen, pods, *sign_in, *profile, *image), expected, "{name}");
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
