//! The Kubernetes endpoint: what it holds for a member, and the calls that change it.

mod calls;
mod connect;
mod diagnose;
mod log;
mod manifest;
mod notes;
mod observe;
mod request;

pub use calls::{Cluster, Look};
pub use diagnose::diagnose;
pub use log::{LogLine, LogWish};
pub use manifest::{Owner, bounds, claims, first_objects, workspace};
pub use request::Error;
