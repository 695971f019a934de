//! The world around the program, on one machine: what dcaas meets in Azure, real where it can be had.
//!
//! Nothing here knows dcaas: it is handed an assembled function app, images and manifests, and fills in
//! what they ask for by name.

pub mod certificates;
pub mod control;
pub mod device_flows;
pub mod listener;
pub mod process;
pub mod strict;
pub mod tunnels;
pub mod world;

pub mod azurite;
pub mod entra;
pub mod gate;
pub mod github;
pub mod graph;
pub mod host;
pub mod installation;
pub mod kubernetes;
pub mod machines;
pub mod relay;
