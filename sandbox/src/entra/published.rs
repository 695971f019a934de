//! What Entra publishes about a tenant: discovery documents and key sets.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use super::tokens::{Tokens, issuer_v1, issuer_v2};
use crate::listener::{self, Answer, Request};
use crate::strict::Oddities;

/// Tenants that Entra knows besides the real ones.
const COMMON: [&str; 3] = ["common", "organizations", "consumers"];

/// Answers one request to the authority.
pub(super) fn answer(tokens: &Arc<Tokens>, oddities: &Oddities, request: &Request) -> Answer {
    let path = request.uri().path();
    let (tenant, page) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let not_understood = || {
        oddities.remember(format!("entra: {} {path}", request.method()));
        listener::json(
            501,
            &json!({"error": "not_implemented", "error_description": "the world's Entra lacks this"}),
        )
    };
    let known = page.starts_with("oauth2/")
        || matches!(
            page,
            ".well-known/openid-configuration"
                | "v2.0/.well-known/openid-configuration"
                | "discovery/keys"
                | "discovery/v2.0/keys"
        );
    if !known {
        // as Entra: an empty page
        return listener::text(404, "text/html; charset=utf-8", "");
    }
    if request.method() != http::Method::GET || COMMON.contains(&tenant) {
        return not_understood();
    }
    if tenant != tokens.tenant.to_string() {
        return no_such_tenant(tenant);
    }
    let called = listener::called_as(request);
    let base = format!("{called}/{tenant}");
    let issuer = issuer_v2(&called, tokens.tenant);
    let keys = || tokens.keys.lock().unwrap_or_else(PoisonError::into_inner).published();
    match page {
        ".well-known/openid-configuration" => listener::json(200, &discovery_v1(tokens, &base)),
        "v2.0/.well-known/openid-configuration" => listener::json(200, &discovery_v2(issuer, &base)),
        "discovery/keys" => listener::json(200, &keys()),
        "discovery/v2.0/keys" => listener::json(200, &with_issuer(keys(), &issuer)),
        _ => not_understood(),
    }
}

/// learn: entra/identity-platform/v2-protocols-oidc, version 1 of the same document. The key set is found at
/// the address that the client called, so that it goes through whatever stands between.
fn discovery_v1(tokens: &Tokens, base: &str) -> Value {
    let mut document = discovery(base, "oauth2", "discovery/keys");
    document["issuer"] = issuer_v1(tokens.tenant).into();
    document
}

/// The issuer is the address that the client called: behind a gate, the one that its installation knows.
fn discovery_v2(issuer: String, base: &str) -> Value {
    let mut document = discovery(base, "oauth2/v2.0", "discovery/v2.0/keys");
    document["issuer"] = issuer.into();
    document["device_authorization_endpoint"] = format!("{base}/oauth2/v2.0/devicecode").into();
    document["scopes_supported"] = json!(["openid", "profile", "email", "offline_access"]);
    document
}

fn discovery(base: &str, oauth: &str, keys: &str) -> Value {
    json!({
        "token_endpoint": format!("{base}/{oauth}/token"),
        "authorization_endpoint": format!("{base}/{oauth}/authorize"),
        "end_session_endpoint": format!("{base}/{oauth}/logout"),
        "jwks_uri": format!("{base}/{keys}"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "preferred_username", "oid", "tid"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    })
}

/// The keys of version 2 say whose they are.
fn with_issuer(mut keys: Value, issuer: &str) -> Value {
    for key in keys["keys"].as_array_mut().into_iter().flatten() {
        key["issuer"] = issuer.into();
    }
    keys
}

fn no_such_tenant(tenant: &str) -> Answer {
    let says = format!(
        "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing \
         into the correct cloud."
    );
    let body = json!({"error": "invalid_tenant", "error_description": says, "error_codes": [90002]});
    listener::json(400, &body)
}
