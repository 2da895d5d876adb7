//! Where messages go: one place, which no request can change.

use crate::ProxyError;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// Connections to the server.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: Uri,
    host: HeaderValue,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Upstream {
    /// Reads the address of an endpoint.
    pub(crate) fn new(address: &str) -> Result<Self, ProxyError> {
        let wrong = |what: &'static str| ProxyError::Upstream(what);
        let uri: Uri = address
            .parse()
            .map_err(|_| wrong("expected an address such as http://127.0.0.1:8000/mcp"))?;
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("expected http or https")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("expected a host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "it holds credentials; those are for the clients to send",
            ));
        }
        let host = HeaderValue::from_str(authority.as_str())
            .map_err(|_| wrong("its host cannot stand in a header"))?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(Duration::from_secs(10)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(encrypted)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Shorter than servers keep one: a call should not meet a connection that is being closed.
            .pool_idle_timeout(Duration::from_secs(3))
            // What was sent once is not sent again: it may have run.
            .retry_canceled_requests(false)
            .set_host(false)
            .build(connector);
        Ok(Self {
            address: uri,
            host,
            client,
        })
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, Error> {
        headers.insert(HOST, self.host.clone());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.address.clone();
        *request.headers_mut() = headers;
        self.client.request(request).await
    }
}

fn tls(encrypted: bool) -> Result<ClientConfig, ProxyError> {
    let mut roots = RootCertStore::empty();
    if encrypted {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(ProxyError::Upstream(
                "this system has no certificates of authorities to know it by",
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ProxyError::Upstream("this system cannot speak TLS"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
