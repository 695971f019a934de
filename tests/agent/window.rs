//! The person at the other end of the stand-in's tunnel, beside a pod of one.

use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use serde_json::{Value, json};

use super::pod::{Pod, eventually};

/// Asks the stand-in to do something there.
fn ask(pod: &Pod, wish: &Value) -> Result<Value, String> {
    let door = pod.read("run/cli/door");
    let mut stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(door).unwrap()).unwrap();
    stream.write_all(format!("{wish}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["error"].as_str().map_or(Ok(answer.clone()), |why| Err(why.to_owned()))
}

pub fn try_to_type(pod: &Pod, text: &str) -> Result<Value, String> {
    ask(pod, &json!({ "type": { "text": text } }))
}

pub fn open(pod: &Pod) {
    ask(pod, &json!({ "open": {} })).unwrap();
}

/// Types a text and Enter in the window's terminal.
pub fn type_in(pod: &Pod, text: &str) {
    try_to_type(pod, text).unwrap();
}

/// Types for a moment in a document.
pub fn work(pod: &Pod) {
    ask(pod, &json!({ "type": {} })).unwrap();
}

pub fn close(pod: &Pod) {
    ask(pod, &json!({ "close": {} })).unwrap();
}

/// What the window's terminal shows.
pub fn screen(pod: &Pod) -> String {
    ask(pod, &json!({ "screen": {} })).unwrap()["screen"].as_str().unwrap().to_owned()
}

/// Waits until its terminal shows these words so often.
pub fn until_shown(pod: &Pod, words: &str, times: usize) {
    let shown = || (screen(pod).matches(words).count() == times).then_some(());
    eventually(&format!("{words}, {times} times in the terminal"), shown, || {
        pod.log().into_iter().chain([screen(pod)]).collect()
    });
}
