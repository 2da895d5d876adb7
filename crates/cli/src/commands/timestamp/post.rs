//! The HTTP exchange with a timestamp authority.

use crate::failure::usage;
use crate::output::safe;
use ai_audit_timestamp::{MAX_TOKEN_LEN, TimestampRequest};
use anyhow::{Context as _, bail};
use core::time::Duration;
use std::sync::Arc;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Refuses what is no address of an authority.
pub(super) fn check_address(authority: &str) -> anyhow::Result<()> {
    let host = authority
        .strip_prefix("https://")
        .or_else(|| authority.strip_prefix("http://"));
    if host.is_none_or(str::is_empty) {
        return Err(usage(format!(
            "--authority {authority}: expected an address that begins with https:// or http://"
        )));
    }
    Ok(())
}

/// Sends a request to an authority and returns its answer, whatever it is.
pub(super) fn post(
    authority: &str,
    request: &TimestampRequest,
    timeout: Duration,
) -> anyhow::Result<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let agent: Agent = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_response_header_size(MAX_HEAD)
        .user_agent(concat!("ai-audit/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let shown = || format!("the authority {}", safe(authority));
    let mut answer = agent
        .post(authority)
        .content_type(TimestampRequest::MEDIA_TYPE)
        .send(request.as_bytes())
        .with_context(shown)?;
    let status = answer.status();
    if status != ureq::http::StatusCode::OK {
        bail!("{} answered with status {status}", shown());
    }
    // The parser bounds it too; here nothing longer is even received.
    let limit = u64::try_from(MAX_TOKEN_LEN).unwrap_or(u64::MAX);
    let body = answer.body_mut().with_config().limit(limit).read_to_vec();
    body.with_context(shown)
}
