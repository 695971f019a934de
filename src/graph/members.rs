//! Who is a member: one person asked about, or all people of the group.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
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
struct WirePage {
    value: Vec<WireUser>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct WireGroups {
    value: Vec<String>,
}

impl Graph {
    /// Whether a person counts as a member now, or did some minutes ago: Graph's answers may lag.
    ///
    /// # Errors
    /// When Graph does not answer, or the group is not there.
    pub async fn standing(&self, member: Member) -> Result<Standing, Error> {
        let user = self.url(&format!("/users/{member}?$select=id,accountEnabled,displayName"));
        let user: WireUser = match self.ask(Ask::get(user)).await {
            Ok(user) => user,
            Err(Error::NotFound(_)) => return Ok(Standing::Stranger),
            Err(Error::Denied(why)) => return Ok(not_told(&why)),
            Err(e) => return Err(e),
        };
        match standing(user.account_enabled) {
            Standing::Member => {}
            other => return Ok(other),
        }
        let body = json!({ "groupIds": [self.settings.group] });
        let check = self.url(&format!("/users/{member}/checkMemberGroups"));
        match self.ask::<WireGroups>(Ask::post(check, Some(&body), Repeat::Always)).await {
            Ok(inside) if inside.value.iter().any(|id| id.eq_ignore_ascii_case(&self.settings.group)) => {
                Ok(Standing::Member)
            }
            Ok(_) => Ok(Standing::Stranger),
            Err(Error::Denied(why)) => Ok(not_told(&why)),
            // the person was there a moment ago
            Err(Error::NotFound(_)) => Err(Error::NoGroup),
            Err(e) => Err(e),
        }
    }

    /// All people of the group, also those of groups in it, by their object ids.
    ///
    /// # Errors
    /// When Graph does not give the whole list: a part of it would make leavers of the rest.
    pub async fn members(&self) -> Result<Vec<Person>, Error> {
        let pages = self.pages();
        tokio::time::timeout(PATIENCE, pages).await.unwrap_or_else(|_| {
            let why = format!("the list of members took longer than {PATIENCE:?}");
            Err(Error::Unavailable { why, again: false, wait: None })
        })
    }

    async fn pages(&self) -> Result<Vec<Person>, Error> {
        let mut people = BTreeMap::new();
        let group = &self.settings.group;
        let mut url = self.url(&format!(
            "/groups/{group}/transitiveMembers/microsoft.graph.user\
             ?$select=id,accountEnabled,displayName&$count=true&$top={PAGE}"
        ));
        for _ in 0..PAGES {
            let page: WirePage = match self.ask(Ask { eventual: true, ..Ask::get(url) }).await {
                Err(Error::NotFound(_)) => return Err(Error::NoGroup),
                page => page?,
            };
            for user in page.value {
                let member = Member::parse(&user.id).map_err(|e| unreadable(&e.to_string()))?;
                let standing = standing(user.account_enabled);
                people.insert(member, Person { member, standing, name: user.display_name });
            }
            match page.next {
                Some(next) => url = self.own_link(next)?,
                None => return Ok(people.into_values().collect()),
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
        None => not_told("accountEnabled is missing in its answer"),
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
