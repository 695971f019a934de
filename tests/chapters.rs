//! The tests: plain clients of a world that runs (`cargo xtask test`), and the rules of the house.

#![expect(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod world;

mod agent;
mod bad_days;
mod brake;
mod callers;
mod cli;
mod editor;
mod gates;
mod histories;
mod house;
mod idle;
mod image;
mod infra;
mod joining;
mod kills;
mod kubelet;
mod leaving;
mod membership;
mod openapi;
mod page;
mod rights;
mod secrets;
mod sign_in;
mod subscription;
mod sweep;
mod tunnel;
mod usage;
mod walk;
mod workspaces;
