//! The way to a storage account: over a few connections, however much is asked at once.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, Transport, new_http_client};
use tokio::sync::Semaphore;

/// Requests at once; more wait for their turn. Each takes a connection, which stays for a while, and a Functions
/// instance on a Consumption plan may have 600 of them, to all parties together.
const IN_FLIGHT: usize = 32;

/// Options for a client of an account; each call gives connections of their own.
pub fn options() -> ClientOptions {
    ClientOptions { transport: Some(Transport::new(Arc::new(Few::new()))), ..Default::default() }
}

#[derive(Debug)]
struct Few {
    client: Arc<dyn HttpClient>,
    turns: Semaphore,
}

impl Few {
    fn new() -> Self {
        Self { client: new_http_client(None), turns: Semaphore::new(IN_FLIGHT) }
    }
}

#[async_trait]
impl HttpClient for Few {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        // never closed
        let _turn = self.turns.acquire().await;
        self.client.execute_request(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        time::Duration,
    };

    use azure_core::http::Method;
    use futures::future::{FutureExt, join_all};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// How many requests wait for their answer, and how many did at most.
    #[derive(Default)]
    struct Seen {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    /// Answers whatever comes over a connection, after a while.
    async fn answers(mut socket: TcpStream, seen: Arc<Seen>) {
        let mut asked = [0; 4096];
        while socket.read(&mut asked).await.is_ok_and(|length| length > 0) {
            seen.most.fetch_max(seen.now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            seen.now.fetch_sub(1, SeqCst);
            socket.write_all(b"HTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    }

    #[tokio::test]
    async fn of_much_at_once_a_part_is_asked_and_all_is_answered() {
        // whichever test comes first installs it; the others find it there
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let sees = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answers(socket, sees.clone()));
            }
        });
        let few = Few::new();
        let request = Request::new(url.parse().unwrap(), Method::Put);
        let all = join_all((0..500).map(|_| few.execute_request(&request))).await;
        assert!(all.into_iter().all(|answer| answer.is_ok_and(|answer| answer.status() == 201)));
        let most = seen.most.load(SeqCst);
        assert!(most <= IN_FLIGHT, "{most}");
        // one that is given up leaves its turn to others
        assert!(few.execute_request(&request).now_or_never().is_none());
        assert_eq!(few.turns.available_permits(), IN_FLIGHT);
    }
}
