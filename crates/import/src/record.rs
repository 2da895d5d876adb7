//! One record of the Python library: read once, with the bytes that it signs.

mod content;
mod error;
mod examine;
mod seals;

use ai_audit_core::{Digest, LeafHash, Signature, Timestamp};
use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Json, JsonValue};
pub use error::RecordError;
pub use examine::{Examined, Problem};
pub use seals::{BatchSeal, EpochSeal};

/// What sort of record it is.
///
/// Exhaustive on purpose: version 0.4.7 of the library writes these four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// What an AI system decided.
    Decision,
    /// What came of a call of a tool.
    ToolCall,
    /// A signature over the Merkle root of some receipts.
    BatchSeal,
    /// A signature over the Merkle root of an epoch.
    EpochSeal,
}

/// One record of the Python library, of a text that it borrows.
///
/// Reading it says nothing of whether it is genuine; [`Record::examine`] does.
///
/// ```
/// use ai_audit_import::{Keys, Problem, Record, RecordKind};
///
/// let text = r#"{"receipt_id": "r1", "tool_name": "search", "duration_ms": 1.50, "signature": ""}"#;
/// let mut record = Record::parse(text)?;
/// assert_eq!((record.kind(), record.id()), (RecordKind::ToolCall, "r1"));
/// assert_eq!(record.signed_bytes(), br#"{"duration_ms":1.50,"receipt_id":"r1","tool_name":"search"}"#);
///
/// let examined = record.examine(&mut Keys::default());
/// assert_eq!(examined.problem, Some(Problem::NoHash));
/// # Ok::<(), ai_audit_import::RecordError>(())
/// ```
#[derive(Debug)]
pub struct Record<'a> {
    text: &'a str,
    json: Json<'a>,
    kind: RecordKind,
    id: Cow<'a, str>,
    tenant: Cow<'a, str>,
    trace: Cow<'a, str>,
    session: Cow<'a, str>,
    agent: Cow<'a, str>,
    timestamp: Cow<'a, str>,
    link: Cow<'a, str>,
    named_hash: Option<Cow<'a, str>>,
    signature: Cow<'a, str>,
    signed: Vec<u8>,
    hash: Digest,
}

/// What a record does not sign.
const UNSIGNED: [&str; 2] = ["receipt_hash", "signature"];

impl<'a> Record<'a> {
    /// Reads a record: one JSON object with white space around it at most.
    ///
    /// # Errors
    ///
    /// When the text is refused as JSON, or is none of the four records.
    pub fn parse(original: &'a str) -> Result<Self, RecordError> {
        let json = Json::parse(original)?;
        let root = json.root();
        let (kind, names) = sort(&root)?;
        let text = |name| member_text(&root, name);
        let only = |sort, name| match kind == sort {
            true => text(name),
            false => Ok(Cow::Borrowed("")),
        };
        let signed = json.to_compact(&UNSIGNED);
        let hash = Digest::of(&signed);
        Ok(Self {
            text: original,
            kind,
            id: text(names.id)?,
            tenant: text("tenant_id")?,
            trace: only(RecordKind::Decision, "trace_id")?,
            session: only(RecordKind::Decision, "session_id")?,
            agent: only(RecordKind::ToolCall, "agent_id")?,
            timestamp: text(names.timestamp)?,
            link: text(names.link)?,
            named_hash: match root.get("receipt_hash") {
                Some(_) => Some(text("receipt_hash")?),
                None => None,
            },
            signature: text("signature")?,
            json,
            signed,
            hash,
        })
    }

    /// What sort of record it is.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The text that was read, as it was given.
    #[must_use]
    pub const fn original(&self) -> &'a str {
        self.text
    }

    /// `receipt_id`, `batch_id` or `epoch_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `tenant_id`; may be empty.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// `trace_id` of a decision; may be empty, and is of other records.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace
    }

    /// `session_id` of a decision; may be empty, and is of other records.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session
    }

    /// `agent_id` of a tool-call receipt; may be empty, and is of other records.
    #[must_use]
    pub fn agent_id(&self) -> &str {
        &self.agent
    }

    /// `timestamp`, or `sealed_at` of an epoch seal, as it was written.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// The same as a point in time; one without an offset is taken as UTC. `None` where it is none, or
    /// before 1970.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        crate::time::parse(&self.timestamp)
    }

    /// What it says of the record before: `prev_receipt_hash`, `prev_batch_root` or
    /// `prev_epoch_seal_hash`; empty in the first of a chain.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// `receipt_hash`, which seals do not have.
    #[must_use]
    pub fn named_hash(&self) -> Option<&str> {
        self.named_hash.as_deref()
    }

    /// The signature, where it is 128 hexadecimal digits in lower case, as the library writes it.
    #[must_use]
    pub fn signature(&self) -> Option<Signature> {
        is_lower_case(&self.signature)
            .then(|| self.signature.parse().ok())
            .flatten()
    }

    /// The bytes that are hashed and signed, with numbers as they were read; after [`Record::examine`]
    /// as they were found to fit.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed
    }

    /// SHA-256 of the signed bytes: the hash that a receipt names, and of an epoch seal what the next
    /// one links to.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The RFC 6962 leaf hash of the signed bytes, as the trees of the seals have it.
    #[must_use]
    pub fn leaf_hash(&self) -> LeafHash {
        LeafHash::of(&self.signed)
    }

    /// The record as JSON.
    #[must_use]
    pub const fn json(&self) -> &Json<'a> {
        &self.json
    }
}

/// The members that are named otherwise from record to record.
struct Names {
    id: &'static str,
    timestamp: &'static str,
    link: &'static str,
}

/// Tells the four records apart by the members that only they have.
fn sort(root: &JsonValue<'_, '_>) -> Result<(RecordKind, Names), RecordError> {
    let has = |name| root.get(name).is_some();
    let (kind, names) = if has("receipt_id") && has("checks") && has("action") {
        (
            RecordKind::Decision,
            ["receipt_id", "timestamp", "prev_receipt_hash"],
        )
    } else if has("receipt_id") && has("tool_name") {
        (
            RecordKind::ToolCall,
            ["receipt_id", "timestamp", "prev_receipt_hash"],
        )
    } else if has("batch_id") && has("merkle_root") && has("receipt_ids") {
        (
            RecordKind::BatchSeal,
            ["batch_id", "timestamp", "prev_batch_root"],
        )
    } else if has("epoch_id") && has("merkle_root") && has("first_receipt_hash") {
        (
            RecordKind::EpochSeal,
            ["epoch_id", "sealed_at", "prev_epoch_seal_hash"],
        )
    } else {
        let offset = root.offset();
        return Err(RecordError::Unknown { offset });
    };
    let [id, timestamp, link] = names;
    Ok((
        kind,
        Names {
            id,
            timestamp,
            link,
        },
    ))
}

/// A member that is a string; empty where it is missing.
fn member_text<'a>(
    root: &JsonValue<'_, 'a>,
    field: &'static str,
) -> Result<Cow<'a, str>, RecordError> {
    let Some(value) = root.get(field) else {
        return Ok(Cow::Borrowed(""));
    };
    value.string().ok_or(RecordError::Field {
        field,
        offset: value.offset(),
        expected: "a string",
    })
}

/// Whether hexadecimal digits are in the one form that the library writes: another form of the same
/// bytes is a change that no signature would show.
fn is_lower_case(digits: &str) -> bool {
    !digits.bytes().any(|byte| byte.is_ascii_uppercase())
}
