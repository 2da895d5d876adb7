//! Verifying a token: content, signature, certificate, path.

use crate::certificate::{Trusted, check_purpose, valid_at};
use crate::response::printable;
use crate::{HashAlgorithm, TimestampError, TimestampToken, TrustedCertificates, algorithms, oid};
use ai_audit_core::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use cms::signed_data::SignerIdentifier;
use core::time::Duration;
use der::Decode;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{SubjectAltName, SubjectKeyIdentifier};

/// What a trusted authority said: these bytes were there at this time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedTimestamp {
    /// The time of the authority's clock.
    pub time: Timestamp,
    /// How far, by the authority's own word, the true time may be from it on either side.
    pub accuracy: Duration,
    /// The hash function of the imprint.
    pub hash: HashAlgorithm,
    /// The policy under which the authority signed, an object identifier.
    pub policy: String,
    /// The token's serial number, big-endian.
    pub serial: Vec<u8>,
    /// The subject of the signer's certificate, without control characters.
    pub authority: String,
}

impl VerifiedTimestamp {
    /// The bytes were there not later than this: time and accuracy.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        Timestamp::from_micros(self.time.as_micros().saturating_add(micros(self.accuracy)))
    }

    /// The authority signed not before this: time less accuracy.
    #[must_use]
    pub fn earliest(&self) -> Timestamp {
        Timestamp::from_micros(self.time.as_micros().saturating_sub(micros(self.accuracy)))
    }
}

impl TimestampToken {
    /// Verifies that an authority, to which a trusted certificate leads, signed these bytes.
    ///
    /// Checked are: the imprint; the signed attributes, which tie the signature to the content and
    /// to one certificate; the signature; that certificate's purpose, which is signing timestamps
    /// and nothing else; the path from it to a trusted certificate, all valid at the token's time.
    /// Not checked is whether a certificate was revoked.
    ///
    /// # Errors
    ///
    /// The first of these that does not hold.
    pub fn verify(
        &self,
        message: &[u8],
        trusted: &TrustedCertificates,
    ) -> Result<VerifiedTimestamp, TimestampError> {
        let info = self.info();
        if !self.is_over(message) {
            return Err(TimestampError::Imprint);
        }
        let signer = &self.signer;
        let wrong = |name, reason| Err(TimestampError::Attribute { name, reason });
        if signer.attributes.content_type != oid::TST_INFO {
            return wrong("content-type", "it is not that of a timestamp");
        }
        if signer.attributes.message_digest != signer.hash.digest(&self.content) {
            return wrong("message-digest", "it is not that of the content");
        }
        let (der, certificate) = self.signer_certificate(trusted)?;
        check_purpose(&certificate)?;
        self.check_name(&certificate)?;
        self.check_signature(&der)?;
        self.check_path(&der, &certificate, trusted)?;
        Ok(VerifiedTimestamp {
            time: info.time,
            accuracy: info.accuracy,
            hash: info.hash,
            policy: info.policy.to_string(),
            serial: info.serial.clone(),
            authority: printable(&certificate.tbs_certificate().subject().to_string()),
        })
    }

    /// The certificate that the signer names as his, out of the token or the trusted ones.
    ///
    /// Anybody can put certificates into a token, so that one counts whose hash is signed.
    fn signer_certificate(
        &self,
        trusted: &TrustedCertificates,
    ) -> Result<(Vec<u8>, Certificate), TimestampError> {
        let brought = self.certificates.iter().map(Vec::as_slice);
        for der in brought.chain(trusted.iter()) {
            let Ok(certificate) = Certificate::from_der(der) else {
                continue;
            };
            if identifies(&self.signer.id, &certificate)
                && self.signer.attributes.name(der, &certificate)
            {
                return Ok((der.to_vec(), certificate));
            }
        }
        Err(TimestampError::NoCertificate)
    }

    /// Where the token names its authority, the name is one of the certificate's (RFC 3161
    /// section 2.4.2).
    fn check_name(&self, certificate: &Certificate) -> Result<(), TimestampError> {
        let Some(name) = &self.info().tsa else {
            return Ok(());
        };
        let certificate = certificate.tbs_certificate();
        if matches!(name, GeneralName::DirectoryName(name) if name == certificate.subject()) {
            return Ok(());
        }
        match certificate.get_extension::<SubjectAltName>() {
            Ok(Some((_, SubjectAltName(names)))) if names.contains(name) => Ok(()),
            _ => Err(TimestampError::Purpose {
                reason: "the token names another authority than its certificate",
            }),
        }
    }

    fn check_signature(&self, der: &[u8]) -> Result<(), TimestampError> {
        let candidates = algorithms::of_token(&self.signer.algorithm, self.signer.hash);
        if candidates.is_empty() {
            return Err(TimestampError::Algorithm {
                part: "signature",
                oid: self.signer.algorithm.oid.to_string(),
            });
        }
        let der = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&der).map_err(untrusted)?;
        // Of several at most one is for this key; the others do not verify with it.
        let valid = candidates.iter().any(|algorithm| {
            certificate
                .verify_signature(*algorithm, &self.signer.signed, &self.signer.signature)
                .is_ok()
        });
        valid.then_some(()).ok_or(TimestampError::Signature)
    }

    fn check_path(
        &self,
        der: &[u8],
        certificate: &Certificate,
        trusted: &TrustedCertificates,
    ) -> Result<(), TimestampError> {
        let time = self.info().time;
        let late = |what: &str| {
            Err(TimestampError::Untrusted {
                reason: format!("{what} valid at {time}"),
            })
        };
        if !valid_at(certificate, time) {
            return late("its certificate is not");
        }
        // The authority's own certificate may be the trusted one.
        if trusted.iter().any(|trusted| trusted == der) {
            return Ok(());
        }
        let issuers = || trusted.entries().iter().filter(|trusted| trusted.issuer);
        let valid: Vec<CertificateDer<'_>> = issuers()
            .filter(|trusted| valid_at(&trusted.certificate, time))
            .map(|Trusted { der, .. }| CertificateDer::from(der.as_slice()))
            .collect();
        if valid.is_empty() && issuers().next().is_some() {
            return late("no trusted certificate is");
        }
        let anchors: Vec<_> = valid
            .iter()
            .filter_map(|der| anchor_from_trusted_cert(der).ok())
            .collect();
        let between: Vec<CertificateDer<'_>> = self
            .certificates
            .iter()
            .filter(|other| other.as_slice() != der)
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let der = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&der).map_err(untrusted)?;
        certificate
            .verify_for_usage(
                &algorithms::ALL,
                &anchors,
                &between,
                UnixTime::since_unix_epoch(Duration::from_secs(time.as_secs())),
                // Issuers often have no extended key usage; the signer's own was checked above.
                KeyUsage::required_if_present(oid::TIME_STAMPING_DER),
                None,
                None,
            )
            .map(drop)
            .map_err(untrusted)
    }
}

/// Whether the token's signer is the one of a certificate.
fn identifies(id: &SignerIdentifier, certificate: &Certificate) -> bool {
    let certificate = certificate.tbs_certificate();
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *certificate.issuer() && id.serial_number == *certificate.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            match certificate.get_extension::<SubjectKeyIdentifier>() {
                Ok(Some((_, found))) => found == *id,
                _ => false,
            }
        }
    }
}

fn untrusted(error: webpki::Error) -> TimestampError {
    use webpki::Error;
    let reason = match error {
        Error::UnknownIssuer => "none of them issued what is on its path".into(),
        Error::InvalidSignatureForPublicKey => {
            "a certificate on the path is not signed by the issuer that it names".into()
        }
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "a certificate on the path is not valid at the time of the token".into()
        }
        Error::CaUsedAsEndEntity => "the signer's certificate is one for issuing others".into(),
        Error::EndEntityUsedAsCa => "a certificate on the path may not issue others".into(),
        other => format!("{other:?}"),
    };
    TimestampError::Untrusted { reason }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
