//! Intents whose outcome has not come.

use crate::{ToolIntent, ToolOutcome};
use ai_audit_core::{DecodeBody, DecodeError, Kind, LeafHash, ReceiptId, UnverifiedReceipt};
use alloc::collections::BTreeMap;
use alloc::string::String;

/// Follows a log's receipts and knows which tool intents are open.
///
/// An outcome closes the intent that it names by hash. One that names no intent, or none that is
/// open, closes nothing: it is counted, since a second outcome for one call, or one for an intent
/// that never was, is worth a look. Memory grows with the open intents only.
#[derive(Debug, Clone, Default)]
pub struct OpenIntents {
    open: BTreeMap<LeafHash, OpenIntent>,
    unmatched: u64,
}

/// A tool intent without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its `seq`.
    pub seq: u64,
    /// Its receipt id.
    pub id: ReceiptId,
    /// Its hash.
    pub hash: LeafHash,
    /// The tool.
    pub tool: String,
    /// The call's id; may be empty.
    pub call_id: String,
    /// Its trace; may be empty.
    pub trace_id: String,
}

impl OpenIntents {
    /// Before the first receipt.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            unmatched: 0,
        }
    }

    /// Takes the next receipt. Those of other kinds change nothing.
    ///
    /// # Errors
    ///
    /// When the body of an intent or outcome does not decode.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), DecodeError> {
        let header = receipt.header();
        match header.kind {
            Kind::TOOL_INTENT => {
                let intent = ToolIntent::decode(receipt)?;
                let open = OpenIntent {
                    seq: header.seq,
                    id: header.id,
                    hash: receipt.hash(),
                    tool: intent.tool.as_str().into(),
                    call_id: intent.call_id.as_str().into(),
                    trace_id: header.trace_id.into(),
                };
                self.open.insert(receipt.hash(), open);
            }
            Kind::TOOL_OUTCOME => {
                let closed = ToolOutcome::decode(receipt)?.intent;
                if closed
                    .and_then(|intent| self.open.remove(&intent))
                    .is_none()
                {
                    self.unmatched = self.unmatched.saturating_add(1);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The open intents, in no particular order.
    pub fn open(&self) -> impl Iterator<Item = &OpenIntent> {
        self.open.values()
    }

    /// How many outcomes named no open intent.
    #[must_use]
    pub const fn unmatched(&self) -> u64 {
        self.unmatched
    }
}
