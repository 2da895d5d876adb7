//! What producers hand to the ledger: records, alone or in groups.

use crate::{Ciphertext, SubmitError};
use ai_audit_core::{Body, Kind, LeafHash, ReceiptId, SealError, encode_body};
use core::fmt;
use std::collections::HashSet;

/// One record on its way into a log: a body with what belongs into its header.
///
/// The body is checked and encoded where the record is made; what is wrong with it shows when the
/// record is submitted.
///
/// ```
/// use ai_audit_core::Decision;
/// use ai_audit_store::Record;
/// let decision = Decision { model: "gpt-4o".into(), ..Decision::new() };
/// let record = Record::new(&decision).trace("req-1").session("s-7").actor("agent-3");
/// # let _ = record;
/// ```
#[derive(Debug)]
pub struct Record {
    pub(crate) id: Option<ReceiptId>,
    /// Whether the caller chose the id, so that it may stand in the log already.
    pub(crate) given: bool,
    pub(crate) trace_id: String,
    pub(crate) session_id: String,
    pub(crate) actor_id: String,
    pub(crate) ciphertexts: Vec<Ciphertext>,
    pub(crate) body: RecordBody,
}

pub(crate) enum RecordBody {
    Ready(Result<EncodedRecordBody, SealError>),
    /// Made by the writer, when the hashes of the records before it in its group are known.
    Later(Box<Build>),
}

pub(crate) type Build = dyn FnOnce(&Earlier<'_>) -> Result<EncodedRecordBody, SealError> + Send;

/// A body that was checked and encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRecordBody {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

impl EncodedRecordBody {
    /// Checks and encodes a body.
    ///
    /// # Errors
    ///
    /// As [`encode_body`].
    pub fn new<B: Body>(body: &B) -> Result<Self, SealError> {
        let (kind, bytes) = (B::KIND, encode_body(body)?);
        Ok(Self { kind, bytes })
    }

    /// The body's kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

/// The receipts of the same group that are sealed already.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    pub(crate) hashes: &'a [LeafHash],
}

impl Earlier<'_> {
    /// The hash of the group's record `index`, counted from 0; `None` if that one does not come
    /// before.
    #[must_use]
    pub fn hash(&self, index: usize) -> Option<LeafHash> {
        self.hashes.get(index).copied()
    }

    /// All hashes so far.
    #[must_use]
    pub const fn hashes(&self) -> &[LeafHash] {
        self.hashes
    }
}

impl Record {
    /// A record of this body, with an id that the ledger chooses.
    #[must_use]
    pub fn new<B: Body>(body: &B) -> Self {
        Self::with(None, RecordBody::Ready(EncodedRecordBody::new(body)))
    }

    /// A record of a body that was encoded before.
    #[must_use]
    pub const fn encoded(body: EncodedRecordBody) -> Self {
        Self::with(None, RecordBody::Ready(Ok(body)))
    }

    /// A record whose body refers to the records before it in its group: `build` is called by the
    /// writer when these are sealed, so it should be quick. The id is as [`Record::id`] says.
    ///
    /// ```
    /// use ai_audit_core::{Decision, List, ReceiptId, Timestamp};
    /// use ai_audit_store::{EncodedRecordBody, Record};
    /// let id = ReceiptId::from_parts(Timestamp::from_micros(0), [1; 10]);
    /// let follows = Record::build(id, |earlier| {
    ///     let parents: List<'_, _> = earlier.hash(0).into_iter().collect();
    ///     EncodedRecordBody::new(&Decision { parents, ..Decision::new() })
    /// });
    /// let group = vec![Record::new(&Decision::new()), follows];
    /// # let _ = group;
    /// ```
    #[must_use]
    pub fn build<F>(id: ReceiptId, build: F) -> Self
    where
        F: FnOnce(&Earlier<'_>) -> Result<EncodedRecordBody, SealError> + Send + 'static,
    {
        Self::with(Some(id), RecordBody::Later(Box::new(build)))
    }

    const fn with(id: Option<ReceiptId>, body: RecordBody) -> Self {
        Self {
            id,
            given: id.is_some(),
            trace_id: String::new(),
            session_id: String::new(),
            actor_id: String::new(),
            ciphertexts: Vec::new(),
            body,
        }
    }

    /// Checks what can be checked before the record, number `index` of its group, is sealed. `ids` are
    /// those that callers chose for the ones before it.
    pub(crate) fn check(
        &self,
        index: usize,
        ids: &mut HashSet<ReceiptId>,
    ) -> Result<(), SubmitError> {
        if let Some(id) = self.given_id() {
            if !id.is_v7() {
                return Err(SubmitError::Id { index, id });
            }
            if !ids.insert(id) {
                return Err(SubmitError::IdTwice { index, id });
            }
        }
        match &self.body {
            RecordBody::Ready(Err(error)) => {
                let error = error.clone();
                Err(SubmitError::Record { index, error })
            }
            RecordBody::Ready(Ok(body)) if is_reserved(body.kind) => {
                let kind = body.kind;
                Err(SubmitError::Reserved { index, kind })
            }
            _ => Ok(()),
        }
    }

    /// The id, if the caller chose it.
    pub(crate) fn given_id(&self) -> Option<ReceiptId> {
        self.id.filter(|_| self.given)
    }

    /// Sets the id: a UUIDv7 that no other receipt of the log has. Keys by which single texts are
    /// disclosed are made from it.
    #[must_use]
    pub const fn id(mut self, id: ReceiptId) -> Self {
        self.id = Some(id);
        self.given = true;
        self
    }

    /// Sets the trace id.
    #[must_use]
    pub fn trace(mut self, trace_id: impl Into<String>) -> Self {
        self.trace_id = trace_id.into();
        self
    }

    /// Sets the session id.
    #[must_use]
    pub fn session(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = session_id.into();
        self
    }

    /// Sets the actor id: a pseudonym or a system's name.
    #[must_use]
    pub fn actor(mut self, actor_id: impl Into<String>) -> Self {
        self.actor_id = actor_id.into();
        self
    }

    /// Sets the ciphertexts that are stored beside the receipt: one for each encrypted kept text of a
    /// decision, in their order. The writer refuses others with
    /// [`AppendError::Ciphertexts`](crate::AppendError::Ciphertexts). Without any, what the decision
    /// says is encrypted is kept elsewhere or nowhere.
    ///
    /// ```
    /// use ai_audit_core::{Content, Decision, Digest, Encrypted, KeptField, SubjectKeyId};
    /// use ai_audit_store::{Ciphertext, Record};
    /// # let (nonce, commitment, bytes) = ([0; 12], [0; 32], vec![0; 48]);
    /// let key = SubjectKeyId::from_bytes([7; 16]);
    /// let ciphertext = Digest::of(&bytes);
    /// let content = Content::Encrypted(Encrypted { key, nonce, commitment, ciphertext });
    /// let kept = vec![KeptField { name: "input".into(), content }].into();
    /// let decision = Decision { kept, ..Decision::new() };
    /// let record = Record::new(&decision).ciphertexts(vec![Ciphertext { key, bytes }]);
    /// # let _ = record;
    /// ```
    #[must_use]
    pub fn ciphertexts(mut self, ciphertexts: Vec<Ciphertext>) -> Self {
        self.ciphertexts = ciphertexts;
        self
    }
}

/// Kinds that only the ledger itself writes: control receipts, but for contracts, which callers bring.
pub(crate) const fn is_reserved(kind: Kind) -> bool {
    kind.is_never_batched() && !matches!(kind, Kind::CONTRACT_ACTIVATION)
}

impl fmt::Debug for RecordBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(Ok(body)) => write!(f, "{} of {} bytes", body.kind, body.bytes.len()),
            Self::Ready(Err(error)) => write!(f, "unusable: {error}"),
            Self::Later(_) => f.write_str("to be built"),
        }
    }
}
