//! The answer to an export: `ExportTraceServiceResponse`, in both encodings.

use crate::Encoding;
use crate::id::{Role, hex};
use crate::request::SpanId;
use ai_audit_core::ReceiptId;
use std::collections::{BTreeMap, BTreeSet};

/// The most spans that a message names.
const MAX_NAMED: usize = 8;
/// The longest reason, in characters.
const MAX_REASON: usize = 256;

/// What the sender is told: how many spans were refused, and why the first of them.
///
/// A span of which one receipt was refused and another was not is one of them: the message says what of it
/// is sealed.
///
/// ```
/// use ai_audit_otlp::{Encoding, Response};
/// let mut response = Response::new(Encoding::Json);
/// assert_eq!(response.body(), b"{}");
/// response.reject("span 00f067aa0ba902b7: it is in the log with another content");
/// let body = String::from_utf8(response.body()).expect("JSON");
/// assert!(body.starts_with(r#"{"partialSuccess":{"errorMessage":"1 span refused: span 00f0"#));
/// assert!(body.ends_with(r#","rejectedSpans":"1"}}"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    encoding: Encoding,
    rejected: u64,
    /// Why the first spans were refused.
    told: Vec<Told>,
    /// What the spans were to become, by receipt.
    parts: BTreeMap<ReceiptId, Part>,
    /// Spans of which a receipt was refused.
    spans: BTreeSet<usize>,
}

/// A receipt that a span was to become.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// The place of the span in the request.
    span: usize,
    name: SpanId,
    role: Role,
    refused: bool,
}

/// A span that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    /// The place of one that was to become receipts.
    span: Option<usize>,
    reasons: Vec<String>,
}

impl Response {
    /// All taken.
    #[must_use]
    pub const fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            rejected: 0,
            told: Vec::new(),
            parts: BTreeMap::new(),
            spans: BTreeSet::new(),
        }
    }

    /// Counts a span that was refused as a whole. The reason should repeat no text of the span.
    pub fn reject(&mut self, reason: impl Into<String>) {
        self.tell(None, cut(&reason.into()));
    }

    /// Counts the span that a receipt is of, once, whichever of its receipts are refused. The reason should
    /// repeat no text of the span. An id of no span of the request counts as a span of its own.
    ///
    /// ```
    /// use ai_audit_core::ReceiptId;
    /// use ai_audit_otlp::{Encoding, Response};
    /// let mut response = Response::new(Encoding::Json);
    /// let id = ReceiptId::from_bytes([1; 16]);
    /// response.reject_receipt(id, "it is in the log with another content");
    /// assert_eq!(response.rejected(), 1);
    /// ```
    pub fn reject_receipt(&mut self, id: ReceiptId, reason: impl Into<String>) {
        let reason = cut(&reason.into());
        let Some(part) = self.parts.get_mut(&id) else {
            return self.tell(None, format!("receipt {id}: {reason}"));
        };
        part.refused = true;
        let span = part.span;
        let reason = match part.role {
            Role::Span => reason,
            other => format!("{}: {reason}", other.name()),
        };
        self.tell(Some(span), reason);
    }

    /// A receipt that a span is to become.
    pub(crate) fn awaits(&mut self, id: ReceiptId, span: usize, name: SpanId, role: Role) {
        let refused = false;
        let part = Part {
            span,
            name,
            role,
            refused,
        };
        self.parts.insert(id, part);
    }

    /// A receipt that is refused because one of the same span was, of which the sender is told.
    pub(crate) fn lost(&mut self, id: ReceiptId) {
        if let Some(part) = self.parts.get_mut(&id) {
            part.refused = true;
        }
    }

    fn tell(&mut self, span: Option<usize>, reason: String) {
        let again = span.is_some_and(|span| !self.spans.insert(span));
        if again {
            let told = self.told.iter_mut().find(|told| told.span == span);
            if let Some(told) = told {
                told.reasons.push(reason);
            }
            return;
        }
        self.rejected += 1;
        if self.told.len() < MAX_NAMED {
            let reasons = vec![reason];
            self.told.push(Told { span, reasons });
        }
    }

    /// How many spans were refused.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The body of the answer, whose content type is that of its encoding.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        match (self.encoding, self.rejected) {
            (Encoding::Protobuf, 0) => Vec::new(),
            (Encoding::Json, 0) => b"{}".to_vec(),
            (Encoding::Json, _) => {
                let json = serde_json::json!({"partialSuccess": {
                    "rejectedSpans": self.rejected.to_string(),
                    "errorMessage": self.message(),
                }});
                json.to_string().into_bytes()
            }
            (Encoding::Protobuf, _) => {
                // `partial_success` is 1; in it `rejected_spans` is 1 and `error_message` 2.
                let mut inner = vec![0x08];
                varint(self.rejected, &mut inner);
                let message = self.message();
                field(0x12, message.as_bytes(), &mut inner);
                let mut body = Vec::new();
                field(0x0a, &inner, &mut body);
                body
            }
        }
    }

    fn message(&self) -> String {
        let what = if self.rejected == 1 { "span" } else { "spans" };
        let more = match self.rejected > MAX_NAMED as u64 {
            true => "; and others",
            false => "",
        };
        let told: Vec<String> = self.told.iter().map(|told| self.said(told)).collect();
        format!(
            "{} {what} refused: {}{more}",
            self.rejected,
            told.join("; ")
        )
    }

    /// The name of a span, why it was refused, and what of it was not.
    fn said(&self, told: &Told) -> String {
        let reasons = told.reasons.join(", ");
        let parts = || {
            self.parts
                .values()
                .filter(|part| Some(part.span) == told.span)
        };
        let Some(Part { name, .. }) = parts().next() else {
            return reasons;
        };
        let mut said = format!("span {}: {reasons}", hex(name));
        let has_outcome = parts().any(|part| part.role == Role::Outcome);
        for part in parts().filter(|part| !part.refused) {
            let sealed = match part.role {
                Role::Span if has_outcome => "intent",
                Role::Span => "node",
                other => other.name(),
            };
            said.push_str(&format!(", its {sealed} is sealed"));
        }
        said
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}

/// A field with a length.
fn field(key: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(key);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}
