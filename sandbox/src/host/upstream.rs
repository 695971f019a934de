//! The HTTP connection from the host to the executable.
//!
//! hyper's own client, not reqwest: a request must arrive as it was sent, and reqwest adds `Accept`, rewrites
//! queries and knows no way to say "the connection was never made".

use std::{io, time::Duration};

use futures::{Stream, StreamExt};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// What the host sends.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A pool of connections to the executable.
pub type Upstream = Client<HttpConnector, Body>;

/// A new pool.
pub fn upstream() -> Upstream {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    // shorter than the five seconds after which common servers close an idle connection
    Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(4)).build(connector)
}

/// A body of known length.
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body in chunks.
pub fn chunks(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(stream.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

/// A request to the executable; the client adds `Host: 127.0.0.1:port`.
pub fn request(port: u16, method: Method, path_and_query: &str, body: Body) -> http::Result<Request<Body>> {
    let uri =
        Uri::builder().scheme("http").authority(format!("127.0.0.1:{port}")).path_and_query(path_and_query);
    Request::builder().method(method).uri(uri.build()?).body(body)
}

/// All of an answer's body.
pub async fn collect(body: Incoming) -> Result<Bytes, hyper::Error> {
    Ok(body.collect().await?.to_bytes())
}
