//! A token: CMS signed data over what an authority says (RFC 5652 section 5).

use crate::attributes::Attributes;
use crate::info::Info;
use crate::response::check_len;
use crate::{HashAlgorithm, TimestampError, oid};
use ai_audit_core::Timestamp;
use alloc::vec::Vec;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    DigestAlgorithmIdentifiers, EncapsulatedContentInfo, SignerIdentifier, SignerInfo,
};
use der::asn1::AnyRef;
use der::{Decode, Encode, Header, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = 1 << 16;
/// The most certificates that a token may bring.
const MAX_CERTIFICATES: usize = 16;

/// A timestamp token that was read. What it says is nobody's word until
/// [`TimestampToken::verify`] says whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampToken {
    der: Vec<u8>,
    /// The signed content, whose digest is a signed attribute.
    pub(crate) content: Vec<u8>,
    info: Info,
    pub(crate) signer: Signer,
    /// Certificates that came with the token, exactly as they came. Nobody signed that they do.
    pub(crate) certificates: Vec<Vec<u8>>,
}

/// The one `SignerInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) id: SignerIdentifier,
    pub(crate) hash: HashAlgorithm,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) signature: Vec<u8>,
    pub(crate) attributes: Attributes,
    /// The attributes as they are signed: a DER SET.
    pub(crate) signed: Vec<u8>,
}

impl TimestampToken {
    /// Reads a token in DER.
    ///
    /// # Errors
    ///
    /// What is not as it should be: [`TimestampError::Form`], [`TimestampError::Algorithm`],
    /// [`TimestampError::Attribute`], [`TimestampError::TooLong`].
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        check_len(der)?;
        let form = TimestampError::form("token");
        let message = ContentInfo::from_der(der).map_err(&form)?;
        if message.content_type != oid::SIGNED_DATA || message.content.tag() != Tag::Sequence {
            return Err(TimestampError::odd("token", "it is no signed data"));
        }
        let parts = Parts::parse(message.content.value())?;
        let info = Info::parse(&parts.content)?;
        let signer = Signer::parse(&parts.signer)?;
        // RFC 5652 section 5.1 lets a verifier insist on it, and nobody signs this list.
        let mut digests = parts.digests.iter().map(HashAlgorithm::from_identifier);
        if parts.digests.len() != 1 || digests.any(|digest| digest != Some(signer.hash)) {
            return Err(TimestampError::odd(
                "signed data",
                "digest algorithms: expected the signer's alone",
            ));
        }
        Ok(Self {
            der: der.to_vec(),
            content: parts.content,
            info,
            signer,
            certificates: parts.certificates,
        })
    }

    /// The token in DER, as it was read.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.der
    }

    /// The time that the token claims. Nobody's word: [`TimestampToken::verify`] says whose it is.
    #[must_use]
    pub const fn claimed_time(&self) -> Timestamp {
        self.info.time
    }

    /// Whether the token is over these bytes: its imprint is theirs. Who says so is another matter.
    #[must_use]
    pub fn is_over(&self, message: &[u8]) -> bool {
        self.info.hash.digest(message) == self.info.imprint
    }

    pub(crate) const fn info(&self) -> &Info {
        &self.info
    }
}

/// The parts of `SignedData` that matter. Certificates stay the bytes that their issuers signed.
struct Parts {
    content: Vec<u8>,
    certificates: Vec<Vec<u8>>,
    signer: Vec<u8>,
    digests: DigestAlgorithmIdentifiers,
}

impl Parts {
    /// Reads the contents of the sequence.
    fn parse(value: &[u8]) -> Result<Self, TimestampError> {
        const PART: &str = "signed data";
        let form = TimestampError::form(PART);
        let odd = |reason| TimestampError::odd(PART, reason);
        let mut reader = SliceReader::new(value).map_err(&form)?;
        let version = CmsVersion::decode(&mut reader).map_err(&form)?;
        // RFC 5652 section 5.1: 3 for content that is not plain data.
        if version != CmsVersion::V3 {
            return Err(odd("version: expected 3"));
        }
        let digests = DigestAlgorithmIdentifiers::decode(&mut reader).map_err(&form)?;
        let content = EncapsulatedContentInfo::decode(&mut reader).map_err(&form)?;
        if content.econtent_type != oid::TST_INFO {
            return Err(odd("what is signed is no timestamp"));
        }
        let Some(content) = content.econtent.filter(|any| any.tag() == Tag::OctetString) else {
            return Err(odd("the timestamp itself is missing"));
        };
        let certificates = certificates(optional(&mut reader, 0)?)?;
        // Revocation lists: whose path needed them would have to bring them along.
        optional(&mut reader, 1)?;
        let signers = AnyRef::decode(&mut reader).map_err(&form)?;
        if signers.tag() != Tag::Set || !reader.is_finished() {
            return Err(odd("expected the signers at the end"));
        }
        let mut signers = SliceReader::new(signers.value()).map_err(&form)?;
        let signer = signers.tlv_bytes().map_err(&form)?.to_vec();
        if !signers.is_finished() {
            return Err(odd("expected one signer"));
        }
        Ok(Self {
            content: content.value().to_vec(),
            certificates,
            signer,
            digests,
        })
    }
}

/// The contents of an implicitly tagged set that may be absent.
fn optional<'a>(
    reader: &mut SliceReader<'a>,
    number: u32,
) -> Result<Option<&'a [u8]>, TimestampError> {
    let form = TimestampError::form("signed data");
    let wanted = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    };
    if reader.is_finished() || Tag::peek(reader).map_err(&form)? != wanted {
        return Ok(None);
    }
    let header = Header::decode(reader).map_err(&form)?;
    reader.read_slice(header.length()).map(Some).map_err(&form)
}

/// Each certificate's bytes; attribute certificates and the like are left out.
fn certificates(set: Option<&[u8]>) -> Result<Vec<Vec<u8>>, TimestampError> {
    let form = TimestampError::form("certificates");
    let mut certificates = Vec::new();
    let mut reader = SliceReader::new(set.unwrap_or_default()).map_err(&form)?;
    let mut count = 0;
    while !reader.is_finished() {
        count += 1;
        if count > MAX_CERTIFICATES {
            return Err(TimestampError::odd(
                "certificates",
                "there are more than 16",
            ));
        }
        let tag = Tag::peek(&reader).map_err(&form)?;
        let certificate = reader.tlv_bytes().map_err(&form)?;
        if tag == Tag::Sequence {
            certificates.push(certificate.to_vec());
        }
    }
    Ok(certificates)
}

impl Signer {
    fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        const PART: &str = "signer";
        let form = TimestampError::form(PART);
        let info = SignerInfo::from_der(der).map_err(&form)?;
        // What is signed is the DER of the attributes. Reading sorts them; so that nothing else is
        // verified than what stands there, the bytes must be what the values encode to.
        if info.to_der().map_err(&form)? != der {
            return Err(TimestampError::odd(PART, "it is not canonical DER"));
        }
        let version = match info.sid {
            SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
            SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
        };
        if info.version != version {
            return Err(TimestampError::odd(
                PART,
                "version: expected 1 with an issuer, 3 with a key identifier",
            ));
        }
        let Some(hash) = HashAlgorithm::from_identifier(&info.digest_alg) else {
            return Err(TimestampError::Algorithm {
                part: "signer's digest",
                oid: alloc::format!("{}", info.digest_alg.oid),
            });
        };
        let Some(attributes) = info.signed_attrs else {
            return Err(TimestampError::odd(
                PART,
                "the signed attributes are missing",
            ));
        };
        Ok(Self {
            id: info.sid,
            hash,
            algorithm: info.signature_algorithm,
            signature: info.signature.as_bytes().to_vec(),
            signed: attributes.to_der().map_err(&form)?,
            attributes: Attributes::parse(&attributes)?,
        })
    }
}
