//! Who gets in, who does not, and what is not understood: each through the Functions host.

mod codes;
mod easy_auth;
mod keys;
mod outside;
mod requests;
mod settings;
mod tokens;
mod whose;

use serde_json::{Value, json};

use crate::world::{Answer, Installation, Person, Token, eventually};

/// A member who has everything but a sign-in.
async fn provisioned(dcaas: &Installation) -> Person {
    let person = Person::made(json!({ "installation": dcaas.name })).await;
    dcaas.enqueue(&person).await;
    eventually("the member is provisioned", || person.set()).await;
    person
}

/// Asserts that every function answers with the same problem.
fn all_refuse(answers: &[(&str, Answer)], status: u16, code: &str, what: &str) {
    for (path, answer) in answers {
        answer.refuses(status, code, &format!("{what} at {path}"));
    }
}

/// What a start or a stop would change, whoever else writes the status.
async fn wishes(person: &Person) -> Value {
    let set = person.set().await.unwrap();
    json!([set["metadata"]["annotations"], set["spec"]])
}

/// Asserts that the log tells what happened and holds nothing that opens a door, nor anybody's address.
async fn no_secret_in_the_log(dcaas: &Installation, tokens: &[&Token], people: &[&Person]) {
    let log = dcaas.log().await;
    assert!(log.contains("Executed 'Functions."), "the log is the one of these requests: {log}");
    for token in tokens {
        // a part of a token is as bad: its claims name a person, its signature is what it lives by
        for part in token.0.split('.').skip(1).filter(|part| part.len() > 8) {
            assert!(!log.contains(part), "a part of a token is in the log");
        }
    }
    for person in people {
        assert!(!log.contains(&format!("gho_{}", person.name)), "the tunnel's token is in the log");
    }
    assert!(!log.contains("@world.example"), "an e-mail address is in the log");
    for secret in ["AccountKey=", "Bearer ey", "IDENTITY_HEADER"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
