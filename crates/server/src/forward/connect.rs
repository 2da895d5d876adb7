//! Connections to another instance: within a time, by TLS that verifies, following nothing.

use crate::{Peer, PeerCertificate, ServeError};
use axum::body::Body;
use axum::http::{Request, Response, Uri};
use core::fmt::Display;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// The longest that connecting takes, from the look-up of the name to the end of the handshake.
const CONNECT: Duration = Duration::from_secs(3);
/// Shorter than services keep a connection: a request should not meet one that is being closed.
const IDLE: Duration = Duration::from_secs(5);

/// A pool of connections.
#[derive(Debug)]
pub(crate) struct Connections(Client<Timely, Body>);

impl Connections {
    /// Trusts these authorities (PEM), in place of the system's, and shows a certificate to whoever asks for one.
    pub(crate) fn new(
        authorities: Option<&Path>,
        peers: &[Peer],
        shown: Option<&PeerCertificate>,
    ) -> Result<Self, ServeError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(authorities, peers, shown)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .set_host(false)
            .build(Timely(connector));
        Ok(Self(client))
    }

    /// Sends a request. What it answers is given back as it is: also that it is elsewhere.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        self.0.request(request).await
    }
}

#[derive(Debug, Clone)]
struct Timely(HttpsConnector<HttpConnector>);

impl Service<Uri> for Timely {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = Box<dyn core::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = self.0.call(address);
        Box::pin(async move { tokio::time::timeout(CONNECT, connecting).await? })
    }
}

fn tls(
    authorities: Option<&Path>,
    peers: &[Peer],
    shown: Option<&PeerCertificate>,
) -> Result<ClientConfig, ServeError> {
    let mut roots = RootCertStore::empty();
    let wrong = |what: String| ServeError::Peers(what);
    if let Some(path) = authorities {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| of_file(path, &error))?;
        }
    } else if peers.iter().any(Peer::is_encrypted) {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(wrong(
                "this system has no certificates of authorities by which other instances could be known; give them in a file".into(),
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?;
    let config = config.with_root_certificates(roots);
    let Some(PeerCertificate { certificate, key }) = shown else {
        return Ok(config.with_no_client_auth());
    };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| of_file(key, &error))?;
    config
        .with_client_auth_cert(certificates(certificate)?, secret)
        .map_err(|error| of_file(certificate, &error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| of_file(path, &error))?;
    if found.is_empty() {
        return Err(of_file(path, &"expected certificates in PEM form"));
    }
    Ok(found)
}

fn of_file(path: &Path, what: &dyn Display) -> ServeError {
    ServeError::Peers(format!("{}: {what}", path.display()))
}
