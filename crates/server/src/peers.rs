//! Other instances, to which a request may be handed: by addresses that were given beforehand.

use crate::{ServeError, TlsFiles};
use ai_audit_listen::is_this_machine;
use axum::http::Uri;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use core::fmt;
use std::path::PathBuf;

/// The files of the certificate that an instance shows to others, where these let in clients with a certificate alone.
#[derive(Debug, Clone)]
pub struct PeerCertificate {
    /// The certificate, and those between it and its authority (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
}

/// Whether what instances show to each other fits how TLS is spoken here; see [`Routing::hold`](crate::Routing::hold).
pub(crate) fn fits<'p>(
    tls: Option<&TlsFiles>,
    shown: Option<&PeerCertificate>,
    mut all: impl Iterator<Item = &'p Peer>,
) -> Result<(), ServeError> {
    let wrong = |what: &str| Err(ServeError::Peers(what.into()));
    let asking = tls.filter(|files| files.clients.is_some());
    let (files, shown) = match (asking, shown) {
        (None, None) => return Ok(()),
        (Some(files), Some(shown)) => (files, shown),
        (Some(_), None) => {
            return wrong(
                "clients need a certificate, and so does an instance that hands on: this one has none to show",
            );
        }
        (None, Some(_)) => {
            return wrong(
                "this one has a certificate to show, and asks its callers for none: whoever has none would be let in by way of it",
            );
        }
    };
    if !all.all(Peer::is_encrypted) {
        return wrong("certificates are shown by TLS alone: expected https addresses");
    }
    Ok(files.lets_in(&shown.certificate)?)
}

/// The address of an instance: a scheme, a host and a port, and nothing else.
///
/// ```
/// use ai_audit_server::Peer;
/// let peer = Peer::parse("https://audit-1.example.org:8787", false)?;
/// assert_eq!(peer.to_string(), "https://audit-1.example.org:8787");
/// // Callers' tokens would be read on the way.
/// assert!(Peer::parse("http://audit-1.example.org:8787", false).is_err());
/// assert!(Peer::parse("http://127.0.0.1:8787", false).is_ok());
/// # Ok::<(), ai_audit_server::PeerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    scheme: Scheme,
    authority: Authority,
}

/// Why an address is none of an instance. It does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeerError(&'static str);

impl Peer {
    /// Reads `https://host[:port]`; `http` for addresses of this machine, or for any where `plaintext` says that
    /// something between the instances encrypts.
    ///
    /// # Errors
    ///
    /// Where it is none, says more, or is not encrypted.
    pub fn parse(text: &str, plaintext: bool) -> Result<Self, PeerError> {
        const FORM: &str =
            "expected the address of an instance, such as https://audit-1.example.org:8787";
        let uri: Uri = text.parse().map_err(|_| PeerError(FORM))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(PeerError(FORM));
        };
        let path = parts
            .path_and_query
            .as_ref()
            .map_or("/", PathAndQuery::as_str);
        if authority.as_str().contains('@') || path != "/" {
            return Err(PeerError(
                "expected a scheme, a host and a port alone, without credentials, path or query",
            ));
        }
        if scheme == Scheme::HTTP && !plaintext && !is_loopback(&authority) {
            return Err(PeerError(
                "without TLS the tokens of callers would be read on the way: expected https, or an address of this machine, or --plaintext where something else encrypts",
            ));
        }
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(PeerError("expected https or http"));
        }
        Ok(Self { scheme, authority })
    }

    /// Whether what is sent to it is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// What it stands for in the head of a request.
    pub(crate) fn host(&self) -> &str {
        self.authority.as_str()
    }

    /// The address of a path there; none where it cannot be one.
    pub(crate) fn at(&self, path: &PathAndQuery) -> Option<Uri> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path.clone())
            .build()
            .ok()
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn is_loopback(authority: &Authority) -> bool {
    is_this_machine(authority.as_str())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_no_more() {
        for good in [
            "https://audit-1.example.org:8787",
            "https://audit-1.example.org/",
            "http://127.0.0.1:1",
            "http://[::1]:8787",
            "http://localhost:8787",
        ] {
            let peer = Peer::parse(good, false).unwrap();
            assert_eq!(peer.to_string(), good.trim_end_matches('/'));
        }
        for wrong in [
            "",
            "audit-1.example.org",
            "/v1",
            "https://",
            "ftp://audit-1.example.org",
            "https://me:secret@audit-1.example.org",
            "https://audit-1.example.org/v1",
            "https://audit-1.example.org/?a=b",
            "http://audit-1.example.org",
            "http://127.0.0.1.example.org",
            "http://10.0.0.1:8787",
        ] {
            let error = Peer::parse(wrong, false).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Peer::parse("http://10.0.0.1:8787", true).is_ok());
        // Hosts are the same in any case.
        let [one, other] = ["https://A.example", "https://a.EXAMPLE"]
            .map(|text| Peer::parse(text, false).unwrap());
        assert_eq!(one, other);
    }
}
