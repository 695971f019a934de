//! Ports that are free and stay so for the moment until a process takes them.

use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};

/// Below the range from which the kernel gives ports to connections, lest one of those take ours.
const FROM: u16 = 15_000;
const TO: u16 = 32_000;

/// So many different free ports.
///
/// # Errors
/// When the machine has none left.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    // two worlds that start in the same moment must not look at the same ports
    let (_, seed, ..) = uuid::Uuid::new_v4().as_fields();
    let start = seed % (TO - FROM);
    let all = (0..TO - FROM).map(|step| FROM + (start + step) % (TO - FROM));
    let held: Vec<(u16, TcpListener)> = all
        .filter_map(|port| Some((port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?)))
        .take(N)
        .collect();
    let ports: Vec<u16> = held.iter().map(|(port, _)| *port).collect();
    let Ok(ports) = ports.try_into() else {
        bail!("no port is free on 127.0.0.1: end some program that listens")
    };
    Ok(ports)
}

#[cfg(test)]
mod tests {
    #[test]
    fn free_ports_are_different_from_each_other() {
        let mut ports = super::free::<5>().unwrap();
        ports.sort_unstable();
        assert!(ports.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
