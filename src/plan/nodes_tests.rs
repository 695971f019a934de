//! Machines that stay: one row for each reason, and from when on somebody is told.

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn pod(name: &str) -> Tenant {
    Tenant {
        namespace: "ml".into(),
        name: name.into(),
        workspace: false,
        ending: false,
        fixed: false,
        kind: Kind::Controlled,
    }
}

fn node(name: &str, pods: Vec<Tenant>) -> Node {
    Node { name: name.into(), fixed: false, pods }
}

#[test]
fn who_keeps_a_machine_is_named_with_the_reason() {
    let system = || Tenant { namespace: "kube-system".into(), ..pod("coredns") };
    let daemon = || Tenant { kind: Kind::Everywhere, ..pod("device-plugin") };
    let ending = Tenant { workspace: true, ending: true, fixed: true, ..pod("workspace-0") };
    let rows: [(&str, Vec<Tenant>, &str); 8] = [
        ("nothing", vec![], ", and no pod keeps it."),
        ("one of every machine's", vec![daemon()], ", and no pod keeps it."),
        (
            "somebody's by hand",
            vec![daemon(), Tenant { kind: Kind::Alone, ..pod("debug") }],
            ": pod ml/debug keeps it (no controller would make it anew elsewhere).",
        ),
        (
            "not to be moved",
            vec![Tenant { fixed: true, ..pod("job") }],
            "ml/job keeps it (it says that it must not",
        ),
        (
            "a workspace that does not end",
            vec![ending],
            "ml/workspace-0 keeps it (it was told to end, and does not)",
        ),
        ("the system's", vec![system()], "kube-system/coredns keeps it (the autoscaler leaves"),
        ("another", vec![pod("web")], "ml/web keeps it (it may have no room elsewhere)"),
        (
            "many",
            vec![pod("a"), pod("b"), pod("c"), pod("d"), pod("e")],
            "pod ml/c keeps it (it may have no room elsewhere), and 2 more.",
        ),
    ];
    for (name, pods, words_of) in rows {
        let found = empty(&[node("gpu-1", pods)], &[], at(0));
        let [empty] = &found[..] else { panic!("{name}: {found:?}") };
        let (says, next) = words(empty);
        assert!(
            says.starts_with("Machine gpu-1 stays although no workspace is on it since 2027-01-15 08:00")
        );
        assert!(says.contains(words_of), "{name}: {says}");
        assert!(!next.is_empty(), "{name}");
    }
    let fixed = Node { fixed: true, ..node("gpu-1", vec![]) };
    assert!(words(&empty(&[fixed], &[], at(0))[0]).0.contains("excepted"));
}

#[test]
fn a_machine_is_told_of_once_it_was_empty_for_long_without_a_pause() {
    let workspace = || Tenant { workspace: true, ..pod("workspace-0") };
    let (free, used) = (node("a", vec![pod("web")]), node("a", vec![workspace()]));
    let first = empty(std::slice::from_ref(&free), &[], at(0));
    assert_eq!(first[0].since, at(0));
    let rows = [(10, false), (29, false), (30, true), (300, true)];
    for (now, told) in rows {
        let later = empty(std::slice::from_ref(&free), &first, at(now));
        assert_eq!((later[0].since, lingers(&later[0], at(now))), (at(0), told), "{now}");
    }
    // somebody was on it in between, or it is another machine
    assert_eq!(empty(&[used], &first, at(40)), []);
    let again = empty(&[free, node("b", vec![])], &[], at(50));
    assert_eq!(again.iter().map(|empty| empty.since).collect::<Vec<_>>(), [at(50), at(50)]);
    // a clock that was set back does not make a machine older than it is
    assert_eq!(empty(&[node("a", vec![])], &again, at(20))[0].since, at(20));
}
