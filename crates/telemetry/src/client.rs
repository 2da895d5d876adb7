//! The HTTP client of exports: bounded in time and in what it reads, and it follows nobody elsewhere.

use crate::exports::Exports;
use crate::{TelemetryError, USER_AGENT};
use async_trait::async_trait;
use bytes::Bytes;
use core::time::Duration;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use std::sync::Arc;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The longest answer that is read, in bytes; what is beyond says nothing that we need.
const MAX_ANSWER: u64 = 64 << 10;
/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// Sends exports of one signal. It blocks: the SDK gives each signal a thread of its own.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    exports: Arc<Exports>,
}

impl Client {
    pub(crate) fn new(
        endpoint: &str,
        timeout: Duration,
        exports: Arc<Exports>,
    ) -> Result<Self, TelemetryError> {
        let wrong = |what: String| TelemetryError::Endpoint {
            endpoint: shown(endpoint),
            what,
        };
        if endpoint != shown(endpoint) {
            // It would be printed, and listed with the processes.
            return Err(wrong(
                "expected no name and password in the address; give them in OTEL_EXPORTER_OTLP_HEADERS"
                    .into(),
            ));
        }
        let mut config = Agent::config_builder();
        if endpoint.starts_with("https://") {
            config = config.tls_config(tls().map_err(wrong)?);
        } else if !endpoint.starts_with("http://") {
            return Err(wrong("expected http:// or https://".into()));
        }
        let config = config
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_response_header_size(MAX_HEAD)
            .proxy(None)
            .user_agent(USER_AGENT)
            .build();
        Ok(Self {
            agent: config.into(),
            exports,
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The exporter names itself; a service that hears from us should know us.
        let mut request = request.map(|body| body.to_vec());
        request.headers_mut().remove(http::header::USER_AGENT);
        let (parts, mut body) = self.agent.run(request)?.into_parts();
        let bytes = body.with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.send(request);
        let ok = answered
            .as_ref()
            .is_ok_and(|answer| answer.status().is_success());
        self.exports.count(ok);
        answered
    }
}

/// An address without the name and the password that may stand in it.
pub(crate) fn shown(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) if scheme.is_empty() => rest.get(at + 1..).unwrap_or_default().to_owned(),
        Some(at) => format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => endpoint.to_owned(),
    }
}

/// TLS with the certificates of the system.
fn tls() -> Result<TlsConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if certificates.is_empty() {
        return Err("this system has no certificates of authorities".into());
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

#[cfg(test)]
mod tests;
