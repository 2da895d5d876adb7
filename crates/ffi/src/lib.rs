//! C interface of the core: receipts sealed and verified from C, in the caller's memory.
//!
//! The header is `include/ai_audit.h`, the guide `docs/guides/c-interface.md`. From Rust use
//! `ai-audit-core` itself; this crate is what the header's functions are made of.
//!
//! Every function that takes pointers is `unsafe` and shares one contract: each pointer that is not null
//! points to as much memory as the function says, which nobody else uses during the call; what is read of
//! it is initialised, and what is written overlaps nothing that is read. Null, alignment, lengths, UTF-8, ranges and
//! flags are checked. Calls do not unwind: as a static library the crate is built with
//! `panic = "abort"`, elsewhere a panic at the border ends the process.
//!
//! # Example
//!
//! ```
//! use ai_audit_ffi::{AiAuditStatus, ai_audit_leaf_hash};
//! let (payload, mut hash) = (b"payload", [0; 32]);
//! // SAFETY: both point to what they say.
//! let status = unsafe { ai_audit_leaf_hash(payload.as_ptr(), payload.len(), hash.as_mut_ptr()) };
//! assert_eq!(status, AiAuditStatus::Ok);
//! ```
#![cfg_attr(not(test), no_std)]

mod decision;
mod digest;
mod draft;
mod frame;
mod genesis;
mod given;
mod key_line;
mod log;
#[cfg(all(feature = "panic-handler", panic = "abort", not(test)))]
mod panic;
mod raw;
mod receipt;
mod seal;
mod signer;
mod status;
mod tool;
mod types;
mod verifier;

pub use decision::{
    AI_AUDIT_ACTION_ALLOW, AI_AUDIT_ACTION_BYPASS, AI_AUDIT_ACTION_CACHE_HIT,
    AI_AUDIT_ACTION_ESCALATE, AI_AUDIT_ACTION_FAIL_RETRY, AI_AUDIT_ACTION_REJECT,
    AI_AUDIT_MAX_CHECKS, AI_AUDIT_MAX_PARENTS, AI_AUDIT_MAX_TEXTS, AiAuditCheck, AiAuditDecision,
    ai_audit_seal_decision,
};
pub use digest::{
    ai_audit_digest_exact, ai_audit_digest_parts, ai_audit_digest_plain, ai_audit_leaf_hash,
};
pub use draft::{AiAuditDraft, ai_audit_receipt_id};
pub use frame::{ai_audit_frame, ai_audit_unframe};
pub use key_line::ai_audit_key_line;
pub use log::{
    AI_AUDIT_LOG_WORDS, AiAuditGenesis, AiAuditLog, ai_audit_log_close, ai_audit_log_head,
    ai_audit_log_open, ai_audit_log_resume,
};
pub use receipt::{AiAuditReceipt, ai_audit_parse, ai_audit_verify_signature};
pub use seal::{
    ai_audit_seal_body, ai_audit_seal_gap, ai_audit_seal_rotation, ai_audit_seal_start,
    ai_audit_seal_stop,
};
pub use signer::{AiAuditSign, AiAuditSigner, ai_audit_public_key};
pub use status::{AiAuditStatus, ai_audit_status_text};
pub use tool::{
    AI_AUDIT_JSON_CANONICAL, AI_AUDIT_JSON_NONE, AI_AUDIT_JSON_RAW, AI_AUDIT_TOOL_DENIED,
    AI_AUDIT_TOOL_ERROR, AI_AUDIT_TOOL_OK, AI_AUDIT_TOOL_TIMED_OUT, AI_AUDIT_TOOL_UNKNOWN,
    AiAuditJsonDigest, AiAuditToolIntent, AiAuditToolOutcome, ai_audit_seal_tool_intent,
    ai_audit_seal_tool_outcome,
};
pub use types::{
    AI_AUDIT_DIGEST_KEYED, AI_AUDIT_DIGEST_NONE, AI_AUDIT_DIGEST_PLAIN, AI_AUDIT_MAX_KEY_LINE_LEN,
    AI_AUDIT_MAX_SEALED_LEN, AiAuditBytes, AiAuditFault, AiAuditHead, AiAuditKeys,
    AiAuditOptionalDigest, AiAuditOptionalF64, AiAuditOptionalU64, AiAuditText, AiAuditTextDigest,
};
pub use verifier::{
    AI_AUDIT_VERIFIER_WORDS, AiAuditVerifier, ai_audit_verifier_head, ai_audit_verifier_init,
    ai_audit_verifier_keys, ai_audit_verifier_resume, ai_audit_verifier_take,
};
