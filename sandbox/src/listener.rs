//! A port on loopback that speaks HTTP/1.1, with or without TLS: what the world's parties listen with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reqwest::Url;
use rustls::ServerConfig;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What comes in.
pub type Request = http::Request<Incoming>;
/// What goes out: whole or as a stream.
pub type Answer = http::Response<reqwest::Body>;

/// Instead of an answer: the connection is closed, and not a byte is said.
#[derive(Debug, Clone, Copy)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// A listening port; it is closed, with all its connections, by `stop` or when it is dropped.
pub struct Listener {
    address: SocketAddr,
    scheme: &'static str,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Listener {
    /// Listens on a free port and answers every request with what `answer` says.
    pub async fn start<A, F>(tls: Option<ServerConfig>, answer: A) -> anyhow::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Cut>> + Send + 'static,
    {
        Self::start_on(0, tls, answer).await
    }

    /// The same on a port that is known already; 0 takes a free one.
    pub async fn start_on<A, F>(port: u16, tls: Option<ServerConfig>, answer: A) -> anyhow::Result<Self>
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Cut>> + Send + 'static,
    {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| match port {
            0 => "no port is free on loopback".to_owned(),
            port => format!("port {port} on loopback is taken by somebody else"),
        })?;
        let address = socket.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (stop, connections) = (stopping.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Some(accepted) = stop.run_until_cancelled(socket.accept()).await {
                let Ok((stream, _)) = accepted else {
                    // out of file handles, most likely: some connection has to end first
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let (answer, tls, stop) = (answer.clone(), tls.clone(), stop.clone());
                connections.spawn(stop.run_until_cancelled_owned(serve(stream, tls, answer)));
            }
        });
        Ok(Self { address, scheme, stopping, tasks })
    }

    /// `http://127.0.0.1:PORT/` or the same with https.
    pub fn url(&self) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("{}://{}/", self.scheme, self.address))?)
    }

    /// Closes the port and every connection, and waits until they are closed.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// A JSON answer.
pub fn json(status: u16, body: &Value) -> Answer {
    text(status, "application/json; charset=utf-8", body.to_string())
}

/// An answer of any kind of text.
pub fn text(status: u16, content_type: &'static str, body: impl Into<reqwest::Body>) -> Answer {
    let mut answer = Answer::new(body.into());
    *answer.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    answer
}

/// The value of a query parameter, decoded.
pub fn query(request: &Request, name: &str) -> Option<String> {
    let url = Url::parse(&format!("http://any/?{}", request.uri().query()?)).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// What an `Authorization: Bearer …` header carries.
pub fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(http::header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer "))
}

/// The address that the client called, with its scheme: behind a gate that is the gate's.
pub fn called_as(request: &Request) -> String {
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    format!("https://{}", host.unwrap_or("localhost"))
}

async fn serve<A, F>(stream: TcpStream, tls: Option<TlsAcceptor>, answer: A)
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Cut>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak(stream, answer).await,
        Some(tls) => match tokio::time::timeout(Duration::from_secs(10), tls.accept(stream)).await {
            Ok(Ok(stream)) => speak(stream, answer).await,
            Ok(Err(error)) => tracing::debug!("a client gave up the TLS handshake: {error}"),
            Err(_) => tracing::debug!("a client did not finish the TLS handshake"),
        },
    }
}

async fn speak<S, A, F>(stream: S, answer: A)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Cut>> + Send + 'static,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // no limit between two requests: whoever keeps a connection open decides when it ends
        .header_read_timeout(None::<Duration>)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = connection.await {
        tracing::trace!("a connection ended: {error}");
    }
}
