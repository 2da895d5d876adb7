//! The signed attributes of a token: what ties the signature to content and certificate.

use crate::{HashAlgorithm, TimestampError, oid};
use alloc::vec::Vec;
use cms::signed_data::SignedAttributes;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Sequence};
use sha1::Sha1;
use sha2::Digest;
use x509_cert::Certificate;
use x509_cert::certificate::Rfc5280;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// The attributes that every token has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) message_digest: Vec<u8>,
    /// `signing-certificate` and `signing-certificate-v2`: one of them at least.
    certificates: Vec<CertificateId>,
}

/// `ESSCertID` or `ESSCertIDv2`: which certificate the signer says is his.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CertificateId {
    /// `None` for SHA-1, which the first version is bound to.
    hash: Option<HashAlgorithm>,
    digest: Vec<u8>,
    issuer: Option<IssuerSerial>,
}

/// RFC 2634 section 5.4. The lists of policies that may follow are not used.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct SigningCertificate {
    certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    policies: Option<Vec<Any>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct EssCertId {
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 section 3.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Vec<Any>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct EssCertIdV2 {
    /// SHA-256 where it is absent.
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct IssuerSerial {
    issuer: GeneralNames,
    serial_number: SerialNumber<Rfc5280>,
}

const V1: &str = "signing-certificate";
const V2: &str = "signing-certificate-v2";

impl Attributes {
    pub(crate) fn parse(attributes: &SignedAttributes) -> Result<Self, TimestampError> {
        let missing = |name| TimestampError::Attribute {
            name,
            reason: "it is missing",
        };
        let content_type: Option<ObjectIdentifier> =
            value(attributes, oid::CONTENT_TYPE, "content-type")?;
        let message_digest: Option<OctetString> =
            value(attributes, oid::MESSAGE_DIGEST, "message-digest")?;
        let first: Option<SigningCertificate> = value(attributes, oid::SIGNING_CERTIFICATE, V1)?;
        let second: Option<SigningCertificateV2> =
            value(attributes, oid::SIGNING_CERTIFICATE_V2, V2)?;
        let mut certificates = Vec::new();
        // The first of each list is the signer's (RFC 5035 section 3).
        if let Some(list) = first {
            let id = list.certs.into_iter().next().ok_or(missing(V1))?;
            certificates.push(CertificateId {
                hash: None,
                digest: id.cert_hash.as_bytes().to_vec(),
                issuer: id.issuer_serial,
            });
        }
        if let Some(list) = second {
            let id = list.certs.into_iter().next().ok_or(missing(V2))?;
            let hash = match &id.hash_algorithm {
                None => HashAlgorithm::Sha256,
                Some(identifier) => {
                    HashAlgorithm::from_identifier(identifier).ok_or_else(|| {
                        TimestampError::Algorithm {
                            part: V2,
                            oid: alloc::format!("{}", identifier.oid),
                        }
                    })?
                }
            };
            certificates.push(CertificateId {
                hash: Some(hash),
                digest: id.cert_hash.as_bytes().to_vec(),
                issuer: id.issuer_serial,
            });
        }
        if certificates.is_empty() {
            return Err(missing(V2));
        }
        Ok(Self {
            content_type: content_type.ok_or(missing("content-type"))?,
            message_digest: message_digest
                .ok_or(missing("message-digest"))?
                .as_bytes()
                .to_vec(),
            certificates,
        })
    }

    /// Whether the signer says that a certificate is his.
    pub(crate) fn name(&self, der: &[u8], certificate: &Certificate) -> bool {
        self.certificates.iter().all(|id| id.is(der, certificate))
    }
}

impl CertificateId {
    fn is(&self, der: &[u8], certificate: &Certificate) -> bool {
        let digest = match self.hash {
            None => Sha1::digest(der).to_vec(),
            Some(hash) => hash.digest(der),
        };
        if digest != self.digest {
            return false;
        }
        let Some(IssuerSerial {
            issuer,
            serial_number,
        }) = &self.issuer
        else {
            return true;
        };
        let certificate = certificate.tbs_certificate();
        let [GeneralName::DirectoryName(issuer)] = issuer.as_slice() else {
            return false;
        };
        issuer == certificate.issuer() && serial_number == certificate.serial_number()
    }
}

/// The one value of an attribute that is there once, or not at all.
fn value<T>(
    attributes: &SignedAttributes,
    oid: ObjectIdentifier,
    name: &'static str,
) -> Result<Option<T>, TimestampError>
where
    T: for<'a> Decode<'a, Error = der::Error>,
{
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let Some(attribute) = found.next() else {
        return Ok(None);
    };
    let wrong = |reason| TimestampError::Attribute { name, reason };
    if found.next().is_some() {
        return Err(wrong("it is there twice"));
    }
    let mut values = attribute.values.iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(wrong("expected one value"));
    };
    let value = der::Encode::to_der(value).and_then(|der| T::from_der(&der));
    value
        .map(Some)
        .map_err(|_| wrong("its value does not decode"))
}
