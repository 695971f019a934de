//! The web page: what is rendered here and what its script does itself, and which script and style it may have.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::domain::profile::{Profile, Profiles};

/// All of the page's script. One file for each part of the page; none of them is anybody else's.
const SCRIPT: &str = concat!(
    include_str!("../templates/script/tell.js"),
    include_str!("../templates/script/ask.js"),
    include_str!("../templates/script/steps.js"),
    include_str!("../templates/script/use.js"),
    include_str!("../templates/script/log.js"),
    include_str!("../templates/script/hours.js"),
    include_str!("../templates/script/everybody.js"),
    include_str!("../templates/script/workspace.js"),
);

const STYLE: &str = include_str!("../templates/page.css");

/// The path of this page after a sign-in with App Service authentication, and the page that signs in.
const SIGN_IN: &str = "/.auth/login/aad?post_login_redirect_uri=/";
const SIGN_OUT: &str = "/.auth/logout?post_logout_redirect_uri=/";

/// What a browser may load, run and send: nothing but what is in the page, and requests to where it came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// A source of a content security policy: this text and no other.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes())))
}

/// A page, and the policy that it is sent with.
pub struct Page {
    pub html: String,
    pub policy: &'static str,
}

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Visitor<'a> {
    /// What the platform calls them, where it says so.
    pub name: Option<&'a str>,
    pub admin: bool,
    /// The profiles that are open to them; none means all.
    pub open: Option<&'a [String]>,
}

/// The page of somebody who is signed in.
#[must_use]
pub fn home(visitor: &Visitor, profiles: &Profiles, currency: &str, home: &str) -> Page {
    let is_open = |p: &&Profile| visitor.open.is_none_or(|open| open.contains(&p.name));
    let (open, closed): (Vec<_>, Vec<_>) = profiles.iter().partition(is_open);
    let usual = open.iter().find(|p| p.name == profiles.default().name).or(open.first()).map(|p| &p.name);
    let sizes = open.iter().map(|p| Size::new(p, currency, usual == Some(&p.name))).collect();
    let closed = closed.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(", ");
    page(&Home { frame: Frame::default(), name: visitor.name, admin: visitor.admin, sizes, closed, home })
}

/// The page of somebody who is not.
#[must_use]
pub fn welcome() -> Page {
    page(&Welcome { frame: Frame::default() })
}

/// A page that says what is wrong, and what to do next.
#[must_use]
pub fn sorry(says: &str, next: &str, signed_in: bool) -> Page {
    page(&Sorry { frame: Frame::default(), says: sentence(says), next, signed_in })
}

/// A problem's detail as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn page(template: &impl Template) -> Page {
    // writing into a text does not fail, and a template that lacks something does not compile
    Page { html: template.render().unwrap_or_default(), policy: &POLICY }
}

/// What every page has.
struct Frame {
    style: &'static str,
    sign_in: &'static str,
    sign_out: &'static str,
}

impl Default for Frame {
    fn default() -> Self {
        Self { style: STYLE, sign_in: SIGN_IN, sign_out: SIGN_OUT }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    frame: Frame,
    name: Option<&'a str>,
    admin: bool,
    sizes: Vec<Size>,
    /// The names of those that are not open to them.
    closed: String,
    /// The folder that an editor opens.
    home: &'a str,
}

impl Home<'_> {
    fn script(&self) -> &'static str {
        SCRIPT
    }
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "sorry.html")]
struct Sorry<'a> {
    frame: Frame,
    says: String,
    next: &'a str,
    signed_in: bool,
}

/// A profile in words.
#[derive(Debug, PartialEq, Eq)]
struct Size {
    name: String,
    has: String,
    price: String,
    usual: bool,
}

impl Size {
    fn new(profile: &Profile, currency: &str, usual: bool) -> Self {
        let gpus = match profile.gpus {
            0 => "no GPU".to_owned(),
            1 => "1 GPU".to_owned(),
            many => format!("{many} GPUs"),
        };
        let cores = if profile.cpu == "1" { "core" } else { "cores" };
        Self {
            name: profile.name.clone(),
            has: format!("{gpus}, {} {cores}, {} of memory", profile.cpu, memory(&profile.memory)),
            price: format!("{:.2} {currency} an hour", profile.price_per_hour),
            usual,
        }
    }
}

/// A quantity of Kubernetes as people write it: `16Gi` is 16 GiB.
fn memory(quantity: &str) -> String {
    let digits = quantity.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    match &quantity[digits.len()..] {
        "" => format!("{digits} bytes"),
        unit => format!("{digits} {}B", unit.trim_end_matches('B')),
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
