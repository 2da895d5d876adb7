//! What a receipt says for readers of decisions and tool outcomes: its own body, or an imported record's.

use crate::{
    Imported, ImportedItem, ImportedRecord, Kind, Timestamp, UnverifiedReceipt, decode_body,
};

/// What a receipt says: its own body or, where it brings a record of another system, that record's.
///
/// ```
/// use ai_audit_core::{Decision, DecodeBody as _, Kind, UnverifiedReceipt};
///
/// /// Whether it says of a decision, an imported one as well, that the answer was withheld.
/// fn is_rejected(receipt: &UnverifiedReceipt<'_>) -> bool {
///     let said = receipt.said();
///     said.kind == Kind::DECISION
///         && Decision::decode_said(&said).is_ok_and(|decision| decision.action.name() == "reject")
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The kind of the body.
    pub kind: Kind,
    /// Its bytes.
    pub body: &'a [u8],
    /// When it was: of what was imported the time that the record gives itself, else when the receipt
    /// was sealed.
    pub time: Timestamp,
    /// Whether it was imported.
    pub imported: bool,
    /// Whether it was imported without a signature of its own that was found to hold.
    pub unproven: bool,
    /// Where the body begins in the sealed bytes, for errors.
    pub(crate) offset: usize,
}

impl<'a> UnverifiedReceipt<'a> {
    /// What its own body says, an import being nothing but one.
    #[must_use]
    pub fn said_itself(&self) -> Said<'a> {
        Said {
            kind: self.header().kind,
            body: self.body(),
            time: self.header().sealed_at,
            imported: false,
            unproven: false,
            offset: self.body_offset(),
        }
    }

    /// What the receipt says, be it of its own or a record that it brings from another system. Of the
    /// latter, decisions and tool outcomes are read; anything else that is brought, and an import
    /// that does not decode, says what its own body does.
    #[must_use]
    pub fn said(&self) -> Said<'a> {
        let own = self.said_itself();
        if own.kind != Kind::IMPORTED {
            return own;
        }
        match decode_body(self.body()) {
            Ok(Imported {
                record:
                    ImportedRecord::Item(ImportedItem {
                        occurred_at,
                        key,
                        content: Some(content),
                        ..
                    }),
            }) if is_read(content.kind) => Said {
                kind: content.kind,
                body: content.body.0,
                time: occurred_at.unwrap_or(own.time),
                imported: true,
                unproven: key.is_none(),
                offset: self.body_offset(),
            },
            _ => own,
        }
    }
}

/// Whether a record of this kind is read like a receipt's own body. No other is: a review, a deletion
/// or a new key that stood in another system's record would do something in this log.
const fn is_read(kind: Kind) -> bool {
    matches!(kind, Kind::DECISION | Kind::TOOL_OUTCOME)
}
