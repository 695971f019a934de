//! People, and the directory that says whose group they are in.

use super::people::*;
use crate::graph::directory::{Directory, View};
use std::sync::Arc;

#[test]
fn a_member_is_whoever_the_directory_says() {
    let directory = Arc::new(Directory::default());
    let people = People::new(directory.clone());
    let (group, other) = (people.group("dcaas"), people.group("other"));
    assert_eq!(people.group("dcaas"), group);
    let named = |name: &str| Wish { name: Some(name.into()), ..Wish::default() };
    let ada = people.add(named("ada")).unwrap();
    people.add(Wish { installation: Some("other".into()), ..named("eve") }).unwrap();
    people.add(Wish { member: Some(false), ..named("dora") }).unwrap();
    let inside = || {
        let everybody = people.everybody().into_iter().filter(|person| person.member);
        everybody.map(|person| person.name).collect::<Vec<_>>()
    };
    assert_eq!(inside(), ["ada", "eve"]);
    let member = |member| Wish { member: Some(member), ..Wish::default() };
    assert!(people.change("dora", &member(true)).unwrap().member);
    assert_eq!(inside(), ["ada", "dora", "eve"]);
    // twice is once, as it always was
    people.change("dora", &member(false)).unwrap();
    assert!(!people.change("dora", &member(false)).unwrap().member);
    directory.leave(group, ada.oid).unwrap();
    assert!(!people.find("ada").unwrap().member);
    directory.join(other, &[ada.oid]).unwrap();
    directory.join(group, &[other]).unwrap();
    assert!(people.find("ada").unwrap().member, "through a group in the group");
    assert!(people.add(named("ada")).is_err());
    assert!(people.find("nobody").unwrap_err().to_string().contains("ada"));
}

#[test]
fn a_member_who_moves_to_another_installation_is_a_member_there() {
    let directory = Arc::new(Directory::default());
    let people = People::new(directory.clone());
    let groups = [people.group("dcaas"), people.group("other")];
    let oid = people.add(Wish { name: Some("ada".into()), ..Wish::default() }).unwrap().oid;
    let wish = Wish { installation: Some("other".into()), ..Wish::default() };
    assert!(people.change("ada", &wish).unwrap().member);
    let inside = groups.map(|group| directory.read(&View::Now, |tenant| tenant.holds(group, oid)));
    assert_eq!(inside, [false, true]);
    people.remove_group("other");
    assert!(!people.find("ada").unwrap().member);
}
