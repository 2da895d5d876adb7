//! The deletion receipt: which epoch's bytes are gone.

use ai_audit_core::{Body, BodyError, Digest, Kind, Text};
use serde::{Deserialize, Serialize};

/// Says that the bytes of an epoch's receipts are deleted: of all but the control receipts, and
/// after this receipt is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion<'a> {
    /// Which epoch.
    pub epoch: u64,
    /// Its first `seq`.
    pub first: u64,
    /// The `seq` of its seal.
    pub last: u64,
    /// Receipts whose bytes are deleted.
    pub count: u64,
    /// SHA-256 of the archive's file, where there is one.
    pub archive: Option<Digest>,
    /// Why, such as the retention rule.
    #[serde(borrow)]
    pub reason: Text<'a>,
}

impl Body for Deletion<'_> {
    const KIND: Kind = Kind::DELETION;

    fn check(&self) -> Result<(), BodyError> {
        // The seal itself stays.
        match self.last.checked_sub(self.first) {
            None => Err(BodyError {
                field: "last",
                expected: "not before `first`",
            }),
            Some(most) if self.count > most => Err(BodyError {
                field: "count",
                expected: "at most `last` - `first`",
            }),
            Some(_) => Ok(()),
        }
    }
}
