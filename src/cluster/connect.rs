//! A client for the API server that brings a fresh token to every request.

use std::{sync::Arc, time::Duration};

use azure_core::credentials::TokenCredential;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use kube::{
    Client, Config,
    client::{Body, ConfigExt},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tower::{
    BoxError, ServiceBuilder,
    filter::{AsyncFilterLayer, AsyncPredicate},
    timeout::TimeoutLayer,
};

use crate::config::ClusterSettings;

/// The Entra application of every AKS API server; tokens for a cluster are made for it.
const AKS_SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// How long one try may wait for the head of an answer. A log's body may go on for longer.
const HEAD: Duration = Duration::from_secs(10);

/// Builds the client; nothing is connected yet.
///
/// # Errors
/// When the address or the certificate of the settings can not be used.
pub fn connect(settings: &ClusterSettings, credential: Arc<dyn TokenCredential>) -> Result<Client, BoxError> {
    let mut config = Config::new(settings.url.parse()?);
    let ca = CertificateDer::pem_slice_iter(&settings.ca).map(|c| c.map(|c| c.to_vec()));
    config.root_cert = Some(ca.collect::<Result<_, _>>()?);
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // a patch is two writes, head and body: the second must not wait until the first is acknowledged
    tcp.set_nodelay(true);
    let https = config.rustls_https_connector_with_connector(tcp)?;
    let hyper = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(super::request::IN_FLIGHT)
        .build::<_, Body>(https);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(AsyncFilterLayer::new(Bearer(credential)))
        .map_err(BoxError::from)
        .layer(TimeoutLayer::new(HEAD))
        .service(hyper);
    Ok(Client::new(service, config.default_namespace))
}

#[derive(Clone)]
struct Bearer(Arc<dyn TokenCredential>);

impl AsyncPredicate<Request<Body>> for Bearer {
    type Future = BoxFuture<'static, Result<Request<Body>, BoxError>>;
    type Request = Request<Body>;

    fn check(&mut self, mut request: Request<Body>) -> Self::Future {
        let credential = self.0.clone();
        Box::pin(async move {
            let token = credential.get_token(&[AKS_SCOPE], None).await?;
            let mut header = HeaderValue::try_from(format!("Bearer {}", token.token.secret()))?;
            header.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, header);
            Ok(request)
        })
    }
}
