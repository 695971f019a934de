//! Tokens for people and for managed identities, and the keys to check them.
