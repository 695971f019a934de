//! The shapes of our own API: requests, replies, JSON bodies and problems.

pub mod body;
pub mod exchange;
pub mod message;
pub mod problem;
pub mod workspaces;
