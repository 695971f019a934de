//! Who asks, and about whose workspace.

use crate::{
    api::{
        exchange::Request,
        problem::{Code, Problem},
    },
    app::Ready,
    domain::{caller::Caller, member::Member},
    identity::easy_auth,
};

/// Lets a request in: who asks, and whose workspace is meant. Parameters that the function does not have are refused,
/// but only after the caller is known.
///
/// # Errors
/// When the caller is nobody here, or asks for what they may not.
pub async fn enter(app: &Ready, request: &Request, parameters: &[&str]) -> Result<Asks, Problem> {
    let caller = caller(app, request).await?;
    request.only_parameters(&[&["member"], parameters].concat())?;
    Ok(Asks { by: caller.member, member: whose(caller, request)? })
}

/// Who asks, and about whose workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    pub by: Member,
    pub member: Member,
}

impl Asks {
    /// Whether it is about their own.
    #[must_use]
    pub fn own(self) -> bool {
        self.by == self.member
    }

    /// A problem, as whoever asks has to hear it: for an admin who named somebody else, that person has no workspace,
    /// not they.
    #[must_use]
    pub fn told(self, problem: Problem) -> Problem {
        if problem.code != Code::NotAMember || self.own() {
            return problem;
        }
        let member = self.member;
        Problem::new(Code::NotAMember, "this person has no workspace here").next(format!(
            "Add them to the group; it takes a few minutes to count. GET /api/workspaces?member={member} says what is \
             kept of them."
        ))
    }
}

/// About whom a request asks that may be about everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    One(Asks),
    Everybody,
}

impl About {
    /// A problem, as whoever asks has to hear it.
    #[must_use]
    pub fn told(self, problem: Problem) -> Problem {
        match self {
            Self::One(asks) => asks.told(problem),
            Self::Everybody => problem,
        }
    }
}

/// Lets a request in that admins may make about everybody (`all=true`).
///
/// # Errors
/// As [`enter`], and when somebody who is no admin asks about everybody.
pub async fn enter_for_all(app: &Ready, request: &Request, parameters: &[&str]) -> Result<About, Problem> {
    let caller = caller(app, request).await?;
    request.only_parameters(&[&["member", "all"], parameters].concat())?;
    match request.parameter("all")? {
        None | Some("false") => Ok(About::One(Asks { by: caller.member, member: whose(caller, request)? })),
        Some("true") if !caller.admin => Err(not_admin("only an admin may see what others used", "usage")),
        Some("true") if request.parameter("member")?.is_some() => {
            Err(Problem::new(Code::BadRequest, "'all' and 'member' are given both").next("Give one of them."))
        }
        Some("true") => Ok(About::Everybody),
        Some(_) => Err(Problem::new(Code::BadRequest, "'all' can not be read")
            .next("Give 'all' as true or false, or leave it out.")),
    }
}

fn not_admin(detail: &str, own: &str) -> Problem {
    Problem::new(Code::NotAdmin, detail).next(format!("GET /api/{own} tells you about your own workspace."))
}

/// Lets an admin in, who may ask about everybody, or about the one person whom they name.
///
/// # Errors
/// When the caller is nobody here, or no admin.
pub async fn enter_as_admin(app: &Ready, request: &Request) -> Result<Option<Member>, Problem> {
    let caller = caller(app, request).await?;
    if !caller.admin {
        return Err(not_admin("only an admin may see who else there is", "status"));
    }
    request.only_parameters(&["member"])?;
    request.parameter("member")?.map(|_| whose(caller, request)).transpose()
}

/// The caller of a request.
///
/// # Errors
/// When nobody vouches for them: anonymous is never a caller.
pub async fn caller(app: &Ready, request: &Request) -> Result<Caller, Problem> {
    if app.settings.entra.easy_auth
        && let Some(header) = request.header(easy_auth::PRINCIPAL)
    {
        let caller = easy_auth::caller(header, &app.settings.entra)
            .ok_or_else(|| not_signed_in("the platform's word about you is not one of this tenant"))?;
        return from_our_own_page(request).map(|()| caller);
    }
    let token = request
        .header("authorization")
        .and_then(bearer)
        .ok_or_else(|| not_signed_in("you are not signed in"))?;
    Ok(app.entra.caller(token).await?)
}

/// The member whose workspace is meant: the caller's own, or the one that an admin names.
///
/// # Errors
/// When somebody who is no admin names another person, whether there is such a person or not.
fn whose(caller: Caller, request: &Request) -> Result<Member, Problem> {
    let Some(named) = request.parameter("member")? else {
        return Ok(caller.member);
    };
    let named = Member::parse(named).map_err(|e| {
        Problem::new(Code::BadRequest, e.to_string()).next("Give the object id of the person, or nothing.")
    });
    match named {
        Ok(member) if member == caller.member || caller.admin => Ok(member),
        Err(problem) if caller.admin => Err(problem),
        _ => Err(Problem::new(Code::NotAdmin, "only an admin may name another person")
            .next("Leave 'member' out to reach your own workspace.")),
    }
}

/// Who has no workspace here learns just that.
#[must_use]
pub fn not_a_member() -> Problem {
    Problem::new(Code::NotAMember, "you have no workspace here")
        .next("Ask an admin to add you to the group; it takes a few minutes to count.")
}

fn not_signed_in(detail: &str) -> Problem {
    Problem::new(Code::NotSignedIn, detail)
        .next("Send 'Authorization: Bearer <token>' with a token for this application.")
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A browser sends the platform's cookie along with a request that another site made: a change must come
/// from our own page. A bearer token is never sent by itself.
fn from_our_own_page(request: &Request) -> Result<(), Problem> {
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    if reads
        || request.header("authorization").is_some()
        || request.header("sec-fetch-site") == Some("same-origin")
    {
        return Ok(());
    }
    let origin = request.header("origin").and_then(|o| o.strip_prefix("https://"));
    if origin.is_some() && origin == request.header("x-forwarded-host") {
        return Ok(());
    }
    Err(Problem::new(Code::CrossSite, "this change was not asked for from dcaas' own page")
        .next("Open dcaas' page and do it there, or send a bearer token."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)], query: &[(&str, &str)]) -> Request {
        let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        Request {
            method: method.into(),
            headers: headers.iter().map(pair).collect(),
            query: query.iter().map(pair).collect(),
            body: vec![],
        }
    }

    #[test]
    fn a_change_by_cookie_comes_from_our_own_page() {
        let rows: &[(&str, &[(&str, &str)], bool)] = &[
            ("GET", &[], true),
            ("POST", &[], false),
            ("POST", &[("sec-fetch-site", "same-origin")], true),
            ("POST", &[("sec-fetch-site", "cross-site")], false),
            ("POST", &[("sec-fetch-site", "same-site")], false),
            ("POST", &[("origin", "https://evil.example"), ("x-forwarded-host", "us.example")], false),
            ("POST", &[("origin", "https://us.example"), ("x-forwarded-host", "us.example")], true),
            ("POST", &[("origin", "null")], false),
            ("POST", &[("authorization", "Bearer x")], true),
        ];
        for (method, headers, passes) in rows {
            assert_eq!(
                from_our_own_page(&request(method, headers, &[])).is_ok(),
                *passes,
                "{method} {headers:?}"
            );
        }
    }

    #[test]
    fn only_an_admin_names_another_person() {
        let own = "6e9f2c1a-0d3b-4b52-9a77-1c2d3e4f5a6b";
        let other = "00000000-0d3b-4b52-9a77-1c2d3e4f5a6b";
        let rows: &[(bool, Option<&str>, Result<&str, Code>)] = &[
            (false, None, Ok(own)),
            (false, Some(own), Ok(own)),
            (false, Some(other), Err(Code::NotAdmin)),
            (false, Some("nonsense"), Err(Code::NotAdmin)),
            (true, None, Ok(own)),
            (true, Some(other), Ok(other)),
            (true, Some("nonsense"), Err(Code::BadRequest)),
        ];
        for (admin, named, expected) in rows {
            let caller = Caller { member: Member::parse(own).unwrap(), admin: *admin };
            let query: Vec<_> = named.iter().map(|n| ("member", *n)).collect();
            let told = whose(caller, &request("GET", &[], &query)).map(|m| m.to_string()).map_err(|p| p.code);
            assert_eq!(told, expected.map(ToOwned::to_owned), "{admin} {named:?}");
        }
    }

    #[test]
    fn a_bearer_token_is_found() {
        for (header, token) in
            [("Bearer abc", Some("abc")), ("bearer abc", Some("abc")), ("Basic abc", None), ("abc", None)]
        {
            assert_eq!(bearer(header), token, "{header}");
        }
    }
}
