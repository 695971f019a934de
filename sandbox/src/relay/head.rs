//! The head of a browser's first request, which says where its connection goes, and the few answers of the site's own.

use std::{io, time::Duration};

use reqwest::Url;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

/// A head has so many bytes at most.
const MOST: usize = 64 * 1024;
/// A browser opens connections that it may need later.
const SPEAKS_WITHIN: Duration = Duration::from_secs(300);
const END: &[u8] = b"\r\n\r\n";

/// All that was read to find the head's end: the host gets it as it came.
pub struct Head {
    bytes: Vec<u8>,
    text: String,
}

/// What a browser wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The tunnel whose origin it is at.
    Tunnel(&'a str),
    /// The address of a tunnel.
    Address(&'a str),
    /// What browsers ask every site for.
    Icon,
    Unknown,
}

impl Head {
    /// Reads until the head is whole.
    pub async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let whole = async {
            loop {
                if let Some(end) = bytes.windows(END.len()).position(|part| part == END) {
                    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
                    return Ok(Self { text, bytes });
                }
                if bytes.len() >= MOST || stream.read_buf(&mut bytes).await? == 0 {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
        };
        timeout(SPEAKS_WITHIN, whole).await?
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    pub fn wanted(&self) -> Wanted<'_> {
        let host = self.text.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        });
        let host = host.unwrap_or_default();
        let host = host.split_once(':').map_or(host, |(host, _port)| host);
        if let Some(name) = host.strip_suffix(".localhost") {
            return Wanted::Tunnel(name);
        }
        let target = self.first_line().split(' ').nth(1).unwrap_or_default();
        let path = target.split(['?', '#']).next().unwrap_or_default();
        match path.strip_prefix("/tunnel/").and_then(|rest| rest.split('/').next()) {
            Some(name) if !name.is_empty() => Wanted::Address(name),
            _ if path == "/favicon.ico" => Wanted::Icon,
            _ => Wanted::Unknown,
        }
    }
}

/// To a tunnel's own origin, with its home open. Whatever folder the address names: where a machine is only processes, a
/// workspace's paths are others inside.
pub fn leads_to(name: &str, port: u16, home: &str) -> String {
    let mut place = match Url::parse(&format!("http://{name}.localhost:{port}/")) {
        Ok(place) => place,
        Err(why) => return missing(&format!("`{name}` names no tunnel: {why}")),
    };
    place.query_pairs_mut().append_pair("folder", home);
    format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nCache-Control: no-store\r\n{REST}0\r\n\r\n")
}

const REST: &str = "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ";

/// There is nothing, and why.
pub fn missing(why: &str) -> String {
    answer("404 Not Found", why)
}

/// The site knows nothing of the kind.
pub fn not_understood(asked: &str) -> String {
    answer("501 Not Implemented", &format!("the site of the tunnels does not know `{asked}`"))
}

fn answer(status: &str, text: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{REST}{}\r\n\r\n{text}\n", text.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_says_where_a_connection_goes() {
        let table = [
            ("GET / HTTP/1.1\r\nHost: dc-1.localhost:80", Wanted::Tunnel("dc-1")),
            ("GET /tunnel/dc-2 HTTP/1.1\r\nhost:dc-1.localhost", Wanted::Tunnel("dc-1")),
            ("GET /tunnel/dc-1 HTTP/1.1\r\nHost: 127.0.0.1:80", Wanted::Address("dc-1")),
            ("GET /tunnel/dc-1/home/dev?x HTTP/1.1\r\nHost: 127.0.0.1:80", Wanted::Address("dc-1")),
            ("GET /tunnel/dc-1?x=/y HTTP/1.1", Wanted::Address("dc-1")),
            ("GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1", Wanted::Icon),
            ("GET /tunnel/ HTTP/1.1\r\nHost: localhost", Wanted::Unknown),
            ("GET / HTTP/1.1\r\nHost: localhost:80", Wanted::Unknown),
            ("", Wanted::Unknown),
        ];
        for (text, expected) in table {
            let head = Head { bytes: Vec::new(), text: text.into() };
            assert_eq!(head.wanted(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_address_leads_to_an_origin_of_the_tunnels_own() {
        let answer = leads_to("dc-1", 4711, "/srv/a b");
        assert!(
            answer.contains("\r\nLocation: http://dc-1.localhost:4711/?folder=%2Fsrv%2Fa+b\r\n"),
            "{answer}"
        );
        assert!(leads_to("a b", 1, "/").starts_with("HTTP/1.1 404 "));
    }
}
