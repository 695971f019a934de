//! The places where a secret could lie, and the search for it there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::world::{Installation, Person, control, get};

/// A place, in words, and what is there.
pub type Place = (String, String);

/// The secrets of a run.
#[derive(Default)]
pub struct Needles {
    secrets: Vec<Place>,
    /// What a person types, which only they may see.
    codes: Vec<Place>,
}

impl Needles {
    pub fn add(&mut self, name: &str, value: &str) {
        assert!(value.len() >= 8, "{name} is too short to be a secret");
        self.secrets.extend([
            (name.to_owned(), value.to_owned()),
            // as a Secret holds it
            (format!("{name}, in base64"), STANDARD.encode(value)),
        ]);
    }

    pub fn add_code(&mut self, name: &str, value: &str) {
        self.codes.push((name.to_owned(), value.to_owned()));
    }

    /// How many of them are in this text: a search that finds nothing anywhere would say nothing.
    pub fn found(&self, text: &str) -> usize {
        self.secrets.iter().filter(|(_, value)| text.contains(value)).count()
    }

    /// None of them is in this text.
    pub fn none(&self, place: &str, text: &str) {
        self.none_but_codes(place, text);
        absent(&self.codes, place, text);
    }

    /// The same, but it is the owner who reads it.
    pub fn none_but_codes(&self, place: &str, text: &str) {
        absent(&self.secrets, place, text);
    }

    pub fn none_in(&self, places: Vec<Place>) {
        assert!(!places.is_empty(), "nothing was looked at");
        places.iter().for_each(|(place, text)| self.none(place, text));
    }
}

fn absent(needles: &[Place], place: &str, text: &str) {
    for (name, value) in needles {
        if let Some(at) = text.find(value) {
            let before: String = text[..at].chars().rev().take(200).collect();
            let before: String = before.chars().rev().collect();
            panic!("{name} is in {place}, after …{before}");
        }
    }
}

/// What the platform and the one who deployed tell the executable of this installation alone.
pub fn of_the_executable(installation: &str) -> Vec<Place> {
    let ours = format!("INSTALLATION={installation}");
    let texts = processes().filter_map(|process| read(&process.join("environ")));
    let all = texts.filter(|text| text.split('\0').any(|one| one == ours));
    let variables: Vec<String> =
        all.flat_map(|text| text.split('\0').map(ToOwned::to_owned).collect::<Vec<_>>()).collect();
    let secret = |name: &str| {
        let value = variables.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        (name.to_owned(), value.unwrap_or_else(|| panic!("the executable has no {name}")).to_owned())
    };
    vec![secret("IDENTITY_HEADER"), secret("CLIENT_STATE")]
}

/// What a key of a Secret holds.
pub async fn secret(path: &str, key: &str) -> Option<String> {
    let text = STANDARD.decode(get(path).await?["data"][key].as_str()?).unwrap();
    Some(String::from_utf8(text).unwrap())
}

/// Every object of these namespaces and every one of none, but for the Secrets that hold a sign-in.
pub async fn objects(namespaces: &[String]) -> Vec<Place> {
    let mut versions = vec!["/api/v1".to_owned()];
    for group in get("/apis").await.unwrap()["groups"].as_array().unwrap() {
        let all = group["versions"].as_array().unwrap().iter();
        versions.extend(all.map(|version| format!("/apis/{}", version["groupVersion"].as_str().unwrap())));
    }
    let mut found = Vec::new();
    for version in versions {
        for kind in get(&version).await.unwrap()["resources"].as_array().unwrap() {
            let name = kind["name"].as_str().unwrap();
            if !kind["verbs"].as_array().unwrap().iter().any(|verb| verb == "list") {
                continue;
            }
            let paths = match kind["namespaced"].as_bool().unwrap() {
                true => namespaces.iter().map(|ns| format!("{version}/namespaces/{ns}/{name}")).collect(),
                false => vec![format!("{version}/{name}")],
            };
            for path in paths {
                let list = get(&path).await.unwrap_or_default();
                for object in list["items"].as_array().into_iter().flatten() {
                    let own = object["metadata"]["name"].as_str().unwrap_or_default();
                    if !(name == "secrets" && ["tunnel", "sign-in"].contains(&own)) {
                        found.push((format!("{path}/{own}"), object.to_string()));
                    }
                }
            }
        }
    }
    let set = |(path, _): &Place| path.ends_with("/statefulsets/workspace");
    let namespace = |(path, _): &Place| path.ends_with(&namespaces[0]);
    assert!(found.iter().any(set) || found.iter().any(namespace), "the member's things were not looked at");
    found
}

/// The whole log of each container of a person's pods, with the agent's lines.
pub async fn logs(person: &Person) -> Vec<Place> {
    let mut found = Vec::new();
    for pod in person.pods().await {
        let name = pod["metadata"]["name"].as_str().unwrap();
        for container in ["install", "workspace"] {
            let log = get(&person.path(&format!("pods/{name}/log?container={container}"))).await.unwrap();
            let text = log.as_str().map_or_else(|| log.to_string(), ToOwned::to_owned);
            found.push((format!("the log of {name}/{container}"), text));
        }
    }
    assert!(found.iter().any(|(_, text)| text.contains(r#""dcaas":1"#)), "no line of the agent's");
    found
}

/// Environment and arguments of every process of the pod with that home, and the arguments of all others, which
/// everybody on a machine can read.
pub fn of_the_pod(home: &Path) -> Vec<Place> {
    let ours = format!("HOME={}", home.display());
    let mut found = Vec::new();
    let mut count = 0;
    for process in processes() {
        let place = |what: &str| format!("the {what} of process {}", process.display());
        found.extend(read(&process.join("cmdline")).map(|text| (place("arguments"), text)));
        let environment = read(&process.join("environ"));
        if let Some(text) = environment.filter(|text| text.split('\0').any(|one| one == ours)) {
            found.push((place("environment"), text));
            count += 1;
        }
    }
    assert!(count >= 2, "the agent and the tunnel at least, not {count}");
    found
}

/// The same path from outside of the pod.
pub fn real(inside: &Path) -> PathBuf {
    let parts = inside.components().skip_while(|part| part.as_os_str() != "root").skip(1);
    Path::new("/").join(parts.collect::<PathBuf>())
}

/// Every file below a folder.
pub fn disk(folder: &Path) -> Vec<Place> {
    let mut found = vec![(folder.display().to_string(), String::new())];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(disk(&path));
        } else if kind.is_file() {
            let text = read(&path).unwrap_or_else(|| panic!("{} can not be read", path.display()));
            found.push((path.display().to_string(), text));
        }
    }
    found
}

/// What lies in the members' storage account.
pub async fn blobs(dcaas: &Installation, person: &Person) -> Vec<Place> {
    let mut found = dcaas.blobs("usage", "").await.unwrap();
    found.extend(dcaas.blobs(&person.namespace(), "").await.unwrap());
    found
}

/// The messages that wait, and those that nobody could read.
pub async fn on_the_queue(dcaas: &Installation) -> Vec<Place> {
    let mut found = Vec::new();
    for queue in ["members", "members-poison"] {
        let path = format!("/installations/{}/queues/{queue}", dcaas.name);
        found.push((queue.to_owned(), control("GET", &path, serde_json::Value::Null).await.to_string()));
    }
    found
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    all.filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit()))
}

fn read(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}
