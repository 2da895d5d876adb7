//! Sealed receipts as bytes: the header, and reading one that nobody has verified yet.

use crate::keys::receipt_message;
use crate::{
    DecodeError, KeyId, Kind, LeafHash, LogId, ReceiptId, SIGNATURE_LEN, Signature, SignatureError,
    Timestamp, VerifyingKey,
};
use core::fmt;
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The format version that this crate writes and reads.
pub const VERSION: u8 = 1;
/// The longest payload, in bytes: what a C2SP tlog-tiles entry can hold.
pub const MAX_PAYLOAD_LEN: usize = 65_535;
/// The longest sealed receipt, in bytes.
pub const MAX_SEALED_LEN: usize = MAX_PAYLOAD_LEN + SIGNATURE_LEN;

/// What stands before every body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Header<'a> {
    /// Format version, [`VERSION`].
    pub version: u8,
    /// The log: hash of its genesis; all zero in the genesis.
    pub log_id: LogId,
    /// Place in the log, from 0 without gaps; below `u64::MAX`.
    pub seq: u64,
    /// Hash of the receipt before; all zero in the genesis.
    pub prev: LeafHash,
    /// When it was sealed, by the writer's clock; never before the receipt before.
    pub sealed_at: Timestamp,
    /// The receipt's own id.
    pub id: ReceiptId,
    /// Which key signed it.
    pub key_id: KeyId,
    /// How it is sealed.
    pub mode: SealMode,
    /// What its body is.
    pub kind: Kind,
    /// Trace it belongs to; may be empty.
    pub trace_id: &'a str,
    /// Session it belongs to; may be empty.
    pub session_id: &'a str,
    /// Who acted: a pseudonym or a system's name; may be empty.
    pub actor_id: &'a str,
}

/// How a receipt is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealMode {
    /// By a signature of its own.
    Signed,
    /// By a later batch seal over a range; only where the log's policy permits it.
    Batched,
}

impl Serialize for SealMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (number, name) = match self {
            Self::Signed => (0, "signed"),
            Self::Batched => (1, "batched"),
        };
        if serializer.is_human_readable() {
            serializer.serialize_str(name)
        } else {
            serializer.serialize_u8(number)
        }
    }
}

impl<'de> Deserialize<'de> for SealMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            0 => Ok(Self::Signed),
            1 => Ok(Self::Batched),
            _ => Err(serde::de::Error::custom("unknown seal mode")),
        }
    }
}

/// A sealed receipt whose bytes were read and whose claims nobody has verified.
///
/// It borrows the bytes, which are `payload ‖ signature`. Header and framing are canonical; the
/// body is bytes until [`DecodeBody::decode`](crate::DecodeBody::decode) reads it.
#[derive(Clone, Copy)]
pub struct UnverifiedReceipt<'a> {
    header: Header<'a>,
    payload: &'a [u8],
    body: usize,
    kind: usize,
    signature: Option<Signature>,
    hash: LeafHash,
    /// A verification that took place before, perhaps of this signature.
    #[cfg(feature = "alloc")]
    good: Option<&'a crate::GoodSignature>,
}

impl<'a> UnverifiedReceipt<'a> {
    /// Reads a sealed receipt.
    ///
    /// # Errors
    ///
    /// Offset, field and expectation of the first thing that does not hold.
    pub fn parse(sealed: &'a [u8]) -> Result<Self, DecodeError> {
        if sealed.len() > MAX_SEALED_LEN {
            let expected = "at most 65535 bytes of payload";
            return Err(DecodeError {
                offset: MAX_SEALED_LEN,
                field: "payload",
                expected,
            });
        }
        let mut fields = Fields {
            all: sealed,
            rest: sealed,
        };
        let version = fields.take("version", "format version 1")?;
        if version != VERSION {
            let expected = "format version 1";
            return Err(DecodeError {
                offset: 0,
                field: "version",
                expected,
            });
        }
        let log_id = fields.take("log_id", "32 bytes")?;
        let seq_offset = fields.offset();
        let seq = fields.take("seq", SEQ)?;
        if seq == u64::MAX {
            // A log that held it would have a size that no u64 can say.
            return Err(DecodeError {
                offset: seq_offset,
                field: "seq",
                expected: SEQ,
            });
        }
        let prev = fields.take("prev", "32 bytes")?;
        let sealed_at = fields.take("sealed_at", "microseconds up to the year 9999 as a varint")?;
        let id = fields.take("id", "16 bytes")?;
        let key_id = fields.take("key_id", "8 bytes")?;
        let mode = fields.take("mode", "0 (signed) or 1 (batched)")?;
        let kind_offset = fields.offset();
        let kind = fields.take("kind", "a varint of at most 16 bits")?;
        let trace_id = fields.take("trace_id", "a length and as many bytes of UTF-8")?;
        let session_id = fields.take("session_id", "a length and as many bytes of UTF-8")?;
        let actor_id = fields.take("actor_id", "a length and as many bytes of UTF-8")?;
        let body = fields.offset();
        let header = Header {
            version,
            log_id,
            seq,
            prev,
            sealed_at,
            id,
            key_id,
            mode,
            kind,
            trace_id,
            session_id,
            actor_id,
        };
        // Overlong varints decode to the same values and encode to other bytes.
        SameBytes::check(&header, &sealed[..body]).map_err(|offset| DecodeError {
            offset,
            field: "header",
            expected: "the canonical encoding",
        })?;
        let (payload, signature) = match mode {
            SealMode::Signed => {
                let Some((payload, signature)) = sealed.split_last_chunk::<SIGNATURE_LEN>() else {
                    return Err(no_signature(sealed.len()));
                };
                if payload.len() < body {
                    return Err(no_signature(sealed.len()));
                }
                (payload, Some(Signature::from_bytes(*signature)))
            }
            SealMode::Batched => (sealed, None),
        };
        if payload.len() > MAX_PAYLOAD_LEN {
            let expected = "at most 65535 bytes of payload";
            return Err(DecodeError {
                offset: MAX_PAYLOAD_LEN,
                field: "payload",
                expected,
            });
        }
        let hash = LeafHash::of(payload);
        Ok(Self {
            header,
            payload,
            body,
            kind: kind_offset,
            signature,
            hash,
            #[cfg(feature = "alloc")]
            good: None,
        })
    }

    /// What the receipt says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// The bytes that were hashed and signed.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.payload[self.body..]
    }

    /// SHA-256(0x00 ‖ payload).
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// The signature; none where the receipt is batched.
    #[must_use]
    pub const fn signature(&self) -> Option<Signature> {
        self.signature
    }

    /// Verifies the receipt's own signature under a key that the caller trusts.
    ///
    /// # Errors
    ///
    /// When the receipt has no signature of its own, names another key, or the signature does not
    /// verify.
    pub fn verify_signature(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        let signature = self.signature.ok_or(SignatureError)?;
        if key.id() != self.header.key_id {
            return Err(SignatureError);
        }
        key.verify(&receipt_message(&self.hash), &signature)
    }

    /// The same for one of many receipts by few keys.
    ///
    /// # Errors
    ///
    /// As [`UnverifiedReceipt::verify_signature`].
    #[cfg(feature = "alloc")]
    pub fn verify_signature_in_bulk(
        &self,
        key: &VerifyingKey,
        bulk: &mut crate::BulkVerifier,
    ) -> Result<(), SignatureError> {
        let signature = self.signature.ok_or(SignatureError)?;
        if key.id() != self.header.key_id {
            return Err(SignatureError);
        }
        if let Some(good) = self.good
            && good.is_of(key, &self.hash, &signature)
        {
            return Ok(());
        }
        bulk.verify(key, &receipt_message(&self.hash), &signature)
    }

    /// The receipt with a verification that took place before, on another thread say.
    ///
    /// [`UnverifiedReceipt::verify_signature_in_bulk`] takes it in place of its own where it is of this
    /// receipt's signature under the key that is asked about, and verifies where it is not.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub const fn known(self, good: Option<&'a crate::GoodSignature>) -> Self {
        Self { good, ..self }
    }

    /// Where the body starts in the sealed bytes.
    #[must_use]
    pub const fn body_offset(&self) -> usize {
        self.body
    }

    pub(crate) const fn kind_offset(&self) -> usize {
        self.kind
    }
}

impl fmt::Debug for UnverifiedReceipt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedReceipt")
            .field("header", &self.header)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

const SEQ: &str = "a varint below 2^64 - 1";

const fn no_signature(offset: usize) -> DecodeError {
    DecodeError {
        offset,
        field: "signature",
        expected: "64 bytes after the payload",
    }
}

/// Reads the header field by field, so that an error knows which one it was.
struct Fields<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    const fn offset(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    fn take<T: Deserialize<'a>>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<T, DecodeError> {
        let offset = self.offset();
        let (value, rest) = postcard::take_from_bytes(self.rest).map_err(|_| DecodeError {
            offset,
            field,
            expected,
        })?;
        self.rest = rest;
        Ok(value)
    }
}

/// Compares an encoding with bytes at hand while it is made, without a buffer for it.
pub(crate) struct SameBytes<'a> {
    expected: &'a [u8],
    at: usize,
}

impl<'a> SameBytes<'a> {
    /// `Err` holds the offset of the first byte that differs.
    pub(crate) fn check<T: Serialize + ?Sized>(value: &T, expected: &'a [u8]) -> Result<(), usize> {
        let mut serializer = postcard::Serializer {
            output: SameBytes { expected, at: 0 },
        };
        let same = value.serialize(&mut serializer).is_ok();
        let at = serializer.output.at;
        if same && at == expected.len() {
            Ok(())
        } else {
            Err(at)
        }
    }
}

impl Flavor for SameBytes<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.expected.get(self.at) != Some(&byte) {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.at += 1;
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if !self.expected[self.at..].starts_with(bytes) {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.at += bytes.len();
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_the_same_from_its_first_to_its_last_byte() {
        assert_eq!(SameBytes::check(&(1u8, 2u8), &[1, 2]), Ok(()));
        assert_eq!(SameBytes::check(&(1u8, 2u8), &[1, 3]), Err(1));
        // One is the beginning of the other.
        assert_eq!(SameBytes::check(&(1u8, 2u8), &[1]), Err(1));
        assert_eq!(SameBytes::check(&(1u8,), &[1, 2]), Err(1));
    }
}
