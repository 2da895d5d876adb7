//! Receipt ids made of spans.

use crate::request::{SpanId, TraceId};
use ai_audit_core::{ReceiptId, Timestamp};
use sha2::{Digest as _, Sha256};

const LABEL: &[u8] = b"ai-audit/otlp/v1\0";

/// Which of a span's receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The one that children follow from: a decision, a tool intent, a trace node.
    Span,
    /// The outcome of a tool.
    Outcome,
    /// What an agent answered.
    Answer,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Outcome => "outcome",
            Self::Answer => "answer",
        }
    }
}

/// The id of a span's receipt, whatever the span says.
///
/// ```
/// use ai_audit_otlp::{Role, receipt_id};
/// let id = receipt_id(&[1; 16], &[2; 8], Role::Span);
/// assert_eq!(id, receipt_id(&[1; 16], &[2; 8], Role::Span));
/// assert_ne!(id, receipt_id(&[1; 16], &[2; 8], Role::Outcome));
/// assert!(id.is_v7());
/// ```
#[must_use]
pub fn receipt_id(trace: &TraceId, span: &SpanId, role: Role) -> ReceiptId {
    let mut hasher = Sha256::new();
    for part in [LABEL, trace, span, role.name().as_bytes()] {
        hasher.update(part);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
    let mut random = [0; 10];
    random.copy_from_slice(bytes.last_chunk::<10>().unwrap_or(&[0; 10]));
    // Version and variant are set there; the time then makes way for the hash.
    let versioned = ReceiptId::from_parts(Timestamp::from_micros(0), random);
    let mut id = *versioned.as_bytes();
    for (to, from) in id.iter_mut().zip(bytes).take(6) {
        *to = from;
    }
    ReceiptId::from_bytes(id)
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
