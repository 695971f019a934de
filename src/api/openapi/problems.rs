//! Which problems an operation can answer, and what each of them means.

use std::collections::BTreeMap;

use super::operations::Operation;
use crate::api::problem::{Code, Problem};

/// Every code there is.
pub const ALL: [Code; 25] = [
    Code::BadRequest,
    Code::BodyTooLarge,
    Code::NotSignedIn,
    Code::BadToken,
    Code::CrossSite,
    Code::NotAMember,
    Code::NotAdmin,
    Code::NoSuchRoute,
    Code::UnknownProfile,
    Code::ProfileNotYours,
    Code::ImageNotAllowed,
    Code::BudgetSpent,
    Code::RunsAnother,
    Code::NotRunning,
    Code::KeepsChanging,
    Code::Settings,
    Code::ClusterRefused,
    Code::ClusterUnavailable,
    Code::StorageUnavailable,
    Code::EntraUnavailable,
    Code::GraphRefused,
    Code::GraphUnavailable,
    Code::SignInRefused,
    Code::SignInUnavailable,
    Code::Bug,
];

/// Met wherever something is asked.
const ANYWHERE: [Code; 5] =
    [Code::BadRequest, Code::BodyTooLarge, Code::NoSuchRoute, Code::Settings, Code::Bug];

/// Met wherever it counts who asks.
const ASKED_BY_SOMEBODY: [Code; 10] = [
    Code::NotSignedIn,
    Code::BadToken,
    Code::EntraUnavailable,
    Code::NotAMember,
    Code::NotAdmin,
    Code::ClusterRefused,
    Code::ClusterUnavailable,
    Code::StorageUnavailable,
    Code::GraphRefused,
    Code::GraphUnavailable,
];

/// The problems of an operation, by status.
pub fn by_status(operation: &Operation) -> BTreeMap<u16, Vec<Code>> {
    let mut all = ANYWHERE.to_vec();
    if !operation.anonymous {
        all.extend(ASKED_BY_SOMEBODY);
        if operation.method == "post" {
            all.extend([Code::CrossSite, Code::KeepsChanging]);
        }
    }
    all.extend(operation.refuses);
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    for code in ALL.into_iter().filter(|code| all.contains(code)) {
        by_status.entry(code.status()).or_default().push(code);
    }
    by_status
}

/// When it is met, in a sentence without its stop.
pub fn when(code: Code) -> &'static str {
    match code {
        Code::BadRequest => "the request can not be read",
        Code::BodyTooLarge => "the body is larger than this function reads",
        Code::NotSignedIn => "there is no token, nor a principal of the platform",
        Code::BadToken => "the token does not count here",
        Code::CrossSite => "a cookie was used from another site",
        Code::NotAMember => "there is no workspace here for this person",
        Code::NotAdmin => "only an admin may name others, or see everybody",
        Code::NoSuchRoute => "there is no such route",
        Code::UnknownProfile => "there is no such profile",
        Code::ProfileNotYours => "the profile is not open to this member",
        Code::ImageNotAllowed => "the image is not allowed here",
        Code::BudgetSpent => "the month's budget is spent",
        Code::RunsAnother => "another profile or image runs: it has to be stopped first",
        Code::NotRunning => "nothing runs that this could be about",
        Code::KeepsChanging => "the workspace was changed again and again meanwhile",
        Code::Settings => "the function app is not set up",
        Code::ClusterRefused => "the cluster refused a change",
        Code::ClusterUnavailable => "the cluster does not answer",
        Code::StorageUnavailable => "the storage account does not answer",
        Code::EntraUnavailable => "the tenant's keys can not be had",
        Code::GraphRefused => "Microsoft Graph refused a question",
        Code::GraphUnavailable => "Microsoft Graph does not answer",
        Code::SignInRefused => "the provider refused the sign-in",
        Code::SignInUnavailable => "the provider of the sign-in does not answer",
        Code::Bug => "dcaas failed",
    }
}

/// What it looks like.
pub fn example(code: Code) -> Problem {
    let next = match (code.retry_after(), code.status()) {
        (Some(_), _) => "Nothing is lost. Try again after `Retry-After`.",
        (None, 500..) => "An admin should look: the log says why.",
        _ => "What to do about it stands here.",
    };
    Problem::new(code, when(code)).next(next)
}
