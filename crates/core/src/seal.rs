//! Sealing: a draft becomes bytes that are hashed, chained and signed once.

use crate::keys::receipt_message;
use crate::{
    Body, BodyError, Head, Header, Kind, LeafHash, MAX_PAYLOAD_LEN, ReceiptId, SIGNATURE_LEN,
    SealMode, Signer, SignerError, Timestamp, VERSION,
};
use core::fmt;

/// A receipt before it is sealed: all of its header that the caller chooses.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    id: ReceiptId,
    sealed_at: Timestamp,
    trace_id: &'a str,
    session_id: &'a str,
    actor_id: &'a str,
}

/// A receipt's sealed bytes, in the buffer that the caller gave.
#[derive(Debug, Clone, Copy)]
pub struct SealedReceipt<'b> {
    bytes: &'b [u8],
    head: Head,
}

/// Why a draft could not be sealed. Nothing of it is to be used then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealError {
    /// A field of the body is out of its range.
    Body(BodyError),
    /// The buffer or the format's limit is too small for the receipt.
    TooLong {
        /// Bytes there are for the payload.
        limit: usize,
    },
    /// The first receipt must be a genesis, and only the first may be.
    Genesis,
    /// The draft's time lies before the receipt before it.
    TimeBackwards {
        /// Time of the receipt before.
        last: Timestamp,
    },
    /// The log has 2^64 − 1 receipts.
    Full,
    /// The signer failed.
    Signer(SignerError),
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => write!(f, "body cannot be sealed: {error}"),
            Self::TooLong { limit } => {
                write!(
                    f,
                    "payload is longer than the {limit} bytes there are for it"
                )
            }
            Self::Genesis => f.write_str("the first receipt of a log, and no other, is a genesis"),
            Self::TimeBackwards { last } => {
                write!(f, "time lies before that of the receipt before, {last}")
            }
            Self::Full => f.write_str("the log cannot hold another receipt"),
            Self::Signer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SealError {}

impl<'a> Draft<'a> {
    /// A draft with its id and the time of sealing.
    #[must_use]
    pub const fn new(id: ReceiptId, sealed_at: Timestamp) -> Self {
        Self {
            id,
            sealed_at,
            trace_id: "",
            session_id: "",
            actor_id: "",
        }
    }

    /// Sets the trace id.
    #[must_use]
    pub const fn trace(self, trace_id: &'a str) -> Self {
        Self { trace_id, ..self }
    }

    /// Sets the session id.
    #[must_use]
    pub const fn session(self, session_id: &'a str) -> Self {
        Self { session_id, ..self }
    }

    /// Sets the actor id: a pseudonym or a system's name.
    #[must_use]
    pub const fn actor(self, actor_id: &'a str) -> Self {
        Self { actor_id, ..self }
    }

    /// Seals the draft with its body as the receipt after `head`, into `buf`.
    ///
    /// # Errors
    ///
    /// See [`SealError`]. A buffer of [`MAX_SEALED_LEN`](crate::MAX_SEALED_LEN) bytes is always
    /// long enough for what the format can hold.
    pub fn seal<'b, B: Body>(
        &self,
        body: &B,
        head: &Head,
        signer: &(impl Signer + ?Sized),
        buf: &'b mut [u8],
    ) -> Result<SealedReceipt<'b>, SealError> {
        if head.is_empty() != (B::KIND == Kind::GENESIS) {
            return Err(SealError::Genesis);
        }
        if self.sealed_at < head.sealed_at() {
            return Err(SealError::TimeBackwards {
                last: head.sealed_at(),
            });
        }
        if head.size() == u64::MAX {
            return Err(SealError::Full);
        }
        body.check().map_err(SealError::Body)?;
        let header = Header {
            version: VERSION,
            log_id: head.log_id(),
            seq: head.size(),
            prev: head.hash(),
            sealed_at: self.sealed_at,
            id: self.id,
            key_id: signer.verifying_key().id(),
            mode: SealMode::Signed,
            kind: B::KIND,
            trace_id: self.trace_id,
            session_id: self.session_id,
            actor_id: self.actor_id,
        };
        let limit = buf.len().saturating_sub(SIGNATURE_LEN).min(MAX_PAYLOAD_LEN);
        let too_long = |_| SealError::TooLong { limit };
        let head_len = postcard::to_slice(&header, &mut buf[..limit])
            .map_err(too_long)?
            .len();
        let body_len = postcard::to_slice(body, &mut buf[head_len..limit])
            .map_err(too_long)?
            .len();
        let len = head_len + body_len;
        let hash = LeafHash::of(&buf[..len]);
        let signature = signer
            .try_sign(&receipt_message(&hash))
            .map_err(SealError::Signer)?;
        buf[len..len + SIGNATURE_LEN].copy_from_slice(signature.as_bytes());
        let head = head.after(&header, hash);
        Ok(SealedReceipt {
            bytes: &buf[..len + SIGNATURE_LEN],
            head,
        })
    }
}

impl<'b> SealedReceipt<'b> {
    /// The bytes to store: payload, then signature.
    #[must_use]
    pub const fn as_bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The receipt's hash.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.head.hash()
    }

    /// The head of the log once this receipt is in it.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }
}
