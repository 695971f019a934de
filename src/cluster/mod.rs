//! The Kubernetes endpoint: what it holds for a member, and the calls that change it.

mod connect;
mod diagnose;
mod log;
mod manifest;
mod notes;
mod observe;
mod reads;
mod request;
mod strangers;
mod writes;

pub use diagnose::diagnose;
pub use log::{LogLine, LogWish};
pub use manifest::{Owner, bounds, claims, first_objects, volume, workspace};
pub use reads::{Cluster, Look};
pub use request::Error;
