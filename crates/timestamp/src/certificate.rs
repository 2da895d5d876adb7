//! The certificates that a verifier trusts, and what makes one a timestamp authority's.

use crate::{TimestampError, oid};
use ai_audit_core::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use der::Decode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

/// The certificates that a verifier trusts: of authorities that sign timestamps, or of those that
/// issue certificates to such. Which ones, is for the verifier to decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedCertificates {
    certificates: Vec<Trusted>,
}

/// One certificate, as bytes and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trusted {
    pub(crate) der: Vec<u8>,
    pub(crate) certificate: Certificate,
    /// Whether it may issue certificates.
    pub(crate) issuer: bool,
}

/// What a certificate in DER begins with.
const SEQUENCE: u8 = 0x30;
/// Longest certificate, in bytes.
const MAX_CERTIFICATE_LEN: usize = 1 << 16;

impl TrustedCertificates {
    /// None yet: no token is trusted.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            certificates: Vec::new(),
        }
    }

    /// Adds a certificate in DER.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Certificate`] when it cannot be read.
    pub fn add_der(&mut self, der: &[u8]) -> Result<(), TimestampError> {
        let wrong = |reason: String| TimestampError::Certificate { reason };
        if der.len() > MAX_CERTIFICATE_LEN {
            return Err(wrong(format!("{} bytes are too many", der.len())));
        }
        let certificate = Certificate::from_der(der).map_err(|error| wrong(error.to_string()))?;
        let constraints = certificate
            .tbs_certificate()
            .get_extension::<BasicConstraints>()
            .map_err(|error| wrong(format!("basic constraints: {error}")))?;
        let issuer = constraints.is_some_and(|(_, constraints)| constraints.ca);
        self.certificates.push(Trusted {
            der: der.to_vec(),
            certificate,
            issuer,
        });
        Ok(())
    }

    /// Adds the certificates of a file: one in DER, or one and more in PEM. Returns how many.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Certificate`] when one cannot be read, or there is none.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<usize, TimestampError> {
        let wrong = |reason: &str| TimestampError::Certificate {
            reason: reason.into(),
        };
        if bytes.first() == Some(&SEQUENCE) {
            self.add_der(bytes)?;
            return Ok(1);
        }
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(bytes) {
            let certificate = certificate.map_err(|_| wrong("the PEM cannot be read"))?;
            self.add_der(&certificate)?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("expected a certificate in PEM or DER"));
        }
        Ok(count)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// Each certificate in DER.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates
            .iter()
            .map(|trusted| trusted.der.as_slice())
    }

    pub(crate) fn entries(&self) -> &[Trusted] {
        &self.certificates
    }
}

/// Whether a certificate is valid at a time.
pub(crate) fn valid_at(certificate: &Certificate, time: Timestamp) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let seconds = Duration::from_secs(time.as_secs());
    validity.not_before.to_unix_duration() <= seconds
        && seconds <= validity.not_after.to_unix_duration()
}

/// Whether a certificate is one for signing timestamps and nothing else (RFC 3161 section 2.3).
pub(crate) fn check_purpose(certificate: &Certificate) -> Result<(), TimestampError> {
    let wrong = |reason| TimestampError::Purpose { reason };
    let certificate = certificate.tbs_certificate();
    let purposes = certificate
        .get_extension::<ExtendedKeyUsage>()
        .map_err(|_| wrong("the extended key usage cannot be read"))?;
    let Some((critical, ExtendedKeyUsage(purposes))) = purposes else {
        return Err(wrong("its certificate has no extended key usage"));
    };
    if !critical {
        return Err(wrong("the extended key usage is not critical"));
    }
    if purposes != [oid::TIME_STAMPING] {
        return Err(wrong(
            "the extended key usage is not time stamping, and nothing else",
        ));
    }
    let usage = certificate
        .get_extension::<KeyUsage>()
        .map_err(|_| wrong("the key usage cannot be read"))?;
    match usage {
        Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
            Err(wrong("the key usage does not allow to sign"))
        }
        _ => Ok(()),
    }
}
