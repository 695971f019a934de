//! Who is a member: one person asked about, or all people of the group.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Error, Graph, PERMISSIONS,
    request::{Ask, Repeat},
};
use crate::domain::{
    member::Member,
    membership::{Person, Standing},
};

/// People on a page; Graph gives no more.
const PAGE: usize = 999;

/// Pages of one list: far more than an installation's group has, and an end where Graph has none.
const PAGES: usize = 200;

/// How long all pages may take together.
const PATIENCE: Duration = Duration::from_secs(100);

/// What we read of a user. Everything else that Graph knows about people stays there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    id: String,
    display_name: Option<String>,
    account_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct WirePage<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// Of people who are only to be found in a list.
#[derive(Deserialize)]
struct WireId {
    id: String,
}

impl Graph {
    /// Whether a person counts as a member now, or did some minutes ago: Graph's answers may lag.
    ///
    /// # Errors
    /// When Graph does not answer, or the group is not there.
    pub async fn person(&self, member: Member) -> Result<Person, Error> {
        let mut person = Person { member, standing: Standing::Stranger, name: None, groups: BTreeSet::new() };
        let user = self.url(&format!("/users/{member}?$select=id,accountEnabled,displayName"));
        let user: WireUser = match self.ask(Ask::get(user)).await {
            Ok(user) => user,
            Err(Error::NotFound(_)) => return Ok(person),
            Err(Error::Denied(why)) => return Ok(Person { standing: not_told(&why), ..person }),
            Err(e) => return Err(e),
        };
        person.name = user.display_name;
        person.standing = standing(user.account_enabled);
        if person.standing == Standing::Member {
            self.check_groups(&mut person).await?;
        }
        Ok(person)
    }

    /// Whether they are in the group, and in which of those that open profiles: one question.
    async fn check_groups(&self, person: &mut Person) -> Result<(), Error> {
        let groups: Vec<&String> =
            std::iter::once(&self.settings.group).chain(&self.settings.gates).collect();
        let body = json!({ "groupIds": groups });
        let check = self.url(&format!("/users/{}/checkMemberGroups", person.member));
        match self.ask::<WirePage<String>>(Ask::post(check, Some(&body), Repeat::Always)).await {
            Ok(inside) => {
                let inside: BTreeSet<String> = inside.value.iter().map(|id| id.to_lowercase()).collect();
                if !inside.contains(&self.settings.group) {
                    person.standing = Standing::Stranger;
                }
                person.groups =
                    self.settings.gates.iter().filter(|id| inside.contains(*id)).cloned().collect();
            }
            Err(Error::Denied(why)) => person.standing = not_told(&why),
            // the person was there a moment ago
            Err(Error::NotFound(_)) => return Err(Error::NoGroup),
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// All people of the group, also those of groups in it, by their object ids.
    ///
    /// # Errors
    /// When Graph does not give the whole list: a part of it would make leavers of the rest.
    pub async fn members(&self) -> Result<Vec<Person>, Error> {
        let lists = self.lists();
        tokio::time::timeout(PATIENCE, lists).await.unwrap_or_else(|_| {
            let why = format!("the list of members took longer than {PATIENCE:?}");
            Err(Error::Unavailable { why, again: false, wait: None })
        })
    }

    async fn lists(&self) -> Result<Vec<Person>, Error> {
        let mut people = BTreeMap::new();
        let take = |user: WireUser| {
            let member = Member::parse(&user.id).map_err(|e| unreadable(&e.to_string()))?;
            let standing = standing(user.account_enabled);
            people.insert(
                member,
                Person { member, standing, name: user.display_name, groups: BTreeSet::new() },
            );
            Ok(())
        };
        match self.each_of(&self.settings.group, "id,accountEnabled,displayName", take).await {
            Err(Error::NotFound(_)) => return Err(Error::NoGroup),
            whole => whole?,
        }
        for gate in &self.settings.gates {
            let take = |user: WireId| {
                let person = Member::parse(&user.id).ok().and_then(|member| people.get_mut(&member));
                person.into_iter().for_each(|person: &mut Person| {
                    person.groups.insert(gate.clone());
                });
                Ok(())
            };
            match self.each_of(gate, "id", take).await {
                // as when a single person is asked about: nobody is in a group that is not there
                Err(Error::NotFound(_)) => {
                    tracing::warn!(group = gate, "a group of PROFILE_GROUPS does not exist")
                }
                whole => whole?,
            }
        }
        Ok(people.into_values().collect())
    }

    /// Hands on all people of a group, page by page.
    async fn each_of<T: DeserializeOwned>(
        &self,
        group: &str,
        select: &str,
        mut take: impl FnMut(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut url = self.url(&format!(
            "/groups/{group}/transitiveMembers/microsoft.graph.user?$select={select}&$count=true&$top={PAGE}"
        ));
        for _ in 0..PAGES {
            let page: WirePage<T> = self.ask(Ask { eventual: true, ..Ask::get(url) }).await?;
            page.value.into_iter().try_for_each(&mut take)?;
            match page.next {
                Some(next) => url = self.own_link(next)?,
                None => return Ok(()),
            }
        }
        Err(unreadable(&format!("a list of more than {PAGES} pages")))
    }

    /// A link that Graph gave, if it leads to Graph: our token goes nowhere else.
    pub(super) fn own_link(&self, link: String) -> Result<String, Error> {
        let origin = |text: &str| reqwest::Url::parse(text).map(|url| url.origin()).ok();
        match (origin(&link), origin(&self.settings.url)) {
            (Some(there), Some(own)) if there == own => Ok(link),
            _ => Err(unreadable("a list goes on at another address than Graph's")),
        }
    }
}

/// What an account's state says. Without the right to read users Graph gives null, with status 200.
fn standing(enabled: Option<bool>) -> Standing {
    match enabled {
        Some(true) => Standing::Member,
        Some(false) => Standing::Stranger,
        None => not_told("it leaves accountEnabled out, as without User.Read.All"),
    }
}

fn not_told(why: &str) -> Standing {
    Standing::Unknown {
        why: format!("Graph does not tell about people; the function's identity needs {PERMISSIONS} ({why})"),
    }
}

fn unreadable(why: &str) -> Error {
    Error::Refused { status: 200, message: why.to_owned() }
}
