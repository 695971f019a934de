//! What to do, and why: pure functions of what was seen, the settings and the time.

pub mod budget;
pub mod idle;
pub mod lifecycle;
pub mod membership;
pub mod sign_in;
pub mod sweep;
pub mod tally;
