//! What several functions share: one turn each of look, decide, act.

mod act;
pub mod door;
pub mod idle;
pub mod leaving;
pub mod logs;
pub mod membership;
pub mod reconcile;
pub mod sign_in;
pub mod sweep;
pub mod usage;
pub mod workspace;
pub mod workspaces;
