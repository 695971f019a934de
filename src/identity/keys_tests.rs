//! Keys that a tenant publishes, rolls and drops, over a real socket.

use std::sync::Mutex;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// A tenant that publishes whichever keys the test says, and remembers how often it was asked.
async fn tenant(published: Arc<Mutex<(Vec<&'static str>, usize)>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await;
            let body = {
                let mut published = published.lock().unwrap();
                published.1 += 1;
                let key =
                    |id: &&str| format!(r#"{{"kty":"RSA","use":"sig","kid":"{id}","n":"AQAB","e":"AQAB"}}"#);
                let keys: Vec<_> = published.0.iter().map(key).collect();
                format!(r#"{{"keys":[{}]}}"#, keys.join(","))
            };
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/keys")
}

#[tokio::test]
async fn a_new_key_is_fetched_a_dropped_one_forgotten_and_a_forgers_asked_for_once() {
    // whichever test comes first installs it; the others find it there
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let published = Arc::new(Mutex::new((vec!["a"], 0)));
    let keys = Keys::new(tenant(published.clone()).await, reqwest::Client::new());
    // what the tenant publishes, which key is asked for, whether it is found, how often the tenant was asked
    let rows: [(&[&str], &str, bool, usize); 8] = [
        (&["a"], "a", true, 1),
        (&["a"], "a", true, 1),
        (&["b", "a"], "a", true, 1),
        (&["b", "a"], "b", true, 2),
        (&["c", "b"], "c", true, 3),
        (&["c", "b"], "a", false, 4), // dropped: the set that brought c has it no more
        (&["c", "b"], "x", false, 4), // and after one miss nobody is asked for a while
        (&["c", "b"], "b", true, 4),
    ];
    for (now, id, found, asked) in rows {
        published.lock().unwrap().0 = now.to_vec();
        assert_eq!(keys.find(id).await.unwrap().is_some(), found, "{id} of {now:?}");
        assert_eq!(published.lock().unwrap().1, asked, "{id} of {now:?}");
    }
}
