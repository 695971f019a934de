//! A host, a browser, and what the relay does between them.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A host that is connected, and the lines that it is told.
async fn host(relay: &Relay) -> BufReader<TcpStream> {
    let stream = greet(relay, &json!({ "host": { "name": "dc-1", "home": "/home/dev" } })).await;
    let there = async {
        while relay.inner.tunnel("dc-1").is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, there).await.unwrap();
    BufReader::new(stream)
}

async fn greet(relay: &Relay, hello: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(relay.hosts).await.unwrap();
    stream.write_all(format!("{hello}\n").as_bytes()).await.unwrap();
    stream
}

/// A browser that has sent a request to that host, with this path.
async fn browser(relay: &Relay, host: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(relay.browsers).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

/// Comes for the next browser.
async fn take(relay: &Relay, host: &mut BufReader<TcpStream>) -> TcpStream {
    let mut line = String::new();
    timeout(PATIENCE, host.read_line(&mut line)).await.unwrap().unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    greet(relay, &json!({ "take": { "visit": told["visit"] } })).await
}

async fn all(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // what is cut with something unread in it ends with an error
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn word(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn relay() -> (Relay, Oddities) {
    let oddities = Oddities::new();
    (Relay::start(Ipv4Addr::LOCALHOST.into(), oddities.clone()).await.unwrap(), oddities)
}

#[tokio::test]
async fn a_browser_reaches_a_host_that_came_from_the_other_side() {
    let (relay, oddities) = relay().await;
    let lost = all(browser(&relay, "127.0.0.1", "/tunnel/dc-1").await).await;
    assert!(lost.starts_with("HTTP/1.1 404 ") && lost.contains("no tunnel `dc-1`"), "{lost}");
    let mut host = host(&relay).await;
    let led = all(browser(&relay, "127.0.0.1", "/tunnel/dc-1/home/dev").await).await;
    assert!(
        led.contains(&format!("http://dc-1.localhost:{}/?folder=%2Fhome%2Fdev", relay.inner.port)),
        "{led}"
    );
    let mut there = browser(&relay, "dc-1.localhost", "/x").await;
    let mut here = take(&relay, &mut host).await;
    assert_eq!(word(&mut here, 39).await, "GET /x HTTP/1.1\r\nHost: dc-1.localhost\r\n");
    here.write_all(b"hello").await.unwrap();
    assert_eq!(word(&mut there, 5).await, "hello");
    assert!(oddities.list().is_empty());
    // the host goes, and with it whoever was there
    drop(host);
    all(there).await;
    relay.stop().await;
}

#[tokio::test]
async fn who_sleeps_says_nothing_and_learns_nothing_before_they_wake() {
    let (relay, _) = relay().await;
    let mut host = host(&relay).await;
    let mut there = browser(&relay, "dc-1.localhost", "/").await;
    let mut here = take(&relay, &mut host).await;
    word(&mut here, 40).await;
    relay.sleep("dc-1", true).unwrap();
    there.write_all(b"typed").await.unwrap();
    here.write_all(b"told").await.unwrap();
    // a short sleep loses nothing
    relay.sleep("dc-1", false).unwrap();
    assert_eq!(word(&mut there, 4).await, "told");
    assert_eq!(word(&mut here, 5).await, "typed");
    relay.sleep("dc-1", true).unwrap();
    here.write_all(b"never heard").await.unwrap();
    relay.cut("dc-1").unwrap();
    all(here).await;
    relay.sleep("dc-1", false).unwrap();
    assert_eq!(all(there).await, "");
    relay.stop().await;
}

#[tokio::test]
async fn what_nobody_knows_is_remembered() {
    let (relay, oddities) = relay().await;
    let told = all(browser(&relay, "127.0.0.1", "/nothing").await).await;
    assert!(told.starts_with("HTTP/1.1 501 "), "{told}");
    all(greet(&relay, &json!({ "guest": {} })).await).await;
    let list = oddities.list();
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(list[0].contains("GET /nothing") && list[1].contains("guest"), "{list:?}");
    assert!(relay.sleep("dc-1", true).is_err() && relay.cut("dc-1").is_err());
    relay.stop().await;
}
