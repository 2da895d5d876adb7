//! Tool intents and outcomes from C: the structs, their bodies, and sealing them.
//!
//! The bodies are those of `docs/spec/receipt.md`. The crate that defines them for Rust needs an allocator;
//! tests hold what is sealed here against it.
#![allow(
    unsafe_code,
    reason = "intents and outcomes come from C and hold pointers"
)]

use crate::decision::Parents;
use crate::draft::AiAuditDraft;
use crate::given::Given;
use crate::log::AiAuditLog;
use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{AiAuditOptionalDigest, AiAuditOptionalU64, AiAuditText, AiAuditTextDigest};
use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, Text, TextDigest, Timestamp};
use serde::Serialize;

/// There is no digest.
pub const AI_AUDIT_JSON_NONE: u8 = 0;
/// Of the RFC 8785 canonical form of a JSON value.
pub const AI_AUDIT_JSON_CANONICAL: u8 = 1;
/// Of the bytes as they were.
pub const AI_AUDIT_JSON_RAW: u8 = 2;

/// Nobody said how the call ended.
pub const AI_AUDIT_TOOL_UNKNOWN: u8 = 0;
/// It gave a result.
pub const AI_AUDIT_TOOL_OK: u8 = 1;
/// It gave an error.
pub const AI_AUDIT_TOOL_ERROR: u8 = 2;
/// It was not allowed to run.
pub const AI_AUDIT_TOOL_DENIED: u8 = 3;
/// It did not end in time.
pub const AI_AUDIT_TOOL_TIMED_OUT: u8 = 4;

/// The digest of arguments or of a result, and of which form of them.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditJsonDigest {
    /// The digest; of form `AI_AUDIT_DIGEST_NONE` exactly where `form` is `AI_AUDIT_JSON_NONE`.
    pub digest: AiAuditTextDigest,
    /// One of the `AI_AUDIT_JSON_` numbers.
    pub form: u8,
}

/// What an agent is about to do with a tool. Seal it before the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditToolIntent {
    /// When the agent asked for it, if that is not when it is sealed; microseconds.
    pub occurred_at_us: AiAuditOptionalU64,
    /// The tool's name; not empty.
    pub tool: AiAuditText,
    /// The call's id, as the agent's framework gave it; may be empty.
    pub call_id: AiAuditText,
    /// Digest of the arguments.
    pub arguments: AiAuditJsonDigest,
    /// Hashes of the receipts that this one follows from, 32 bytes each, one behind the other.
    pub parents: *const u8,
    /// How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
    pub parents_len: usize,
}

/// What came of a tool intent. Seal it after the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditToolOutcome {
    /// When the result came, if that is not when it is sealed; microseconds.
    pub occurred_at_us: AiAuditOptionalU64,
    /// The tool's name.
    pub tool: AiAuditText,
    /// The call's id; may be empty.
    pub call_id: AiAuditText,
    /// Hash of the intent's receipt; absent where the call had no intent.
    pub intent: AiAuditOptionalDigest,
    /// Digest of the result.
    pub result: AiAuditJsonDigest,
    /// How long it took, in microseconds.
    pub duration_us: AiAuditOptionalU64,
    /// The class of the error, such as `timeout`; empty where there was none. It should name nobody.
    pub error: AiAuditText,
    /// Hashes of further receipts that this one follows from, 32 bytes each, one behind the other.
    pub parents: *const u8,
    /// How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
    pub parents_len: usize,
    /// How it ended: one of the `AI_AUDIT_TOOL_` numbers.
    pub status: u8,
}

/// Variant 0 canonical, 1 raw, in this order.
#[derive(Serialize)]
enum JsonDigest {
    Canonical(TextDigest),
    Raw(TextDigest),
}

#[derive(Serialize)]
struct Intent<'a> {
    occurred_at: Option<Timestamp>,
    tool: Text<'a>,
    call_id: Text<'a>,
    arguments: Option<JsonDigest>,
    parents: List<'a, LeafHash>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    occurred_at: Option<Timestamp>,
    tool: Text<'a>,
    call_id: Text<'a>,
    intent: Option<LeafHash>,
    /// A number below 128, whose varint is itself.
    status: u8,
    result: Option<JsonDigest>,
    duration_us: Option<u64>,
    error: Text<'a>,
    parents: List<'a, LeafHash>,
}

impl Body for Intent<'_> {
    const KIND: Kind = Kind::TOOL_INTENT;

    fn check(&self) -> core::result::Result<(), BodyError> {
        if self.tool.is_empty() {
            return Err(BodyError {
                field: "tool",
                expected: "the tool's name",
            });
        }
        Ok(())
    }
}

impl Body for Outcome<'_> {
    const KIND: Kind = Kind::TOOL_OUTCOME;
}

impl AiAuditJsonDigest {
    fn get(&self) -> Result<Option<JsonDigest>> {
        match (self.form, self.digest.get()?) {
            (AI_AUDIT_JSON_NONE, None) => Ok(None),
            (AI_AUDIT_JSON_CANONICAL, Some(digest)) => Ok(Some(JsonDigest::Canonical(digest))),
            (AI_AUDIT_JSON_RAW, Some(digest)) => Ok(Some(JsonDigest::Raw(digest))),
            _ => Err(AiAuditStatus::Argument),
        }
    }
}

/// Seals a tool intent as the next receipt.
///
/// # Safety
/// As `ai_audit_seal_decision`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_tool_intent(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    intent: *const AiAuditToolIntent,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        // SAFETY: the caller's promise is the same.
        let from = unsafe { raw::reference(intent) }?;
        // SAFETY: the caller's promise is the same.
        let parents = unsafe { Parents::new(from.parents, from.parents_len) }?;
        // SAFETY: the caller's promise is the same.
        let (tool, call_id) = unsafe { (from.tool.as_text()?, from.call_id.as_text()?) };
        let body = Intent {
            occurred_at: from.occurred_at_us.time()?,
            tool,
            call_id,
            arguments: from.arguments.get()?,
            parents: parents.list(),
        };
        given.seal(&body)
    })())
}

/// Seals a tool outcome as the next receipt.
///
/// # Safety
/// As `ai_audit_seal_decision`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_tool_outcome(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    outcome: *const AiAuditToolOutcome,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        // SAFETY: the caller's promise is the same.
        let from = unsafe { raw::reference(outcome) }?;
        // SAFETY: the caller's promise is the same.
        let parents = unsafe { Parents::new(from.parents, from.parents_len) }?;
        // SAFETY: the caller's promise is the same.
        let (tool, call_id) = unsafe { (from.tool.as_text()?, from.call_id.as_text()?) };
        if from.status > AI_AUDIT_TOOL_TIMED_OUT {
            return Err(AiAuditStatus::Argument);
        }
        let body = Outcome {
            occurred_at: from.occurred_at_us.time()?,
            tool,
            call_id,
            intent: from.intent.hash()?,
            status: from.status,
            result: from.result.get()?,
            duration_us: from.duration_us.get()?,
            // SAFETY: the caller's promise is the same.
            error: unsafe { from.error.as_text() }?,
            parents: parents.list(),
        };
        given.seal(&body)
    })())
}
