//! The Kubernetes endpoint: what it holds for a member, and the calls that change it.

mod connect;
mod diagnose;
mod events;
mod hear;
mod json_patch;
mod leaving;
mod log;
mod manifest;
mod memory;
mod nodes;
mod notes;
mod observe;
mod occupancies;
mod reads;
mod request;
mod residences;
mod residents;
mod sign_in;
mod strangers;
mod writes;

pub use diagnose::diagnose;
pub use events::End;
pub use leaving::Found;
pub use log::{LogLine, LogWish};
pub use manifest::{Manifest, Owner, allowance, bounds, claims, namespace, role_binding, volume, workspace};
pub use memory::Memory;
pub use reads::{Cluster, Look};
pub use request::Error;
pub use residences::{Residence, Run};
pub use sign_in::{KeptFlow, NewToken};
