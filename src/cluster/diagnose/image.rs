//! An image that can not be had, and why.

use k8s_openapi::api::core::v1::{ContainerStatus, Event};

use crate::{
    cluster::diagnose::event::{self, message, reason},
    domain::situation::{Phase, Situation},
};

/// Words of a waiting container that mean that its image can not be had.
const PULL_TROUBLE: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

const OTHER_IMAGE: &str = "Check its name and tag, stop, and start with another one.";
const ASK: &str = "Ask an admin to allow it, or stop and start with another image.";
const AGAIN: &str = "It is tried again. If it goes on, stop and start with another image.";
const PLATFORM: &str = "Tell an admin: this image is the platform's own, no other one helps.";

/// What the words of a failed pull mean, by what they contain.
pub const PULLING: &[(&str, &str, &str)] = &[
    ("no match for platform", "There is no image '{}' for this kind of machine.", OTHER_IMAGE),
    // a registry that hides what one may not see says the same for both
    ("pull access denied", "There is no image '{}', or the machine may not pull it.", OTHER_IMAGE),
    ("signature validation failed", "The signature of image '{}' is missing or wrong.", ASK),
    ("unauthorized", "The machine may not pull the image '{}'.", ASK),
    ("denied", "The machine may not pull the image '{}'.", ASK),
    ("forbidden", "The machine may not pull the image '{}'.", ASK),
    ("toomanyrequests", "The registry of image '{}' allows no more pulls for now.", AGAIN),
    ("too many requests", "The registry of image '{}' allows no more pulls for now.", AGAIN),
    ("no such host", "There is no registry of the name that image '{}' begins with.", OTHER_IMAGE),
    (
        "no space left",
        "The image '{}' is too large for the machine's disk.",
        "Start with a smaller image, or ask an admin for larger disks.",
    ),
    ("not found", "There is no image '{}'.", OTHER_IMAGE),
    ("manifest unknown", "There is no image '{}'.", OTHER_IMAGE),
    ("does not exist", "There is no image '{}'.", OTHER_IMAGE),
    ("timeout", "The registry of image '{}' does not answer the machine.", AGAIN),
    ("connection refused", "The registry of image '{}' does not answer the machine.", AGAIN),
    ("", "The image '{}' can not be pulled.", AGAIN),
];

/// A container that waits for an image that does not come.
pub fn trouble(container: &ContainerStatus, init: bool, events: &[&Event]) -> Option<Situation> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason_now = waiting.reason.as_deref().filter(|r| PULL_TROUBLE.contains(r))?;
    let next = |next: &'static str| if init { PLATFORM } else { next };
    if reason_now == "InvalidImageName" {
        let says = format!("'{}' is no name of an image.", container.image);
        return Some(Situation::new(Phase::Failed, says, None).next(next(OTHER_IMAGE)));
    }
    let failed = |e: &&&Event| reason(e) == "Failed" && message(e).contains("pull");
    let event = events.iter().filter(failed).max_by_key(|e| event::last(e));
    // a back-off repeats why, except on old kubelets; the event of the pull itself always says it
    let said = waiting.message.as_deref().unwrap_or_default();
    let tells = reason_now != "ImagePullBackOff" || said.contains(": ");
    let words = if tells { said } else { event.map_or(said, |e| message(e)) };
    let row = &PULLING[find(words, &container.image)];
    let since = event.and_then(|e| event::first(e));
    Some(Situation::new(Phase::Failed, row.1.replace("{}", &container.image), since).next(next(row.2)))
}

/// The row of a pull's words. Names and addresses are no reason: a tag may well be called `denied`.
pub fn find(words: &str, image: &str) -> usize {
    let named = |word: &str| !image.is_empty() && word.contains(image);
    let plain = |word: &&str| !word.contains('/') && !named(word);
    let words: Vec<&str> = words.split_whitespace().filter(plain).collect();
    let words = words.join(" ").to_lowercase();
    let row = PULLING.iter().position(|(contains, ..)| words.contains(contains));
    row.unwrap_or(PULLING.len() - 1)
}
