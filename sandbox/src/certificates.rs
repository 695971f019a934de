//! One certificate authority for the world, and leaves under it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::Datelike;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// The world's certificate authority; its key never leaves the process.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate under the authority, with its key.
#[derive(Clone)]
pub struct Leaf {
    pub certificate_pem: String,
    pub key_pem: String,
}

impl Authority {
    /// A new authority with a new key, good for ten years.
    pub fn new() -> anyhow::Result<Self> {
        let mut params = params(&[], "the world's authority", 10)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// The authority's certificate, for whoever shall trust the world.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A leaf for a server on this machine: 127.0.0.1, localhost, and the names or addresses given.
    pub fn server_leaf(&self, names: &[&str]) -> anyhow::Result<Leaf> {
        let mut all = vec!["localhost", "127.0.0.1"];
        all.extend(names.iter().filter(|name| !["localhost", "127.0.0.1"].contains(name)));
        let mut params = params(&all, names.first().unwrap_or(&"localhost"), 2)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A leaf for a client; Kubernetes reads the common name as the user, the organization as its group.
    pub fn client_leaf(&self, common_name: &str, organization: &str) -> anyhow::Result<Leaf> {
        let mut params = params(&[], common_name, 2)?;
        params.distinguished_name.push(DnType::OrganizationName, organization);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// An HTTP client that trusts this authority and nobody else, ignores the developer's proxy settings,
    /// follows no redirect, and keeps many idle connections. Without a time limit: whoever asks sets one.
    pub fn client(&self) -> anyhow::Result<reqwest::Client> {
        self.client_for(&[])
    }

    /// The same, and it trusts these authorities (DER) too: those of a cluster that is not ours.
    pub fn client_for(&self, others: &[Vec<u8>]) -> anyhow::Result<reqwest::Client> {
        let mut trusted = vec![reqwest::Certificate::from_pem(self.pem().as_bytes())?];
        for other in others {
            trusted.push(reqwest::Certificate::from_der(other)?);
        }
        reqwest::Client::builder()
            .tls_certs_only(trusted)
            .no_proxy()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(1_000)
            // shorter than the idle limits of Node.js (5 s), lest a request meet a connection that just closed
            .pool_idle_timeout(Duration::from_secs(4))
            .build()
            .context("no HTTP client could be made")
    }

    fn sign(&self, mut params: CertificateParams) -> anyhow::Result<Leaf> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Leaf { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

impl Leaf {
    /// A TLS server with this leaf, speaking HTTP/1.1 only: what stands between the parts counts and cuts
    /// single requests.
    pub fn rustls_server(&self) -> anyhow::Result<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .context("the leaf's certificate is no PEM")?;
        let key =
            PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).context("the leaf's key is no PEM")?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn params(names: &[&str], common_name: &str, years: i32) -> anyhow::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).context("a name does not fit into a certificate")?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let year = chrono::Utc::now().year();
    // from last year, so that a clock that is a little behind does not matter
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + years, 1, 1);
    Ok(params)
}
