//! Which headers pass between client and executable, and which the host sets (SOURCES 2.2).

use http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use super::call::{HOST_VERSION, INVOCATION_HEADER, VERSION_HEADER};

/// YARP's list of what belongs to one connection, and what it takes out besides.
const DROPPED: &[&str] = &[
    "connection",
    "transfer-encoding",
    "keep-alive",
    "upgrade",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-features",
    "proxy-instruction",
    "security-scheme",
    "alpn",
    "close",
    "te",
    "http2-settings",
    "upgrade-insecure-requests",
    "alt-svc",
];
/// Removed from requests: set anew, or by the client of the next connection.
const REPLACED: &[&str] = &[
    "host",
    "content-length",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-prefix",
    VERSION_HEADER,
    INVOCATION_HEADER,
    "x-ms-invocation-id",
];

/// Whether a header stays on its connection.
pub fn is_dropped(name: &str) -> bool {
    DROPPED.contains(&name)
}

/// The client's headers as the executable gets them. `Host` is left to the connection: 127.0.0.1 and the port.
pub fn outgoing(incoming: &HeaderMap, call: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(incoming.len() + 8);
    for (name, value) in incoming {
        if !is_dropped(name.as_str()) && !REPLACED.contains(&name.as_str()) {
            headers.append(name, value.clone());
        }
    }
    let mut set = |name: &'static str, value: &[u8]| {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    // whoever reaches this host is on the same machine
    set("x-forwarded-for", b"127.0.0.1");
    if let Some(host) = incoming.get(header::HOST) {
        set("x-forwarded-host", host.as_bytes());
    }
    set("x-forwarded-proto", b"http");
    set(VERSION_HEADER, HOST_VERSION.as_bytes());
    let id = call.to_string();
    set(INVOCATION_HEADER, id.as_bytes());
    set("x-ms-invocation-id", id.as_bytes());
    headers
}

/// The decoded path as the host encodes it for the executable; none where the platform would alter it.
pub fn path(raw: &str) -> Option<(String, String)> {
    let bytes = raw.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            // an encoded slash is changed by Azure's front end before the host sees it (SOURCES 9.11)
            (b'%', Some(b'/')) => return None,
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    let decoded = String::from_utf8(decoded).ok()?;
    let mut encoded = String::with_capacity(decoded.len());
    for byte in decoded.bytes() {
        if byte.is_ascii_alphanumeric() || b"!$&'()*+,-./:;=@_~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Some((decoded, encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_forges_is_overwritten_and_hop_by_hop_is_dropped() {
        let mut incoming = HeaderMap::new();
        for (name, value) in [
            ("host", "app.example"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/p"),
            ("forwarded", "for=1.2.3.4"),
            ("x-azure-functions-invocationid", "forged"),
            ("connection", "keep-alive"),
            ("te", "trailers"),
            ("user-agent", "curl"),
            ("content-encoding", "gzip"),
            ("x-ms-client-principal", "kept: not the host's business"),
            ("cookie", "a"),
            ("cookie", "b"),
        ] {
            incoming.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let id = Uuid::new_v4();
        let headers = outgoing(&incoming, id);
        let of = |name: &str| {
            headers.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for (name, wanted) in [
            ("host", vec![]),
            ("x-forwarded-for", vec!["127.0.0.1"]),
            ("x-forwarded-host", vec!["app.example"]),
            ("x-forwarded-proto", vec!["http"]),
            ("x-forwarded-prefix", vec![]),
            ("forwarded", vec![]),
            ("connection", vec![]),
            ("te", vec![]),
            ("user-agent", vec!["curl"]),
            ("content-encoding", vec!["gzip"]),
            ("x-ms-client-principal", vec!["kept: not the host's business"]),
            ("cookie", vec!["a", "b"]),
            ("x-azure-functions-invocationid", vec![id.to_string().as_str()]),
            ("x-ms-invocation-id", vec![id.to_string().as_str()]),
        ] {
            assert_eq!(of(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_path_is_decoded_and_encoded_again() {
        for (raw, wanted) in [
            ("/api/a%20b", Some(("/api/a b", "/api/a%20b"))),
            ("/api/%61%3f", Some(("/api/a?", "/api/a%3F"))),
            ("/api/(x)", Some(("/api/(x)", "/api/(x)"))),
            ("/api/100%", Some(("/api/100%", "/api/100%25"))),
            ("/api/a%2Fb", None),
            ("/api/%FF", None),
        ] {
            let wanted =
                wanted.map(|(decoded, encoded): (&str, &str)| (decoded.to_owned(), encoded.to_owned()));
            assert_eq!(path(raw), wanted, "{raw}");
        }
    }
}
