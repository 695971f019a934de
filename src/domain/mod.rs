//! The words of dcaas: plain data, parsed on entry, that knows neither wire nor clock.

pub mod activity;
pub mod caller;
pub mod gates;
pub mod idleness;
pub mod link;
pub mod member;
pub mod membership;
pub mod node;
pub mod profile;
pub mod sign_in;
pub mod situation;
pub mod usage;
pub mod workspace;
