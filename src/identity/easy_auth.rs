//! A caller from the header that App Service authentication sets (Easy Auth).
//!
//! The platform strips the header from outside requests, but only while it is on: whoever reads it must
//! have asked the settings first.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{
    config::EntraSettings,
    domain::{caller::Caller, member::Member},
};

/// The header with the principal, as JSON in base64.
pub const PRINCIPAL: &str = "x-ms-client-principal";

/// The header with what the platform calls the person. For their eyes alone: nothing is decided by it.
pub const NAME: &str = "x-ms-client-principal-name";

/// Claims come with their short names or with the long ones that the platform maps them to by default.
const OID: [&str; 2] = ["oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"];
const TENANT: [&str; 2] = ["tid", "http://schemas.microsoft.com/identity/claims/tenantid"];
const ROLES: [&str; 2] = ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];

#[derive(Deserialize)]
struct Principal {
    auth_typ: String,
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    typ: String,
    val: String,
}

/// The caller whom the platform vouches for; none when the header is no principal of our tenant.
#[must_use]
pub fn caller(header: &str, settings: &EntraSettings) -> Option<Caller> {
    let principal: Principal = serde_json::from_slice(&STANDARD.decode(header).ok()?).ok()?;
    let values = |names: [&'static str; 2]| {
        principal.claims.iter().filter(move |c| names.contains(&c.typ.as_str())).map(|c| c.val.as_str())
    };
    if principal.auth_typ != "aad" || values(TENANT).next() != Some(&settings.tenant) {
        return None;
    }
    Some(Caller {
        member: Member::parse(values(OID).next()?).ok()?,
        admin: values(ROLES).any(|role| role == settings.admin_role),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID_VALUE: &str = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";

    fn settings() -> EntraSettings {
        EntraSettings {
            authority: String::new(),
            tenant: "t".into(),
            client_id: String::new(),
            admin_role: "admin".into(),
            easy_auth: true,
        }
    }

    fn header(auth: &str, claims: &[(&str, &str)]) -> String {
        let claims: Vec<_> =
            claims.iter().map(|(typ, val)| serde_json::json!({"typ": typ, "val": val})).collect();
        STANDARD.encode(serde_json::json!({"auth_typ": auth, "claims": claims}).to_string())
    }

    #[test]
    fn only_a_principal_of_our_tenant_counts() {
        let long = [(TENANT[1], "t"), (OID[1], OID_VALUE), (ROLES[1], "admin")];
        let rows: &[(&str, String, Option<bool>)] = &[
            ("short names", header("aad", &[("tid", "t"), ("oid", OID_VALUE)]), Some(false)),
            ("long names", header("aad", &long), Some(true)),
            ("another tenant", header("aad", &[("tid", "u"), ("oid", OID_VALUE)]), None),
            ("no tenant", header("aad", &[("oid", OID_VALUE)]), None),
            ("another provider", header("github", &[("tid", "t"), ("oid", OID_VALUE)]), None),
            ("no person", header("aad", &[("tid", "t")]), None),
            ("no base64", "?".into(), None),
            ("no JSON", STANDARD.encode("x"), None),
        ];
        for (name, header, admin) in rows {
            assert_eq!(caller(header, &settings()).map(|c| c.admin), *admin, "{name}");
        }
    }
}
