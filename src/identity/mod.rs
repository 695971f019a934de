//! Who asks, and who we are: a caller from a request, and tokens of our own.

pub mod easy_auth;
pub mod entra;
mod keys;
pub mod own;
