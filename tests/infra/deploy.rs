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
    for time in ["the first time", "again"] {
        let _ = fs::remove_file(place.0.join("world/calls"));
        let output = place.deploy(&[], &[]);
        assert!(output.status.success(), "{time}: {}", said(&output));
        for line in [
            "t4: 4 of Standard_NC4as_T4_v3 need 16 cores of standardNCASv3_T4Family; 16 are free",
            "It is well, and the group was compared at 2026-11-28T12:00:00Z.",
            "While nobody works it costs about 181 US dollars a month",
            "  t4: 0.53",
            "People go to https://dcaas-example.azurewebsites.net/ once they are in the group the-group.",
        ] {
            assert!(said(&output).contains(line), "{time}: {line}: {}", said(&output));
        }
        let calls = place.read("calls");
        let at = |part: &str| calls.find(part).unwrap_or_else(|| panic!("{time}: no {part} in {calls}"));
        let order = [
            "infra/identity apply",
            "infra/tenant apply",
            "list-usage",
            "infra/platform apply",
            "acr build",
            "get-credentials",
            "kubectl apply",
            "api/publish",
            "admin/functions/reconcile",
            "api/health",
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
fn without_room_for_a_profile_nothing_is_made_that_costs() {
    let Some(place) = Place::new("quota") else { return };
    let output = place.deploy(&[], &[("QUOTA", "3")]);
    assert!(!output.status.success());
    let said = said(&output);
    assert!(said.contains("profile t4: not one Standard_NC4as_T4_v3 fits"), "{said}");
    assert!(said.contains("Ask for more: https://portal.azure.com/"), "{said}");
    assert!(!place.read("calls").contains("infra/platform apply"));
    // room for some is enough to begin with
    let output = place.deploy(&["quota"], &[("QUOTA", "8")]);
    assert!(
        output.status.success() && self::said(&output).contains("room for 2 at once"),
        "{}",
        self::said(&output)
    );
}

#[test]
fn what_stands_in_the_way_is_said_with_what_to_do() {
    let Some(place) = Place::new("ways") else { return };
    let refused = |steps: &[&str], variables: &[(&str, &str)], why: &str| {
        let output = place.deploy(steps, variables);
        assert!(!output.status.success(), "{steps:?}");
        assert!(said(&output).contains(why), "{steps:?}: {}", said(&output));
    };
    refused(&["everything"], &[], "There is no step 'everything': identity tenant quota");
    refused(&["tenant"], &[], "run infra/deploy identity first");
    refused(&["package"], &[("PACKAGE", "none.zip")], "run cargo xtask package first");
    place.deploy(&["identity", "tenant", "platform"], &[]);
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
