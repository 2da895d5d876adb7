//! The receipt of an access: somebody was shown what is kept encrypted.

use ai_audit_core::{Body, Kind, LeafHash, Text};
use serde::{Deserialize, Serialize};

/// Sealed before the text is shown. Who looks is the header's `actor_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access<'a> {
    /// Whose data.
    #[serde(borrow)]
    pub subject: Text<'a>,
    /// The receipt that holds it; none for all that is held on the subject.
    pub receipt: Option<LeafHash>,
    /// The field; empty for all fields.
    #[serde(borrow)]
    pub field: Text<'a>,
    /// What for; may be empty.
    #[serde(borrow)]
    pub purpose: Text<'a>,
    /// What came of it.
    pub outcome: AccessOutcome,
}

/// What came of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessOutcome {
    /// The text was shown.
    Disclosed,
    /// The key is destroyed; there is nothing to show.
    Erased,
    /// The ciphertext is missing or does not open.
    Failed,
}

impl Body for Access<'_> {
    const KIND: Kind = Kind::ACCESS;
}
