//! Decisions from C: the struct, and sealing one.
#![allow(unsafe_code, reason = "decisions come from C and hold pointers")]

use crate::draft::AiAuditDraft;
use crate::given::Given;
use crate::log::AiAuditLog;
use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{
    self, AiAuditOptionalDigest, AiAuditOptionalF64, AiAuditOptionalU64, AiAuditText,
    AiAuditTextDigest,
};
use ai_audit_core::{Action, Check, Decision, LeafHash, List, Text};

/// Most checks that a decision from C can have.
pub const AI_AUDIT_MAX_CHECKS: usize = 8;
/// Most reason codes, and most tags, that a decision from C can have.
pub const AI_AUDIT_MAX_TEXTS: usize = 16;
/// Most parents that a receipt from C can have.
pub const AI_AUDIT_MAX_PARENTS: usize = 16;

/// The answer went out.
pub const AI_AUDIT_ACTION_ALLOW: u8 = 0;
/// The answer was withheld.
pub const AI_AUDIT_ACTION_REJECT: u8 = 1;
/// It failed and is tried again.
pub const AI_AUDIT_ACTION_FAIL_RETRY: u8 = 2;
/// The answer came from a cache.
pub const AI_AUDIT_ACTION_CACHE_HIT: u8 = 3;
/// A person decides.
pub const AI_AUDIT_ACTION_ESCALATE: u8 = 4;
/// The checks were passed by.
pub const AI_AUDIT_ACTION_BYPASS: u8 = 5;

/// One check that ran before the decision: a filter, a classifier, a rule.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditCheck {
    /// Its name.
    pub name: AiAuditText,
    /// Its version; may be empty.
    pub version: AiAuditText,
    /// More about it, as RFC 8785 canonical JSON; may be empty.
    pub detail: AiAuditText,
    /// What it measured; finite and not -0.0.
    pub score: AiAuditOptionalF64,
    /// From where on it fires; finite and not -0.0.
    pub threshold: AiAuditOptionalF64,
    /// 1 if it fired, else 0.
    pub fired: u8,
}

/// What an AI system was asked, what it answered, what was checked, what was done. All zero is a decision
/// that says nothing but that the answer went out. Texts enter as digests; what is to be kept in clear or
/// encrypted goes by `ai_audit_seal_body`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditDecision {
    /// When it was made, if that is not when it is sealed; microseconds.
    pub occurred_at_us: AiAuditOptionalU64,
    /// Pseudonym of the person concerned; empty if none is.
    pub subject: AiAuditText,
    /// Digest of the exact input.
    pub input: AiAuditTextDigest,
    /// Digest of the canonical input, if the caller has one.
    pub input_canonical: AiAuditTextDigest,
    /// Digest of the exact output.
    pub output: AiAuditTextDigest,
    /// Digest of the system's state, as `ai_audit_digest_parts` makes it.
    pub state: AiAuditOptionalDigest,
    /// The checks, in the order in which they ran.
    pub checks: *const AiAuditCheck,
    /// How many; at most `AI_AUDIT_MAX_CHECKS`.
    pub checks_len: usize,
    /// Why, as codes of the caller's.
    pub reason_codes: *const AiAuditText,
    /// How many; at most `AI_AUDIT_MAX_TEXTS`.
    pub reason_codes_len: usize,
    /// Labels of the caller's.
    pub tags: *const AiAuditText,
    /// How many; at most `AI_AUDIT_MAX_TEXTS`.
    pub tags_len: usize,
    /// Hashes of the receipts that this one follows from, 32 bytes each, one behind the other.
    pub parents: *const u8,
    /// How many hashes; at most `AI_AUDIT_MAX_PARENTS`.
    pub parents_len: usize,
    /// Who runs the model.
    pub provider: AiAuditText,
    /// Which model.
    pub model: AiAuditText,
    /// What it was asked to do, in the words of OpenTelemetry: `chat`, `embeddings`, ...
    pub operation: AiAuditText,
    /// Tokens read.
    pub input_tokens: AiAuditOptionalU64,
    /// Tokens written.
    pub output_tokens: AiAuditOptionalU64,
    /// How long it took, in microseconds.
    pub duration_us: AiAuditOptionalU64,
    /// Digest of the configuration.
    pub config: AiAuditOptionalDigest,
    /// Digest of the policy or contract in force.
    pub policy: AiAuditOptionalDigest,
    /// What was done: one of the `AI_AUDIT_ACTION_` numbers.
    pub action: u8,
}

impl AiAuditCheck {
    /// # Safety
    /// Its texts point to what they say.
    unsafe fn get<'a>(&self) -> Result<Check<'a>> {
        // SAFETY: the caller's promise is the same.
        let (name, version) = unsafe { (self.name.as_text()?, self.version.as_text()?) };
        Ok(Check {
            name,
            version,
            score: self.score.get()?,
            threshold: self.threshold.get()?,
            fired: types::flag(self.fired)?,
            // SAFETY: the caller's promise is the same.
            detail: unsafe { self.detail.as_text() }?,
        })
    }
}

/// At most `N` items that were taken over from C, at the start of an array.
struct Few<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T, const N: usize> Few<T, N> {
    fn new<U>(
        from: &[U],
        empty: impl FnMut(usize) -> T,
        mut take: impl FnMut(&U) -> Result<T>,
    ) -> Result<Self> {
        if from.len() > N {
            return Err(AiAuditStatus::TooMany);
        }
        let mut items = core::array::from_fn(empty);
        for (item, from) in items.iter_mut().zip(from) {
            *item = take(from)?;
        }
        Ok(Self {
            items,
            len: from.len(),
        })
    }

    fn list(&self) -> List<'_, T> {
        List::borrowed(self.items.get(..self.len).unwrap_or(&[]))
    }
}

/// The parents of a receipt.
pub(crate) struct Parents(Few<LeafHash, AI_AUDIT_MAX_PARENTS>);

impl Parents {
    /// # Safety
    /// `parents` points to `len` hashes.
    pub(crate) unsafe fn new(parents: *const u8, len: usize) -> Result<Self> {
        // SAFETY: an array of bytes is as aligned as a byte; the rest is the caller's promise.
        let parents = unsafe { raw::items(parents.cast::<[u8; 32]>(), len) }?;
        Few::new(
            parents,
            |_| LeafHash::ZERO,
            |hash| Ok(LeafHash::from_bytes(*hash)),
        )
        .map(Self)
    }

    pub(crate) fn list(&self) -> List<'_, LeafHash> {
        self.0.list()
    }
}

/// # Safety
/// `texts` points to `len` texts that point to what they say.
unsafe fn texts<'a>(
    texts: *const AiAuditText,
    len: usize,
) -> Result<Few<Text<'a>, AI_AUDIT_MAX_TEXTS>> {
    // SAFETY: the caller's promise is the same.
    let texts = unsafe { raw::items(texts, len) }?;
    // SAFETY: the caller's promise is the same.
    Few::new(texts, |_| Text::EMPTY, |text| unsafe { text.as_text() })
}

fn action(number: u8) -> Result<Action> {
    let action = Action::ALL.get(usize::from(number));
    action.copied().ok_or(AiAuditStatus::Argument)
}

/// Seals a decision as the next receipt.
///
/// # Safety
/// `log` points to an initialised block, `draft` and `decision` to such structs whose pointers hold what
/// they say, `out` to `out_len` bytes, `written` to a size. None of them overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_decision(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    decision: *const AiAuditDecision,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        // SAFETY: the caller's promise is the same.
        let from = unsafe { raw::reference(decision) }?;
        // SAFETY: the caller's promise is the same.
        let checks = unsafe { raw::items(from.checks, from.checks_len) }?;
        let checks: Few<_, AI_AUDIT_MAX_CHECKS> =
            // SAFETY: the caller's promise is the same.
            Few::new(checks, |_| Check::default(), |check| unsafe { check.get() })?;
        // SAFETY: the caller's promise is the same.
        let reason_codes = unsafe { texts(from.reason_codes, from.reason_codes_len) }?;
        // SAFETY: the caller's promise is the same.
        let tags = unsafe { texts(from.tags, from.tags_len) }?;
        // SAFETY: the caller's promise is the same.
        let parents = unsafe { Parents::new(from.parents, from.parents_len) }?;
        // SAFETY: the caller's promise is the same.
        let (subject, provider) = unsafe { (from.subject.as_text()?, from.provider.as_text()?) };
        // SAFETY: the caller's promise is the same.
        let (model, operation) = unsafe { (from.model.as_text()?, from.operation.as_text()?) };
        let body = Decision {
            occurred_at: from.occurred_at_us.time()?,
            subject,
            input: from.input.get()?,
            input_canonical: from.input_canonical.get()?,
            output: from.output.get()?,
            state: from.state.get()?,
            checks: checks.list(),
            action: action(from.action)?,
            reason_codes: reason_codes.list(),
            tags: tags.list(),
            provider,
            model,
            operation,
            input_tokens: from.input_tokens.get()?,
            output_tokens: from.output_tokens.get()?,
            duration_us: from.duration_us.get()?,
            config: from.config.get()?,
            policy: from.policy.get()?,
            kept: List::EMPTY,
            redactions: List::EMPTY,
            parents: parents.list(),
        };
        given.seal(&body)
    })())
}
