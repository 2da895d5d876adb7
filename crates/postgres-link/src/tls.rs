//! TLS for PostgreSQL by rustls: the certificate is always verified.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;

/// Makes a connection's TLS, for `tokio_postgres::Config::connect`.
#[derive(Clone)]
pub struct MakeTls(Arc<ClientConfig>);

impl MakeTls {
    /// For an address. `authorities` are certificates in PEM; without any, those of the system are
    /// trusted.
    ///
    /// # Errors
    ///
    /// When the certificates cannot be read, or there is none among them: what is wrong and what was
    /// expected, in lower case and without a full stop.
    pub fn new(config: &Config, authorities: Option<&str>) -> Result<Self, String> {
        let wrong = |why: &dyn fmt::Display| {
            format!("the authorities: {why}; expected certificates in PEM")
        };
        let mut roots = RootCertStore::empty();
        if let Some(pem) = authorities {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                certificate
                    .map_err(|error| wrong(&error))
                    .and_then(|certificate| {
                        roots.add(certificate).map_err(|error| wrong(&error))
                    })?;
            }
            if roots.is_empty() {
                return Err(wrong(&"there is none"));
            }
        } else if config.get_ssl_mode() != SslMode::Disable {
            // Without any, a server that has TLS is refused, and one that has none is not.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // PostgreSQL 17 wants it for `sslnegotiation=direct`.
        tls.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(Arc::new(tls)))
    }
}

impl fmt::Debug for MakeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MakeTls").finish_non_exhaustive()
    }
}

impl<S> MakeTlsConnect<S> for MakeTls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = TlsStream<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Connect> {
        // A socket in the file system has no name, and never any TLS.
        let name = ServerName::try_from(domain.to_string()).ok();
        Ok(Connect(Arc::clone(&self.0), name))
    }
}

/// One connection's handshake, before it.
#[derive(Debug)]
pub struct Connect(Arc<ClientConfig>, Option<ServerName<'static>>);

impl<S> TlsConnect<S> for Connect
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = TlsStream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TlsStream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async {
            let name = self.1.ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "no certificate can have the host's name",
                )
            })?;
            let handshake = TlsConnector::from(self.0).connect(name, stream);
            handshake.await.map(TlsStream)
        })
    }
}

/// An encrypted connection. The password is not bound to it (`channel_binding=require` is refused): the
/// certificate is verified.
#[derive(Debug)]
pub struct TlsStream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for TlsStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
