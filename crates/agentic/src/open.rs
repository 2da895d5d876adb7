//! Intents whose outcome has not come.

use crate::{ToolIntent, ToolOutcome};
use ai_audit_core::{DecodeBody, DecodeError, Kind, LeafHash, ReceiptId, UnverifiedReceipt};
use alloc::collections::BTreeMap;
use alloc::string::String;

/// Follows a log's receipts and knows which tool intents are open.
///
/// An outcome closes the intent that it names by hash. One that names no intent, or none that is
/// open, closes nothing: it is counted, since a second outcome for one call, or one for an intent
/// that never was, is worth a look. Memory grows with the open intents only, and at most to
/// [`MAX_OPEN`] of them: receipts may be an enemy's.
#[derive(Debug, Clone, Default)]
pub struct OpenIntents {
    open: BTreeMap<LeafHash, OpenIntent>,
    unmatched: u64,
    not_followed: u64,
}

/// The most open intents that are followed at a time.
pub const MAX_OPEN: usize = 1 << 16;
/// The most bytes of each text that are kept of an open intent; what is cut off is marked by `…`.
pub const MAX_OPEN_TEXT: usize = 64;

/// A tool intent without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its `seq`.
    pub seq: u64,
    /// Its receipt id.
    pub id: ReceiptId,
    /// Its hash.
    pub hash: LeafHash,
    /// The tool, of its name at most [`MAX_OPEN_TEXT`] bytes.
    pub tool: String,
    /// The call's id, as much; may be empty.
    pub call_id: String,
    /// Its trace, as much; may be empty.
    pub trace_id: String,
}

impl OpenIntents {
    /// Before the first receipt.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            unmatched: 0,
            not_followed: 0,
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
                if self.open.len() >= MAX_OPEN {
                    self.not_followed = self.not_followed.saturating_add(1);
                    return Ok(());
                }
                let open = OpenIntent {
                    seq: header.seq,
                    id: header.id,
                    hash: receipt.hash(),
                    tool: shortened(intent.tool.as_str()),
                    call_id: shortened(intent.call_id.as_str()),
                    trace_id: shortened(header.trace_id),
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

    /// How many outcomes named no open intent. Those of intents that were not followed are among
    /// them.
    #[must_use]
    pub const fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// How many intents came while [`MAX_OPEN`] were open. Whether they have an outcome is unknown.
    #[must_use]
    pub const fn not_followed(&self) -> u64 {
        self.not_followed
    }
}

pub(crate) fn shortened(text: &str) -> String {
    if text.len() <= MAX_OPEN_TEXT {
        return text.into();
    }
    const MARK: char = '…';
    let mut short = String::with_capacity(MAX_OPEN_TEXT);
    for c in text.chars() {
        if short.len() + c.len_utf8() + MARK.len_utf8() > MAX_OPEN_TEXT {
            break;
        }
        short.push(c);
    }
    short.push(MARK);
    short
}
