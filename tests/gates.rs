//! Groups in the group, groups that open profiles, accounts that are disabled, and settings that change: what no
//! notification tells counts at the next comparison.

use serde_json::{Value, json};

use crate::world::{
    Installation, Person, add, break_machines, enable, get, new_group, take_out, with_profiles,
};

/// The profiles that a workspace says to be open, and the cpus of the quota.
async fn bounds(person: &Person) -> (Value, Value) {
    let set = person.set().await.unwrap();
    let quota = get(&person.path("resourcequotas/workspace")).await.unwrap();
    let open = set["metadata"]["annotations"]["dcaas.dev/profiles"].clone();
    (open, quota["spec"]["hard"]["requests.cpu"].clone())
}

#[tokio::test]
async fn somebody_who_is_in_the_group_twice_goes_only_when_they_are_in_neither() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        let cy = Person::made(json!({ "installation": dcaas.name, "member": false })).await;
        let club = new_group().await;
        add(&club, &ada.oid).await;
        add(&club, &cy.oid).await;
        // a group that comes is no person: everybody is compared
        add(dcaas.group(), &club).await;
        cy.there().await;
        ada.leave().await;
        dcaas.quiet().await;
        dcaas.reconcile().await;
        assert!(ada.set().await.is_some(), "still in the club");
        assert_eq!(ada.left().await, None);
        // of a change in the club nobody is told
        take_out(&club, &ada.oid).await;
        dcaas.quiet().await;
        assert!(ada.set().await.is_some());
        dcaas.reconcile().await;
        ada.gone().await;
        assert!(cy.set().await.is_some() && ben.set().await.is_some());
        // a group that goes takes its people along
        take_out(dcaas.group(), &club).await;
        cy.gone().await;
        assert!(ben.set().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_loses_its_workspace_and_has_it_again() {
    Installation::own(json!({}), |dcaas| async move {
        dcaas.reconcile().await;
        let (ada, ben) = (dcaas.member().await, dcaas.member().await);
        enable(&ada, false).await;
        dcaas.quiet().await;
        assert!(ada.set().await.is_some(), "nobody is told");
        dcaas.reconcile().await;
        ada.gone().await;
        dcaas.start(&ada.token().await, json!({})).await.refuses(403, "not-a-member", "a disabled account");
        enable(&ada, true).await;
        dcaas.reconcile().await;
        ada.there().await;
        assert_eq!(ada.left().await, None);
        assert!(ben.set().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_grows_has_room_in_everybodys_quota_after_the_next_comparison() {
    let wish = with_profiles(&["growing"]);
    Installation::own(wish.clone(), |dcaas| async move {
        dcaas.reconcile().await;
        let people = [dcaas.member().await, dcaas.member().await];
        let profiles = wish["settings"]["PROFILES"].as_str().unwrap();
        let mut profiles: Value = serde_json::from_str(profiles).unwrap();
        profiles[0]["cpu"] = json!("7");
        dcaas.change(json!({ "PROFILES": profiles.to_string() })).await;
        for person in &people {
            assert_eq!(bounds(person).await, (json!(null), json!("1")), "nobody has looked yet");
        }
        dcaas.reconcile().await;
        dcaas.quiet().await;
        for person in &people {
            assert_eq!(bounds(person).await, (json!(null), json!("7")));
        }
        // and then they are as they should be
        dcaas.reset_gate().await;
        dcaas.reconcile().await;
        dcaas.quiet().await;
        let asked = dcaas.requests("kubernetes").await;
        assert!(!asked.iter().any(|request| request.contains("/resourcequotas")), "{asked:?}");
    })
    .await;
}

#[tokio::test]
async fn a_profile_behind_a_gate_is_open_to_the_people_of_its_groups_and_nobody_else() {
    let mut wish = with_profiles(&["gateopen", "gateshut"]);
    let profiles = wish["settings"]["PROFILES"].as_str().unwrap();
    let mut profiles: Value = serde_json::from_str(profiles).unwrap();
    profiles[1]["cpu"] = json!("3");
    wish["settings"]["PROFILES"] = json!(profiles.to_string());
    Installation::own(wish.clone(), |_| async {}).await;
    for name in ["gateopen", "gateshut"] {
        break_machines(name, "max-reached").await;
    }
    let gate = new_group().await;
    let mut gates = json!({});
    gates[&gate] = json!(["gateshut"]);
    wish["settings"]["PROFILE_GROUPS"] = json!(gates.to_string());
    Installation::own(wish, |dcaas| async move {
        let inside = dcaas.person().await;
        add(&gate, &inside.oid).await;
        dcaas.enqueue(&inside).await;
        inside.there().await;
        crate::world::sign_in(&inside).await;
        let outside = dcaas.member().await;
        let (shut, all) = ((json!("gateopen"), json!("1")), (json!("gateopen,gateshut"), json!("3")));
        assert_eq!((bounds(&inside).await, bounds(&outside).await), (all.clone(), shut.clone()));
        let start = async |person: &Person| {
            dcaas.start(&person.token().await, json!({ "profile": "gateshut" })).await
        };
        assert_eq!(start(&inside).await.status, 202);
        start(&outside).await.refuses(403, "profile-not-yours", "from outside");
        // they change places: nobody is told, and what runs goes on
        take_out(&gate, &inside.oid).await;
        add(&gate, &outside.oid).await;
        dcaas.reconcile().await;
        dcaas.quiet().await;
        assert_eq!((bounds(&inside).await, bounds(&outside).await), (shut, all));
        assert_eq!(inside.set().await.unwrap()["spec"]["replicas"], 1);
        assert_eq!(start(&outside).await.status, 202);
        for person in [&inside, &outside] {
            let token = person.token().await;
            assert!([200, 202].contains(&dcaas.stop(&token).await.status));
        }
        start(&inside).await.refuses(403, "profile-not-yours", "after they were taken out");
        // without gates everything is open
        dcaas.change(json!({ "PROFILE_GROUPS": "{}" })).await;
        dcaas.reconcile().await;
        dcaas.quiet().await;
        for person in [&inside, &outside] {
            assert_eq!(bounds(person).await, (json!(null), json!("3")));
        }
        assert_eq!(start(&inside).await.status, 202);
        dcaas.stop(&inside.token().await).await;
    })
    .await;
}
