//! Connections to a service: hyper's pool over the rustls that all of this project uses.

use crate::objects::BESIDE;
use async_trait::async_trait;
use core::error::Error;
use core::fmt;
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::sync::Arc;
use std::time::Duration;

/// Makes the client of a store.
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    tls: ClientConfig,
    connect_timeout: Duration,
}

impl Connect {
    /// Trusts these authorities, in PEM, or the system's. Says what is wrong with them.
    pub(crate) fn new(
        authorities: Option<&str>,
        connect_timeout: Duration,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match authorities {
            Some(pem) => {
                let read = CertificateDer::pem_slice_iter(pem.as_bytes());
                let read: Result<Vec<_>, _> = read.collect();
                let read = read.map_err(|error| format!("the authorities: {error}"))?;
                if read.is_empty() {
                    return Err("the authorities: expected certificates in PEM".into());
                }
                for certificate in read {
                    let added = roots.add(certificate);
                    added.map_err(|error| format!("the authorities: {error}"))?;
                }
            }
            // None at all is found out by the first connection that needs one.
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls,
            connect_timeout,
        })
    }
}

impl HttpConnector for Connect {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Shorter than servers keep one: a request should not meet a connection that is being closed.
            .pool_idle_timeout(Duration::from_secs(4))
            .build(connector);
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(Client<HttpsConnector<Tcp>, HttpRequestBody>);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = match error.is_connect() {
                true => HttpErrorKind::Connect,
                false => kind_of(&error),
            };
            HttpError::new(kind, error)
        })?;
        let (head, body) = answer.into_parts();
        // Lists and errors too: no answer has more than the longest object.
        let body = Limited::new(body, BESIDE + 4096);
        let body = body.map_err(|error| HttpError::new(kind_of(&*error), Answer(error)));
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }
}

/// What went wrong while an answer was read.
#[derive(Debug)]
struct Answer(Box<dyn Error + Send + Sync>);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Answer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// What of it may be sent again. A request may have been carried out whose answer was cut: the store looks then
/// whether it was.
fn kind_of(error: &(dyn Error + 'static)) -> HttpErrorKind {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            if error.is_timeout() {
                return HttpErrorKind::Timeout;
            }
            if error.is_canceled() || error.is_closed() || error.is_incomplete_message() {
                return HttpErrorKind::Request;
            }
        }
        at = error.source();
    }
    HttpErrorKind::Interrupted
}
