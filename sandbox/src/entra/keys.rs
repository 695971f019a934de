//! The signing keys of the tenant: one that signs, old ones that are still published, one that never was.

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

/// One RSA key with the id under which it is published.
pub(super) struct Key {
    pub id: String,
    pair: KeyPair,
}

/// All keys of the tenant.
pub(super) struct KeyRing {
    pub current: Key,
    /// Never published, but signs as well as any.
    pub unknown: Key,
    retired: Vec<Key>,
}

impl Key {
    fn new() -> anyhow::Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key could be made"))?;
        // Entra's ids are SHA-1 thumbprints of certificates; readers of `x5t` insist on their 20 bytes
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, Uuid::new_v4().as_bytes());
        Ok(Self { id: URL_SAFE_NO_PAD.encode(thumbprint), pair })
    }

    /// An RS256 signature, as the last part of a token.
    pub fn sign(&self, text: &str) -> anyhow::Result<String> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.map_err(|_| anyhow!("the key did not sign"))?;
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public half as PEM, as people find it on the web and forgers use it for a secret.
    pub fn public_pem(&self) -> anyhow::Result<String> {
        let der: PublicKeyX509Der =
            self.pair.public_key().as_der().map_err(|_| anyhow!("the key has no public half"))?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
    }

    /// One entry of the key set; Entra's carry no `alg`.
    fn published(&self) -> Value {
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = self.pair.public_key();
        let (n, e) = (public.modulus(), public.exponent());
        json!({
            "kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id,
            "n": number(n.big_endian_without_leading_zero()),
            "e": number(e.big_endian_without_leading_zero()),
        })
    }
}

impl KeyRing {
    /// A ring with new keys.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { current: Key::new()?, unknown: Key::new()?, retired: Vec::new() })
    }

    /// Signs with a new key from now on; the old one stays published unless the old ones are dropped.
    pub fn roll(&mut self, drop_old: bool) -> anyhow::Result<()> {
        let old = std::mem::replace(&mut self.current, Key::new()?);
        self.retired.push(old);
        if drop_old {
            self.retired.clear();
        }
        Ok(())
    }

    /// The key before the current one, while it is still published.
    pub fn retired(&self) -> anyhow::Result<&Key> {
        let Some(key) = self.retired.last() else {
            bail!("no key is retired; roll the keys first, without dropping the old one");
        };
        Ok(key)
    }

    /// The key set (RFC 7517) as Entra publishes it.
    pub fn published(&self) -> Value {
        let keys: Vec<Value> =
            std::iter::once(&self.current).chain(&self.retired).map(Key::published).collect();
        json!({ "keys": keys })
    }

    /// The key set, for checking.
    pub fn set(&self) -> anyhow::Result<jsonwebtoken::jwk::JwkSet> {
        serde_json::from_value(self.published()).context("the key set is not one")
    }
}
