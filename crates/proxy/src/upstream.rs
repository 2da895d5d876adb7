//! Where calls go: one place, which no request can change.

use crate::body::Once;
use crate::{ProxyError, ProxyOptions};
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// Where calls go.
///
/// ```
/// use ai_audit_proxy::Upstream;
/// let upstream = Upstream::parse("https://api.openai.com")?;
/// assert_eq!((upstream.to_string().as_str(), upstream.provider()), ("https://api.openai.com", "openai"));
/// // A password does not belong there, and is not repeated.
/// let refused = Upstream::parse("https://me:secret@example.org").unwrap_err();
/// assert!(!refused.to_string().contains("secret"));
/// # Ok::<(), ai_audit_proxy::ProxyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// What stands before the paths of requests; without a slash at the end.
    base: String,
    /// Authorities to trust in place of the system's.
    authorities: Option<PathBuf>,
}

impl Upstream {
    /// Reads an address: `http` or `https`, a host, and what stands before the paths of all requests, if
    /// anything does.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Upstream`] where it is none, or says more.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let wrong = |what: &'static str| ProxyError::Upstream(what);
        let uri: Uri = text
            .parse()
            .map_err(|_| wrong("expected an address such as https://api.openai.com"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong("expected an address such as https://api.openai.com"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(wrong("expected http or https"));
        }
        if authority.as_str().contains('@') {
            return Err(wrong(
                "it holds credentials; those are for the clients to send",
            ));
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err(wrong("expected no query"));
        }
        let base = path.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            base: base.trim_end_matches('/').to_owned(),
            authorities: None,
        })
    }

    /// Trusts these authorities (PEM) in place of the system's.
    #[must_use]
    pub fn authorities(mut self, pem: PathBuf) -> Self {
        self.authorities = Some(pem);
        self
    }

    /// Whether what is sent to it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Its host, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The provider by the GenAI conventions where the host is known, else the host.
    #[must_use]
    pub fn provider(&self) -> &str {
        match self.host() {
            "api.openai.com" => "openai",
            "api.anthropic.com" => "anthropic",
            "api.mistral.ai" => "mistral_ai",
            "api.groq.com" => "groq",
            "api.deepseek.com" => "deepseek",
            "api.x.ai" => "x_ai",
            host if host.ends_with(".openai.azure.com") => "azure.ai.openai",
            host => host,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base)
    }
}

/// Connections to an upstream.
#[derive(Debug)]
pub(crate) struct Connections {
    upstream: Upstream,
    host: HeaderValue,
    client: Client<Timely, Once>,
}

impl Connections {
    pub(crate) fn new(upstream: Upstream, options: &ProxyOptions) -> Result<Self, ProxyError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(options.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&upstream)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let connector = Timely {
            connector,
            limit: options.connect_timeout,
        };
        let client = Client::builder(TokioExecutor::new())
            .http1_preserve_header_case(true)
            .pool_timer(TokioTimer::new())
            // Shorter than servers keep one: a call should not meet a connection that is being closed.
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(options.max_calls)
            .set_host(false)
            .build(connector);
        let host = HeaderValue::from_str(upstream.authority.as_str())
            .map_err(|_| ProxyError::Upstream("its host cannot stand in a header"))?;
        Ok(Self {
            upstream,
            host,
            client,
        })
    }

    pub(crate) const fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The address of a request there. None where it cannot be one.
    pub(crate) fn address(&self, path: &PathAndQuery) -> Option<Uri> {
        let path = match self.upstream.base.as_str() {
            "" => path.clone(),
            base => format!("{base}{path}").parse().ok()?,
        };
        Uri::builder()
            .scheme(self.upstream.scheme.clone())
            .authority(self.upstream.authority.clone())
            .path_and_query(path)
            .build()
            .ok()
    }

    pub(crate) async fn send(
        &self,
        request: Request<Once>,
    ) -> Result<hyper::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        self.client.request(request).await
    }
}

/// Connects within a time, from the look-up of the name to the end of the handshake.
#[derive(Debug, Clone)]
struct Timely {
    connector: HttpsConnector<HttpConnector>,
    limit: Duration,
}

impl Service<Uri> for Timely {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let (connecting, limit) = (self.connector.call(address), self.limit);
        Box::pin(async move { tokio::time::timeout(limit, connecting).await? })
    }
}

/// How TLS is spoken with it: reads the certificates of authorities.
pub(crate) fn tls(upstream: &Upstream) -> Result<ClientConfig, ProxyError> {
    let mut roots = RootCertStore::empty();
    match &upstream.authorities {
        Some(path) => {
            let wrong = |what: String| ProxyError::Authorities {
                path: path.clone(),
                what,
            };
            for certificate in certificates(path).map_err(wrong)? {
                roots
                    .add(certificate)
                    .map_err(|error| wrong(error.to_string()))?;
            }
        }
        None if upstream.is_encrypted() => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(ProxyError::Upstream(
                    "this system has no certificates of authorities; give them in a file",
                ));
            }
        }
        // Nothing is verified where nothing is encrypted.
        None => {}
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ProxyError::Upstream("this system cannot speak TLS"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| error.to_string())?;
    match certificates.is_empty() {
        true => Err("expected certificates in PEM form".into()),
        false => Ok(certificates),
    }
}
