//! Whose the home is: a note on it, so that what another image's user left is handed over at the next start. Pure but
//! for reading and writing it.

use std::fs;
use std::io;
use std::path::Path;

/// The note lies at the home's root: whoever is in the home's group can replace it, whoever wrote it before.
const FILE: &str = ".dcaas-user";
const PARTIAL: &str = ".dcaas-user.partial";

const ROOT: u32 = 0;

/// Whose the home is, and who else worked in it since it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub user: u32,
    pub others: Vec<u32>,
}

impl Owner {
    /// Nobody else worked in it.
    pub fn alone(user: u32) -> Self {
        Self { user, others: Vec::new() }
    }

    /// Reads the note; none if there is none that can be understood.
    pub fn read(home: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(home.join(FILE)).ok()?)
    }

    /// Writes the note, whole or not at all.
    pub fn write(&self, home: &Path) -> io::Result<()> {
        let partial = home.join(PARTIAL);
        // another user's, of a write that was cut off: it can be removed, not written to
        let _ = fs::remove_file(&partial);
        fs::write(&partial, self.render())?;
        fs::rename(partial, home.join(FILE))
    }

    /// The home as it is when `user` begins to work in it, and what people should know.
    ///
    /// Root can work everywhere, so it takes a home from nobody.
    pub fn arrives(note: Option<Self>, user: u32) -> (Self, Option<String>) {
        let Some(mut owner) = note else {
            return (Self::alone(user), None);
        };
        if owner.user != user {
            let guest = if user == ROOT { user } else { std::mem::replace(&mut owner.user, user) };
            owner.others.retain(|other| *other != user && *other != guest);
            owner.others.push(guest);
        }
        let in_the_way = user != ROOT && !owner.others.is_empty();
        let says = in_the_way.then(|| {
            let others: Vec<String> = owner.others.iter().map(u32::to_string).collect();
            format!(
                "some of your home may belong to user {} of another image, and this one's user is {user}: if you can \
                 not write a file, stop the workspace and start it again, and all of it is handed to user {user}",
                others.join(" and ")
            )
        });
        (owner, says)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut users = text.split_whitespace().map(str::parse);
        let user = users.next()?.ok()?;
        Some(Self { user, others: users.collect::<Result<_, _>>().ok()? })
    }

    fn render(&self) -> String {
        let users = std::iter::once(&self.user).chain(&self.others).map(u32::to_string);
        users.collect::<Vec<_>>().join(" ") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_arrives_is_noted_and_only_who_may_be_hindered_hears_of_it() {
        for (name, note, user, expected, says) in [
            ("the first", "", 1000, "1000\n", false),
            ("the first is root", "", 0, "0\n", false),
            ("nonsense is nothing", "abc", 1000, "1000\n", false),
            ("the same again", "1000", 1000, "1000\n", false),
            ("root takes nothing", "1000", 0, "1000 0\n", false),
            ("root again", "1000 0", 0, "1000 0\n", false),
            ("nobody handed it over", "1000 0", 1000, "1000 0\n", true),
            ("another image's user", "1000", 2000, "2000 1000\n", true),
            ("and back at once", "2000 1000", 1000, "1000 2000\n", true),
            ("after root", "0", 1000, "1000 0\n", true),
            ("a third", "2000 1000", 3000, "3000 1000 2000\n", true),
            ("root among them", "2000 1000", 0, "2000 1000 0\n", false),
        ] {
            let (owner, sentence) = Owner::arrives(Owner::parse(note), user);
            assert_eq!((owner.render().as_str(), sentence.is_some()), (expected, says), "{name}");
            assert_eq!(Owner::parse(expected), Some(owner), "{name}");
        }
        let (_, says) = Owner::arrives(Owner::parse("1000 0"), 2000);
        let says = says.unwrap();
        assert!(
            says.contains("user 0 and 1000 of another image") && says.contains("start it again"),
            "{says}"
        );
    }
}
