//! dcaas: dev containers as a service on AKS. One executable: an Azure Functions custom handler, and the
//! agent inside a workspace's pod.
//!
//! The floors of the house, ground first. A blank line starts a new floor; a module names only modules of
//! lower floors, and a test holds the tree to it.

pub mod domain;

pub mod plan;

pub mod api;
pub mod config;
pub mod page;
pub mod pod;
pub mod protocol;
pub mod wire;

pub mod cluster;
pub mod device_flow;
pub mod graph;
pub mod identity;
pub mod storage;

pub mod app;

pub mod turn;

pub mod functions;

pub mod agent;
pub mod cli;
pub mod serve;

#[cfg(test)]
mod scripted;
