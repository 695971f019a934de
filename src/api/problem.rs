//! A problem: an error for people, with a code for programs and the next step (RFC 9457).

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::lifecycle::Refusal;

/// Every kind of problem, one row each in [`Code::row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    BadRequest,
    BodyTooLarge,
    NotSignedIn,
    BadToken,
    CrossSite,
    NotAMember,
    NotAdmin,
    NoSuchRoute,
    UnknownProfile,
    ProfileNotYours,
    ImageNotAllowed,
    BudgetSpent,
    RunsAnother,
    NotRunning,
    KeepsChanging,
    Settings,
    ClusterRefused,
    ClusterUnavailable,
    StorageUnavailable,
    EntraUnavailable,
    GraphRefused,
    GraphUnavailable,
    SignInRefused,
    SignInUnavailable,
    Bug,
}

impl Code {
    /// The one table of codes: the word for programs, the HTTP status, and whether asking again helps (seconds).
    fn row(self) -> (&'static str, u16, Option<u64>) {
        match self {
            Self::BadRequest => ("bad-request", 400, None),
            Self::BodyTooLarge => ("body-too-large", 413, None),
            Self::NotSignedIn => ("not-signed-in", 401, None),
            Self::BadToken => ("bad-token", 401, None),
            Self::CrossSite => ("cross-site", 403, None),
            Self::NotAMember => ("not-a-member", 403, None),
            Self::NotAdmin => ("not-admin", 403, None),
            Self::NoSuchRoute => ("no-such-route", 404, None),
            Self::UnknownProfile => ("unknown-profile", 400, None),
            Self::ProfileNotYours => ("profile-not-yours", 403, None),
            Self::ImageNotAllowed => ("image-not-allowed", 403, None),
            Self::BudgetSpent => ("budget-spent", 403, None),
            Self::RunsAnother => ("runs-another", 409, None),
            Self::NotRunning => ("not-running", 409, None),
            Self::KeepsChanging => ("keeps-changing", 503, Some(2)),
            Self::Settings => ("settings", 500, None),
            Self::ClusterRefused => ("cluster-refused", 502, None),
            Self::ClusterUnavailable => ("cluster-unavailable", 503, Some(10)),
            Self::StorageUnavailable => ("storage-unavailable", 503, Some(10)),
            Self::EntraUnavailable => ("entra-unavailable", 503, Some(10)),
            Self::GraphRefused => ("graph-refused", 502, None),
            Self::GraphUnavailable => ("graph-unavailable", 503, Some(10)),
            Self::SignInRefused => ("sign-in-refused", 502, None),
            Self::SignInUnavailable => ("sign-in-unavailable", 503, Some(10)),
            Self::Bug => ("bug", 500, None),
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().0
    }

    #[must_use]
    pub fn status(self) -> u16 {
        self.row().1
    }

    #[must_use]
    pub fn retry_after(self) -> Option<u64> {
        self.row().2
    }
}

/// An error for people. What only we should read is in `cause`, which goes to the log and nowhere else.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.word())]
pub struct Problem {
    pub code: Code,
    /// One sentence.
    pub detail: String,
    /// What to do next.
    pub next: String,
    /// For the log.
    pub cause: Option<String>,
}

/// A problem on the wire.
#[derive(JsonSchema, Serialize)]
pub struct ProblemBody<'a> {
    pub title: &'a str,
    pub status: u16,
    pub detail: &'a str,
    pub code: &'a str,
    pub next: &'a str,
}

impl Problem {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), next: String::new(), cause: None }
    }

    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    #[must_use]
    pub fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            title: self.code.word(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code.word(),
            next: &self.next,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownProfile { asked, known } => {
                Self::new(Code::UnknownProfile, format!("there is no profile '{asked}'"))
                    .next(format!("Choose one of: {}.", known.join(", ")))
            }
            Refusal::ProfileNotYours { asked, yours } => {
                Self::new(Code::ProfileNotYours, format!("the profile '{asked}' is not open to you"))
                    .next(format!("Choose one of: {}. An admin can open others.", yours.join(", ")))
            }
            Refusal::ImageNotAllowed { asked, allowed } => {
                let allowed =
                    if allowed.is_empty() { "only the profile's own".to_owned() } else { allowed.join(", ") };
                Self::new(Code::ImageNotAllowed, format!("the image '{asked}' is not allowed here"))
                    .next(format!("Leave the image out, or choose one that matches: {allowed}."))
            }
            Refusal::RunsAnother { profile, image } => Self::new(
                Code::RunsAnother,
                format!("your workspace runs with profile '{profile}' and image '{image}'"),
            )
            .next("Stop it first (POST /api/stop), then start it as you wish."),
        }
    }
}
