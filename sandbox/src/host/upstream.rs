//! The HTTP connection from the host to the executable: a new one for each request.
//!
//! Not reqwest: a request must arrive as it was sent, and reqwest adds `Accept`, rewrites queries and knows no way
//! to say "the connection was never made". And not hyper's client with a pool: about one in two thousand requests
//! at the moment of a kill never came to an end there, without a connection.

use std::{fmt, io, net::Ipv4Addr};

use futures::{Stream, StreamExt};
use http::{HeaderValue, Method, Request, Response, header::HOST};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What the host sends.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Why there is no answer.
#[derive(Debug)]
pub struct Failure {
    /// The executable can not have seen anything of the request.
    pub connecting: bool,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// A body of known length.
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body in chunks.
pub fn chunks(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(stream.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

/// A request to the executable; `Host: 127.0.0.1:port` is added when it is sent.
pub fn request(method: Method, path_and_query: &str, body: Body) -> http::Result<Request<Body>> {
    Request::builder().method(method).uri(path_and_query).body(body)
}

/// Sends a request; the answer's body comes as a stream.
pub async fn send(port: u16, mut request: Request<Body>) -> Result<Response<Incoming>, Failure> {
    let failed = |connecting: bool, error: &dyn std::error::Error| Failure { connecting, why: chain(error) };
    let stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| failed(true, &error))?;
    stream.set_nodelay(true).map_err(|error| failed(true, &error))?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(true, &error))?;
    // it ends with the answer's body, or when that is dropped
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection to the executable ended: {error}");
        }
    });
    let host = HeaderValue::try_from(format!("127.0.0.1:{port}")).map_err(|error| failed(true, &error))?;
    request.headers_mut().entry(HOST).or_insert(host);
    sender.send_request(request).await.map_err(|error| failed(false, &error))
}

/// All of an answer's body.
pub async fn collect(body: Incoming) -> Result<Bytes, hyper::Error> {
    Ok(body.collect().await?.to_bytes())
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
