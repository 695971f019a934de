//! Starts a world and ends it when it is told to: by a signal, or by its control address.

use anyhow::Result;
use clap::Parser;
use sandbox::world::{Options, World};
use std::{process::ExitCode, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "warn,kube_client=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let mut ends = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let mut told = std::pin::pin!(async move {
        let waits = ends.iter_mut().flatten().map(|end| Box::pin(end.recv()));
        futures::future::select_all(waits).await;
    });
    let world = tokio::select! {
        world = World::start(options) => world?,
        // whatever has started is a child of what is dropped here, and ends with it
        () = &mut told => return Ok(()),
    };
    tell(&world)?;
    tokio::select! {
        () = &mut told => (),
        () = world.ending.cancelled() => (),
    }
    println!("the world ends");
    world.stop().await
}

/// Prints where everything is.
fn tell(world: &Arc<World>) -> Result<()> {
    let record = world.record()?;
    for name in ["functions", "kubeconfig", "entra", "graph", "control", "folder"] {
        println!("  {name:<11} {}", record[name].as_str().unwrap_or_default());
    }
    let people: Vec<_> = record["people"].as_array().into_iter().flatten().collect();
    for person in people {
        let word = |name: &str| person[name].as_bool().unwrap_or_default();
        let role = match (word("admin"), word("member")) {
            (true, _) => "admin",
            (false, true) => "member",
            (false, false) => "no member",
        };
        println!(
            "  {:<11} {} ({role})",
            person["name"].as_str().unwrap_or_default(),
            person["oid"].as_str().unwrap_or_default()
        );
    }
    Ok(())
}
