//! Asking an authority for a timestamp (RFC 3161 section 2.4.1).

use crate::info::{MessageImprint, no};
use crate::{HashAlgorithm, TimestampError, TimestampToken};
use alloc::vec::Vec;
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Bytes of randomness in a request.
pub const NONCE_LEN: usize = 16;

/// A request for a timestamp over the SHA-256 of some bytes, with a nonce, asking for the signer's
/// certificate.
///
/// ```
/// use ai_audit_timestamp::TimestampRequest;
/// let request = TimestampRequest::new(b"the text of a checkpoint\n", [7; 16])?;
/// assert_eq!(request.as_bytes()[0], 0x30); // a DER sequence, the body of the POST
/// # Ok::<(), ai_audit_timestamp::TimestampError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampRequest {
    der: Vec<u8>,
    imprint: Vec<u8>,
    nonce: Vec<u8>,
}

/// `TimeStampReq`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Encoded {
    version: u8,
    message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "no")]
    cert_req: bool,
}

const PART: &str = "request";
const HASH: HashAlgorithm = HashAlgorithm::Sha256;

impl TimestampRequest {
    /// The media type of a request sent by HTTP.
    pub const MEDIA_TYPE: &'static str = "application/timestamp-query";

    /// A request over a message, with random bytes for the nonce.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Form`], which does not happen with inputs of these types.
    pub fn new(message: &[u8], mut nonce: [u8; NONCE_LEN]) -> Result<Self, TimestampError> {
        // Positive and without a leading zero, so that no authority writes it in another way.
        if let Some(first) = nonce.first_mut() {
            *first = 0x40 | (*first & 0x3f);
        }
        let form = TimestampError::form(PART);
        let imprint = HASH.digest(message);
        let encoded = Encoded {
            version: 1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned {
                    oid: HASH.oid(),
                    parameters: None,
                },
                hashed_message: OctetString::new(imprint.as_slice()).map_err(&form)?,
            },
            policy: None,
            nonce: Some(Int::new(&nonce).map_err(&form)?),
            cert_req: true,
        };
        Ok(Self {
            der: encoded.to_der().map_err(&form)?,
            imprint,
            nonce: nonce.to_vec(),
        })
    }

    /// The request in DER: what is sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.der
    }

    /// Checks that a token answers this request: the same imprint, the same nonce. Who signed it
    /// is a matter of [`TimestampToken::verify`].
    ///
    /// # Errors
    ///
    /// [`TimestampError::Imprint`], [`TimestampError::Nonce`].
    pub fn check(&self, token: &TimestampToken) -> Result<(), TimestampError> {
        let info = token.info();
        if (info.hash, &info.imprint) != (HASH, &self.imprint) {
            return Err(TimestampError::Imprint);
        }
        if info.nonce.as_ref() != Some(&self.nonce) {
            return Err(TimestampError::Nonce);
        }
        Ok(())
    }
}
