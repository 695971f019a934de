//! Gates: which groups of the directory open which profiles to their people.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::profile::Profiles;

/// The most groups that a gate may ask about: Graph answers for 20 at once, and the installation's own is one.
const MOST: usize = 19;

/// Profiles that are open only to the people of certain groups. A profile that no gate names is open to everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates(BTreeMap<String, BTreeSet<String>>);

impl Gates {
    /// By the groups' object ids, in lower case.
    ///
    /// # Errors
    /// A sentence, when there are too many groups, or a gate names no profile, or closes the default one.
    pub fn new(gates: BTreeMap<String, BTreeSet<String>>, profiles: &Profiles) -> Result<Self, String> {
        if gates.len() > MOST {
            return Err(format!("{} groups are more than {MOST}", gates.len()));
        }
        for name in gates.values().flatten() {
            if profiles.get(name).is_none() {
                return Err(format!("there is no profile '{name}'"));
            }
            if *name == profiles.default().name {
                return Err(format!("the default profile '{name}' has to be open to everybody"));
            }
        }
        Ok(Self(gates))
    }

    /// The groups that Graph has to be asked about.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The profiles that somebody of these groups may start, in the order of the settings; none where there are no
    /// gates, and everything is open.
    #[must_use]
    pub fn open_to(&self, groups: &BTreeSet<String>, profiles: &Profiles) -> Option<Vec<String>> {
        if self.0.is_empty() {
            return None;
        }
        let gated: BTreeSet<&String> = self.0.values().flatten().collect();
        let opened: BTreeSet<&String> =
            groups.iter().filter_map(|group| self.0.get(group)).flatten().collect();
        let names = profiles.names().into_iter();
        Some(names.filter(|name| !gated.contains(name) || opened.contains(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles() -> Profiles {
        Profiles::named(&["cpu", "t4", "a100", "h100"])
    }

    fn gates(rows: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        rows.iter().map(|(group, profiles)| ((*group).to_owned(), names(profiles))).collect()
    }

    #[test]
    fn a_gate_opens_its_profiles_to_the_people_of_its_group() {
        let gates = Gates::new(gates(&[("research", &["a100", "h100"]), ("vision", &["a100"])]), &profiles());
        let gates = gates.unwrap();
        let rows: [(&[&str], &[&str]); 4] = [
            (&[], &["cpu", "t4"]),
            (&["vision"], &["cpu", "t4", "a100"]),
            (&["research", "vision"], &["cpu", "t4", "a100", "h100"]),
            (&["another"], &["cpu", "t4"]),
        ];
        for (groups, open) in rows {
            let groups = groups.iter().map(|g| (*g).to_owned()).collect();
            assert_eq!(gates.open_to(&groups, &profiles()).unwrap(), open, "{groups:?}");
        }
        assert_eq!(Gates::default().open_to(&BTreeSet::new(), &profiles()), None);
    }

    #[test]
    fn gates_that_can_not_be_used_say_why() {
        let many: Vec<(String, BTreeSet<String>)> =
            (0..20).map(|n| (n.to_string(), BTreeSet::new())).collect();
        let rows = [
            (gates(&[("a", &["v100"])]), "there is no profile 'v100'"),
            (gates(&[("a", &["cpu"])]), "has to be open"),
            (many.into_iter().collect(), "20 groups are more than 19"),
        ];
        for (given, why) in rows {
            let said = Gates::new(given, &profiles()).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
