//! App Service authentication: it lets everybody through, and takes the tokens of three applications.

use hcl_edit::expr::Expression;

use super::roots::{Root, address, key_name};

/// What stands at the end of a path of keys.
fn at<'a>(value: &'a Expression, path: &[&str]) -> Option<&'a Expression> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    let Expression::Object(object) = value else { return None };
    at(object.iter().find(|(key, _)| key_name(key) == *first)?.1.expr(), rest)
}

#[test]
fn everybody_is_let_through_and_good_tokens_are_not_refused() {
    let platform = Root::read("platform");
    let sign_in = platform
        .blocks("resource")
        .find(|block| address(block) == "resource.azapi_update_resource.sign_in")
        .unwrap();
    let body = &sign_in.body.get_attribute("body").unwrap().value;
    let of = |path: &[&str]| {
        let value = at(body, &[&["properties"], path].concat()).unwrap_or_else(|| panic!("no {path:?}"));
        value.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(&["platform", "enabled"]), "true");
    assert_eq!(of(&["globalValidation", "requireAuthentication"]), "false");
    assert_eq!(of(&["globalValidation", "unauthenticatedClientAction"]), "\"AllowAnonymous\"");
    assert!(at(body, &["properties", "globalValidation", "excludedPaths"]).is_none());
    let provider = ["identityProviders", "azureActiveDirectory", "validation"];
    let audiences = of(&[&provider[..], &["allowedAudiences"]].concat());
    assert_eq!(audiences, "[var.tenant.client_id, var.tenant.audience]");
    let applications = of(&[&provider[..], &["defaultAuthorizationPolicy", "allowedApplications"]].concat());
    for application in ["client_id", "azure_cli_client_id", "command_line_client_id"] {
        assert!(applications.contains(&format!("var.tenant.{application},")), "{applications}");
    }
}
