//! The shapes of our own API: requests, replies, JSON bodies and problems.

pub mod body;
pub mod exchange;
pub mod message;
pub mod openapi;
pub mod problem;
pub mod usage;
pub mod workspaces;
