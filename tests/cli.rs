//! The command line: the real executable against the world, through pipes and through a pseudo-terminal.

mod codes;
mod documented;
mod log;
mod login;
mod morning;
mod shell;

use serde_json::{Value, json};

use crate::world::{Installation, control, eventually};
pub use shell::{Ended, Shell};

/// Waits until a text shows the code of a sign-in, and does at the browser what a person does.
async fn enter(what: &str, as_whom: &str, read: impl Fn() -> String) -> String {
    let code = eventually(what, || async { code_in(&read()) }).await;
    control("POST", &format!("/sign-ins/{code}/approve"), json!({ "as": as_whom })).await;
    code
}

fn code_in(text: &str) -> Option<String> {
    let rest = text.split(" and enter ").nth(1)?;
    let code: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    // cut off in the middle it is not there yet
    (rest.len() > code.len()).then_some(code)
}

/// Sign-ins of this installation are polled every second.
async fn quick(dcaas: &Installation) {
    let pace = json!({ "installation": dcaas.name, "interval": 1, "expires_in": 900 });
    control("PUT", "/sign-ins/pace", pace).await;
}

/// What a command printed for programs.
fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}"))
}
