//! Sealing: a draft becomes bytes that are hashed, chained and signed once.

use crate::{
    Body, BodyError, Head, Header, KeyId, Kind, LeafHash, MAX_PAYLOAD_LEN, ReceiptId,
    SIGNATURE_LEN, SealMode, Signer, SignerError, Timestamp, UnsignedReceipt, VERSION,
    VerifyingKey,
};
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
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
    /// Receipts of this kind have a signature of their own and are never batched.
    Control(Kind),
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
            Self::Control(kind) => write!(
                f,
                "a receipt of kind {kind} is never batched: it needs a signature of its own"
            ),
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
        body.check().map_err(SealError::Body)?;
        let key = signer.verifying_key();
        self.lay_out_with(B::KIND, head, &key, buf, |out| {
            postcard::to_slice(body, out).ok().map(|body| body.len())
        })?
        .sign(signer)
    }

    /// Seals the draft with a body that was encoded before, by [`encode_body`]: for writers that
    /// queue bodies of many kinds and learn the head only when their turn comes.
    ///
    /// The bytes are sealed as they are. Whether they are the canonical encoding of a body of that
    /// kind is the caller's business, and shows to whoever decodes them.
    ///
    /// ```
    /// use ai_audit_core::{
    ///     Body, Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp, encode_body,
    /// };
    /// let keys = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    /// let [receipt, checkpoint, recovery] = [0, 1, 2].map(|key| keys[key].verifying_key());
    /// let genesis =
    ///     Genesis::new("example.org/support", "acme", &receipt, &checkpoint, &recovery, [7; 16]);
    /// let body = encode_body(&genesis)?;
    ///
    /// let now = Timestamp::from_micros(1_790_000_000_000_000);
    /// let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    /// let (mut buf, mut other) = ([0; 1024], [0; 1024]);
    /// let sealed = draft.seal_encoded(Genesis::KIND, &body, &Head::EMPTY, &keys[0], &mut buf)?;
    /// let direct = draft.seal(&genesis, &Head::EMPTY, &keys[0], &mut other)?;
    /// assert_eq!(sealed.as_bytes(), direct.as_bytes());
    /// # Ok::<(), ai_audit_core::SealError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Draft::seal`], but for [`SealError::Body`].
    pub fn seal_encoded<'b>(
        &self,
        kind: Kind,
        body: &[u8],
        head: &Head,
        signer: &(impl Signer + ?Sized),
        buf: &'b mut [u8],
    ) -> Result<SealedReceipt<'b>, SealError> {
        let key = signer.verifying_key();
        self.lay_out_encoded(kind, body, head, &key, buf)?
            .sign(signer)
    }

    /// Does all of [`Draft::seal_encoded`] but the signing, for writers that chain many receipts
    /// first and have them signed together: a receipt's hash does not depend on its signature.
    /// `key` is the one that will sign.
    ///
    /// # Errors
    ///
    /// As [`Draft::seal_encoded`], but for [`SealError::Signer`].
    pub fn lay_out_encoded<'b>(
        &self,
        kind: Kind,
        body: &[u8],
        head: &Head,
        key: &VerifyingKey,
        buf: &'b mut [u8],
    ) -> Result<UnsignedReceipt<'b>, SealError> {
        self.lay_out_with(kind, head, key, buf, |out| copy(body, out))
    }

    /// Seals the draft as a *batched* receipt, without a signature: a later
    /// [`BatchSeal`](crate::BatchSeal) signs for it. The log's genesis has to permit it, and `key` is
    /// the id of the receipt key that is valid and will sign that seal.
    ///
    /// # Errors
    ///
    /// As [`Draft::seal`], and [`SealError::Control`] for kinds that are never batched.
    pub fn seal_batched<'b, B: Body>(
        &self,
        body: &B,
        head: &Head,
        key: KeyId,
        buf: &'b mut [u8],
    ) -> Result<SealedReceipt<'b>, SealError> {
        body.check().map_err(SealError::Body)?;
        self.batch_with(B::KIND, head, key, buf, |out| {
            postcard::to_slice(body, out).ok().map(|body| body.len())
        })
    }

    /// The same with a body that was encoded before, as [`Draft::seal_encoded`] takes it.
    ///
    /// # Errors
    ///
    /// As [`Draft::seal_batched`], but for [`SealError::Body`].
    pub fn seal_batched_encoded<'b>(
        &self,
        kind: Kind,
        body: &[u8],
        head: &Head,
        key: KeyId,
        buf: &'b mut [u8],
    ) -> Result<SealedReceipt<'b>, SealError> {
        self.batch_with(kind, head, key, buf, |out| copy(body, out))
    }

    fn lay_out_with<'b>(
        &self,
        kind: Kind,
        head: &Head,
        key: &VerifyingKey,
        buf: &'b mut [u8],
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<UnsignedReceipt<'b>, SealError> {
        let header = self.header(kind, head, key.id(), SealMode::Signed)?;
        let limit = buf.len().saturating_sub(SIGNATURE_LEN).min(MAX_PAYLOAD_LEN);
        let len = encode(&header, &mut buf[..limit], write)?;
        let head = head.after(&header, LeafHash::of(&buf[..len]));
        Ok(UnsignedReceipt::new(
            &mut buf[..len + SIGNATURE_LEN],
            len,
            head,
        ))
    }

    fn batch_with<'b>(
        &self,
        kind: Kind,
        head: &Head,
        key: KeyId,
        buf: &'b mut [u8],
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<SealedReceipt<'b>, SealError> {
        if kind.is_never_batched() {
            return Err(SealError::Control(kind));
        }
        let header = self.header(kind, head, key, SealMode::Batched)?;
        let limit = buf.len().min(MAX_PAYLOAD_LEN);
        let len = encode(&header, &mut buf[..limit], write)?;
        let hash = LeafHash::of(&buf[..len]);
        Ok(SealedReceipt::new(&buf[..len], head.after(&header, hash)))
    }

    /// The header of the receipt after `head`, where it may stand there.
    fn header(
        &self,
        kind: Kind,
        head: &Head,
        key_id: KeyId,
        mode: SealMode,
    ) -> Result<Header<'a>, SealError> {
        if head.is_empty() != (kind == Kind::GENESIS) {
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
        Ok(Header {
            version: VERSION,
            log_id: head.log_id(),
            seq: head.size(),
            prev: head.hash(),
            sealed_at: self.sealed_at,
            id: self.id,
            key_id,
            mode,
            kind,
            trace_id: self.trace_id,
            session_id: self.session_id,
            actor_id: self.actor_id,
        })
    }
}

/// Puts header and body at the start of `buf`. `write` puts the body at the start of what it is given
/// and returns its length; `None` when there is not room enough.
fn encode(
    header: &Header<'_>,
    buf: &mut [u8],
    write: impl FnOnce(&mut [u8]) -> Option<usize>,
) -> Result<usize, SealError> {
    let limit = buf.len();
    let head_len = postcard::to_slice(header, buf)
        .map_err(|_| SealError::TooLong { limit })?
        .len();
    let body_len = write(&mut buf[head_len..]).ok_or(SealError::TooLong { limit })?;
    Ok(head_len + body_len)
}

fn copy(body: &[u8], out: &mut [u8]) -> Option<usize> {
    out.get_mut(..body.len())?.copy_from_slice(body);
    Some(body.len())
}

/// Checks a body and encodes it, to be sealed later by [`Draft::seal_encoded`].
///
/// # Errors
///
/// [`SealError::Body`] when a field is out of its range, [`SealError::TooLong`] when no payload
/// could hold it.
#[cfg(feature = "alloc")]
pub fn encode_body<B: Body>(body: &B) -> Result<Vec<u8>, SealError> {
    body.check().map_err(SealError::Body)?;
    let limit = MAX_PAYLOAD_LEN;
    // postcard fails on a vector only for values that it has no form for, such as lists of unknown
    // length; none of ours is one.
    let bytes = postcard::to_allocvec(body).map_err(|_| SealError::TooLong { limit })?;
    if bytes.len() > limit {
        return Err(SealError::TooLong { limit });
    }
    Ok(bytes)
}

impl<'b> SealedReceipt<'b> {
    pub(crate) const fn new(bytes: &'b [u8], head: Head) -> Self {
        Self { bytes, head }
    }

    /// The bytes to store: payload, then signature where it is not batched.
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

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::{Decision, SigningKey, UnverifiedReceipt};

    fn head() -> Head {
        Head::from_parts(
            crate::LogId::ZERO,
            1,
            LeafHash::of(b"genesis"),
            Timestamp::from_micros(5),
        )
    }

    #[test]
    fn encoded_and_direct_bodies_seal_to_the_same_bytes() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let decision = Decision {
            model: "m".into(),
            ..Decision::new()
        };
        let now = Timestamp::from_micros(5);
        let draft = Draft::new(ReceiptId::from_parts(now, [3; 10]), now).trace("t");
        let (mut one, mut two) = ([0; 512], [0; 512]);
        let body = encode_body(&decision).unwrap();
        let sealed = draft
            .seal_encoded(Kind::DECISION, &body, &head(), &key, &mut one)
            .unwrap();
        let direct = draft.seal(&decision, &head(), &key, &mut two).unwrap();
        assert_eq!(sealed.as_bytes(), direct.as_bytes());
        assert_eq!(sealed.head(), direct.head());
        let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        assert_eq!(receipt.verify_signature(&key.verifying_key()), Ok(()));
        assert_eq!(receipt.body(), body);
    }

    #[test]
    fn encoded_bodies_are_held_to_the_same_limits() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let now = Timestamp::from_micros(4);
        let draft = Draft::new(ReceiptId::from_parts(now, [3; 10]), now);
        let mut buf = [0; 256];
        let seal = |draft: &Draft<'_>, kind, body: &[u8], buf: &mut [u8]| {
            draft.seal_encoded(kind, body, &head(), &key, buf).err()
        };
        assert_eq!(
            seal(&draft, Kind::DECISION, b"", &mut buf),
            Some(SealError::TimeBackwards {
                last: Timestamp::from_micros(5)
            })
        );
        let draft = Draft::new(
            ReceiptId::from_parts(now, [3; 10]),
            Timestamp::from_micros(5),
        );
        assert_eq!(
            seal(&draft, Kind::GENESIS, b"", &mut buf),
            Some(SealError::Genesis)
        );
        assert_eq!(
            seal(&draft, Kind::DECISION, &[0; 200], &mut buf),
            Some(SealError::TooLong { limit: 192 })
        );
        assert_eq!(seal(&draft, Kind::DECISION, &[0; 50], &mut buf), None);
        let long = Decision {
            model: "x".repeat(MAX_PAYLOAD_LEN).into(),
            ..Decision::new()
        };
        let limit = MAX_PAYLOAD_LEN;
        assert_eq!(encode_body(&long), Err(SealError::TooLong { limit }));
    }
}
