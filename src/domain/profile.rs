//! A profile: a named size of workspace, and which images may run in one.

use std::collections::BTreeMap;

use crate::domain::member::Member;

/// A named size: what a pod asks for and where it may run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: String,
    /// A Kubernetes quantity, such as `4` or `3500m`.
    pub cpu: String,
    /// A Kubernetes quantity, such as `16Gi`.
    pub memory: String,
    pub gpus: u32,
    pub node_selector: BTreeMap<String, String>,
    pub tolerations: Vec<Toleration>,
    pub image: String,
    /// What an hour costs, in the currency of the installation.
    pub price_per_hour: f64,
}

/// A taint that a profile's pods put up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    pub key: String,
    pub operator: String,
    pub value: Option<String>,
    pub effect: Option<String>,
}

/// All profiles of an installation; at least one, and the default is one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    all: Vec<Profile>,
    default: String,
}

impl Profiles {
    /// # Errors
    /// A sentence, when the list is empty, a name occurs twice, or the default is not in it.
    pub fn new(all: Vec<Profile>, default: &str) -> Result<Self, String> {
        let mut names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("the profile '{}' occurs twice", twice[0]));
        }
        if !names.contains(&default) {
            return Err(format!("the default profile '{default}' is not among {names:?}"));
        }
        Ok(Self { default: default.to_owned(), all })
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.all.iter().find(|p| p.name == name)
    }

    /// The profile of a start that names none.
    ///
    /// # Panics
    /// Never: [`Profiles::new`] holds the default to be one of them.
    #[must_use]
    pub fn default(&self) -> &Profile {
        self.get(&self.default).expect("the default profile is one of them")
    }

    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.all.iter()
    }

    /// The names, for a person to choose from.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.all.iter().map(|p| p.name.clone()).collect()
    }
}

#[cfg(test)]
impl Profiles {
    /// Small ones of these names for tests; the first is the default.
    pub fn named(names: &[&str]) -> Self {
        let profile = |name: &&str| Profile {
            name: (*name).to_owned(),
            cpu: "1".into(),
            memory: "1Gi".into(),
            gpus: 0,
            node_selector: BTreeMap::new(),
            tolerations: vec![],
            image: "i".into(),
            price_per_hour: 0.5,
        };
        Self::new(names.iter().map(profile).collect(), names[0]).unwrap()
    }
}

/// Which images a member may name at a start: patterns in which `*` stands for any characters, and `{member}` for the
/// member's object id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedImages(Vec<String>);

impl AllowedImages {
    #[must_use]
    pub fn new(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Those of one member.
    #[must_use]
    pub fn of(&self, member: Member) -> Self {
        Self(self.0.iter().map(|pattern| pattern.replace("{member}", &member.to_string())).collect())
    }

    #[must_use]
    pub fn allows(&self, image: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, image))
    }

    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_allowed_by_a_pattern() {
        let rows = [
            ("ours.azurecr.io/*", "ours.azurecr.io/cuda:12", true),
            ("ours.azurecr.io/*", "ours.azurecr.io.evil.example/cuda:12", false),
            ("ours.azurecr.io/team/*:1.*", "ours.azurecr.io/team/torch:1.4", true),
            ("ours.azurecr.io/team/*:1.*", "ours.azurecr.io/team/torch:2.0", false),
            ("ubuntu:24.04", "ubuntu:24.04", true),
            ("ubuntu:24.04", "ubuntu:24.04-evil", false),
            ("*", "anything", true),
            ("", "ubuntu", false),
        ];
        for (pattern, image, allowed) in rows {
            let images = AllowedImages::new(vec![pattern.to_owned()]);
            assert_eq!(images.allows(image), allowed, "{pattern} {image}");
        }
    }

    #[test]
    fn a_members_own_images_are_for_that_member_alone() {
        let ada = Member::parse("6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b").unwrap();
        let images = AllowedImages::new(vec!["r.io/workspace:*".into(), "r.io/members/{member}/*".into()]);
        let rows = [
            ("r.io/workspace:2", true),
            ("r.io/members/6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b/torch:1", true),
            ("r.io/members/6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6c/torch:1", false),
            ("r.io/members/6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b-2/torch:1", false),
            ("r.io/members/{member}/torch:1", false),
        ];
        for (image, allowed) in rows {
            assert_eq!(images.of(ada).allows(image), allowed, "{image}");
        }
    }

    #[test]
    fn a_list_of_profiles_names_its_fault() {
        let profile = |name: &str| Profile {
            name: name.into(),
            cpu: "4".into(),
            memory: "16Gi".into(),
            gpus: 1,
            node_selector: BTreeMap::new(),
            tolerations: vec![],
            image: "i".into(),
            price_per_hour: 1.0,
        };
        let twice = Profiles::new(vec![profile("a"), profile("a")], "a").unwrap_err();
        assert!(twice.contains("'a' occurs twice"), "{twice}");
        let missing = Profiles::new(vec![profile("a")], "b").unwrap_err();
        assert!(missing.contains("'b' is not among"), "{missing}");
        assert_eq!(Profiles::new(vec![profile("a"), profile("b")], "b").unwrap().default().name, "b");
    }
}
