//! `infra/deploy`, `infra/destroy` and `infra/member-images`, with strict stand-ins for the programs that they call.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{folder, has, scratch};

/// A repository of a test's own, with what the scripts read.
struct Place(PathBuf);

impl Place {
    /// None where jq is not here, which the scripts need.
    fn new(name: &str) -> Option<Self> {
        if !has("jq") {
            return None;
        }
        let at = scratch(name);
        for part in ["bin", "world", "target/package", "infra/identity", "infra/platform", "infra/image"] {
            fs::create_dir_all(at.join(part)).unwrap();
        }
        let copy = |name: &str, to: &str| fs::copy(folder().join(name), at.join("infra").join(to)).unwrap();
        for name in ["deploy", "destroy", "member-images", "image/code-version"] {
            copy(name, name);
        }
        for root in ["identity", "platform"] {
            copy(&format!("{root}/example.tfvars"), &format!("{root}/terraform.tfvars"));
        }
        symlink(folder().join("kubernetes"), at.join("infra/kubernetes")).unwrap();
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/infra/stand-in");
        for name in ["az", "terraform", "kubectl", "kubelogin", "curl"] {
            symlink(&stand_in, at.join("bin").join(name)).unwrap();
        }
        fs::write(at.join("target/package/dcaas-0.1.0-linux-x64.zip"), "a zip").unwrap();
        Some(Self(at))
    }

    fn run(&self, script: &str, arguments: &[&str], variables: &[(&str, &str)], typed: &str) -> Output {
        let input = self.0.join("world/typed");
        fs::write(&input, typed).unwrap();
        let output = Command::new(self.0.join("infra").join(script))
            .args(arguments)
            .env("PATH", format!("{}:{}", self.0.join("bin").display(), std::env::var("PATH").unwrap()))
            .env("WORLD", self.0.join("world"))
            .envs([("AUTO_APPROVE", "true"), ("TRIES", "3"), ("PAUSE", "0")])
            .envs(variables.iter().copied())
            .stdin(Stdio::from(fs::File::open(input).unwrap()))
            .output()
            .unwrap();
        let leftovers = self.read("leftovers");
        assert!(leftovers.is_empty(), "the stand-in does not know: {leftovers}");
        output
    }

    fn deploy(&self, steps: &[&str], variables: &[(&str, &str)]) -> Output {
        self.run("deploy", steps, variables, "")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join("world").join(name)).unwrap_or_default()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn an_empty_subscription_has_everything_in_the_end_and_again() {
    let Some(place) = Place::new("deploy") else { return };
    for (time, at) in [("the first time", "12:01"), ("again", "12:02")] {
        let _ = fs::remove_file(place.0.join("world/calls"));
        let output = place.deploy(&[], &[]);
        assert!(output.status.success(), "{time}: {}", said(&output));
        for line in [
            "t4: 4 of Standard_NC4as_T4_v3 need 16 cores of standardNCASv3_T4Family; 16 are free",
            "Standard_D4as_v5 need 4 cores of standardDASv5Family",
            "is published to dcaas-example",
            &format!("It is well, and the group was compared at 2026-11-28T{at}:00Z."),
            "While nobody works it costs about 181 US dollars a month",
            "  t4: 0.53",
            "People go to https://dcaas-example.azurewebsites.net/ once they are in the group the-group.",
        ] {
            assert!(said(&output).contains(line), "{time}: {line}: {}", said(&output));
        }
        let calls = place.read("calls");
        let at = |part: &str| calls.find(part).unwrap_or_else(|| panic!("{time}: no {part} in {calls}"));
        let order = [
            "list-usage",
            "infra/identity apply",
            "infra/tenant apply",
            "infra/platform apply",
            "acr build",
            "get-credentials",
            "kubectl apply",
            "api/publish",
            "api/deployments/latest",
            "api/health",
            "admin/functions/reconcile",
        ];
        assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{time}: {calls}");
        assert!(
            !calls.contains("the-token") && !calls.contains("the-key"),
            "arguments can be seen by others"
        );
    }
    let applied = place.read("applied");
    assert!(applied.contains("name: dcaas-dcaas-volumes") && applied.contains("== 'dcaasexampledata'"));
    assert!(applied.contains("image: dcaasexample.azurecr.io/workspace:1"));
}

#[test]
fn without_room_for_a_profile_nothing_is_made() {
    let Some(place) = Place::new("quota") else { return };
    let rows = [
        (
            &[("QUOTA", "3")][..],
            "t4: not one Standard_NC4as_T4_v3 fits: standardNCASv3_T4Family has 3 cores left",
        ),
        (&[("REGION", "2")], "t4: not one Standard_NC4as_T4_v3 fits: the region as a whole has 2 cores left"),
        (&[("REGION", "2")], "system: not one Standard_D4as_v5 fits"),
        (&[("USED", "14")], "system: not one Standard_D4as_v5 fits: standardDASv5Family has -4 cores left"),
        (&[("SPOT", "true")], "t4: not one Standard_NC4as_T4_v3 fits: lowPriorityCores has 3 cores left"),
        (&[("TFVARS", "\"b\" has to be accepted")], "The variables of infra/platform can not be read"),
    ];
    for (variables, why) in rows {
        let output = place.deploy(&[], variables);
        let said = said(&output);
        assert!(!output.status.success() && said.contains(why), "{why}: {said}");
        if why.contains("fits") {
            assert!(said.contains("Ask for more: https://portal.azure.com/"), "{said}");
        }
        assert!(!place.read("calls").contains("apply"), "{variables:?}");
    }
    // room for some is enough to begin with
    let output = place.deploy(&["quota"], &[("QUOTA", "8")]);
    assert!(output.status.success() && said(&output).contains("room for 2 at once"), "{}", said(&output));
}

#[test]
fn what_somebody_elses_root_says_can_be_handed_over() {
    let Some(place) = Place::new("handed") else { return };
    let identity = ("TF_VAR_identity", "{\"name\":\"dcaas-example\"}");
    let tenant = ("TF_VAR_tenant", "{\"client_id\":\"client\",\"admins_group_id\":\"the-admins\"}");
    let output = place.deploy(&["tenant"], &[identity]);
    assert!(output.status.success(), "{}", said(&output));
    let output = place.deploy(&["platform", "manifests"], &[identity, tenant]);
    assert!(output.status.success(), "{}", said(&output));
    let calls = place.read("calls");
    assert!(!calls.contains("output -json identity") && !calls.contains("output -json tenant"), "{calls}");
}

#[test]
fn what_dcaas_uses_itself_is_no_reason_to_stop() {
    let Some(place) = Place::new("again") else { return };
    assert!(place.deploy(&["identity", "tenant", "platform"], &[]).status.success());
    let output = place.deploy(&["quota"], &[("USED", "10")]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("standardDASv5Family; 10 are free"), "{}", said(&output));
    let output = place.deploy(&["quota"], &[("QUOTA", "3")]);
    assert!(!output.status.success(), "a profile that is new needs room: {}", said(&output));
}

#[test]
fn what_stands_in_the_way_is_said_with_what_to_do() {
    let Some(place) = Place::new("ways") else { return };
    let refused = |steps: &[&str], variables: &[(&str, &str)], why: &str| {
        let output = place.deploy(steps, variables);
        assert!(!output.status.success(), "{steps:?}");
        assert!(said(&output).contains(why), "{steps:?}: {}", said(&output));
    };
    refused(&["everything"], &[], "There is no step 'everything': quota identity tenant");
    refused(&["tenant"], &[], "run infra/deploy identity first");
    refused(&["package"], &[("PACKAGE", "none.zip")], "run cargo xtask package first");
    place.deploy(&["identity", "tenant", "platform"], &[]);
    refused(&["package"], &[("PUBLISHED", "3")], "Azure did not take the package; it says: {\"status\":3");
    refused(&["package"], &[("PUBLISHED", "2")], "Azure still works on the package");
    for step in ["images", "manifests"] {
        let why = "az ad group member add --group the-admins --member-id me";
        refused(&[step], &[("ADMIN", "false")], why);
    }
    assert!(!place.read("calls").contains("acr build"), "nothing is built for somebody who may not");
    assert!(place.deploy(&["images"], &[("ADMIN", "program")]).status.success());
    // before the app is told of them, so that no start meets an image that is not there yet
    assert!(place.deploy(&["images"], &[("TAG", "2")]).status.success());
    assert!(place.read("calls").contains("--image workspace:2 "));
    let faults = "{\"faults\":[\"GROUP_ID is missing\"]}";
    refused(&["health"], &[("HEALTH", faults)], "GROUP_ID is missing");
    fs::remove_file(place.0.join("infra/platform/terraform.tfvars")).unwrap();
    refused(&["platform"], &[], "cp infra/platform/example.tfvars infra/platform/terraform.tfvars");
    fs::remove_file(place.0.join("bin/az")).unwrap();
    if !has("az") {
        refused(&["identity"], &[], "az is not here");
    }
}

#[test]
fn only_who_types_the_groups_name_loses_everything() {
    let Some(place) = Place::new("destroy") else { return };
    place.deploy(&["identity", "tenant"], &[]);
    for (typed, goes) in [("", false), ("yes\n", false), ("dcaas-example\n", true)] {
        let output = place.run("destroy", &[], &[], typed);
        assert_eq!(output.status.success(), goes, "{typed}: {}", said(&output));
        assert!(said(&output).contains("every member's home disk and storage container"));
        let calls = place.read("calls");
        assert_eq!(
            calls.contains("az group delete --subscription sub --name dcaas-example"),
            goes,
            "{typed}"
        );
        assert_eq!(calls.contains("infra/tenant destroy"), goes, "{typed}");
    }
}

#[test]
fn a_destruction_that_broke_off_can_be_repeated() {
    let Some(place) = Place::new("halves") else { return };
    place.deploy(&["identity", "tenant", "platform"], &[]);
    let states = ["identity", "platform"].map(|root| place.0.join(format!("infra/{root}/terraform.tfstate")));
    for state in &states {
        fs::write(state, "{}").unwrap();
    }
    let output = place.run("destroy", &[], &[("ENTRA", "refuses")], "dcaas-example\n");
    assert!(!output.status.success());
    assert!(
        said(&output).contains("let an admin of the directory run infra/destroy again"),
        "{}",
        said(&output)
    );
    assert!(states.iter().all(|state| state.exists()), "without them nobody knows what is left");
    let output = place.run("destroy", &[], &[], "dcaas-example\n");
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("The resource group is gone already"), "{}", said(&output));
    assert_eq!(place.read("calls").matches("az group delete").count(), 1);
    assert!(!states.iter().any(|state| state.exists()));
}

#[test]
fn a_member_has_a_part_of_the_registry() {
    let Some(place) = Place::new("registry") else { return };
    place.deploy(&["identity", "tenant", "platform"], &[]);
    let member = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
    for arguments in [&["allow", "ada"][..], &["allow"], &["grant", member]] {
        assert!(!place.run("member-images", arguments, &[], "").status.success(), "{arguments:?}");
    }
    assert!(place.run("member-images", &["allow", member], &[], "").status.success());
    let calls = place.read("calls");
    let call = calls.lines().find(|line| line.starts_with("az role assignment create")).unwrap();
    assert!(call.contains("--role Container Registry Repository Writer --scope /the/registry"), "{call}");
    assert!(call.contains(&format!("repositories:name] StringStartsWith 'members/{member}/'")), "{call}");
    for right in ["content/read", "content/write", "metadata/read", "metadata/write"] {
        assert!(call.contains(&format!(
            "!(ActionMatches{{'Microsoft.ContainerRegistry/registries/repositories/{right}'}})"
        )));
    }
    assert!(place.run("member-images", &["deny", member], &[], "").status.success());
}
