//! TLS with rustls: the service's certificate, and those of clients where they are asked for.

use core::fmt::Display;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The files that TLS needs, in PEM form.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The service's certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Certificates of authorities: then only clients with a certificate of one of them are let in.
    pub clients: Option<PathBuf>,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", .path.display())]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, or is not what it should be.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&self.certificate, &error))?;
        let builder = match self.verifier()? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| wrong(&self.key, &error))?;
        let mut config = builder
            .with_single_cert(certificates(&self.certificate)?, key)
            .map_err(|error| wrong(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Holds a client's certificate, in a file with those between it and its authority (PEM), against
    /// [`TlsFiles::clients`], as the handshake would now. Where none are asked for, any is good.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not what it should be, or the certificate would not be let in.
    pub fn lets_in(&self, shown: &Path) -> Result<(), TlsError> {
        let Some(verifier) = self.verifier()? else {
            return Ok(());
        };
        let chain = certificates(shown)?;
        let Some((own, between)) = chain.split_first() else {
            return Ok(());
        };
        verifier
            .verify_client_cert(own, between, UnixTime::now())
            .map(drop)
            .map_err(|error| {
                let what = format!("who asks clients for a certificate would not take it: {error}");
                wrong(shown, &what)
            })
    }

    /// Who decides about the certificates of clients, where they are asked for.
    fn verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        let Some(path) = &self.clients else {
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| wrong(path, &error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map(Some)
            .map_err(|error| wrong(path, &error))
    }
}

fn wrong(path: &Path, what: &dyn Display) -> TlsError {
    TlsError {
        path: path.to_owned(),
        what: what.to_string(),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| wrong(path, &error))?;
    if certificates.is_empty() {
        return Err(wrong(path, &"expected certificates in PEM form"));
    }
    Ok(certificates)
}
