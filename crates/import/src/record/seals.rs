//! What batch seals and epoch seals say of receipts.

use ai_audit_core::NodeHash;
use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Record, RecordError, RecordKind, is_lower_case, member_text};

/// So many receipts a batch seal may list: more ids of the library's own form fit into no record.
const MAX_LISTED: usize = 1_000_000;

/// What a batch seal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSeal<'a> {
    /// `merkle_root` as it was written; the next seal's link is this text.
    pub root: Cow<'a, str>,
    /// `leaf_count`: how many receipts it seals.
    pub leaf_count: u64,
    /// `receipt_ids`: which, in the order of the tree's leaves.
    pub receipt_ids: Vec<Cow<'a, str>>,
}

/// What an epoch seal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochSeal<'a> {
    /// `merkle_root` as it was written.
    pub root: Cow<'a, str>,
    /// `receipt_count`: how many receipts the epoch has.
    pub receipt_count: u64,
    /// `first_receipt_hash`: the `receipt_hash` of the first receipt.
    pub first: Cow<'a, str>,
    /// `last_receipt_hash`: the `receipt_hash` of the last receipt.
    pub last: Cow<'a, str>,
}

impl BatchSeal<'_> {
    /// The root, where it is 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn node_hash(&self) -> Option<NodeHash> {
        node_hash(&self.root)
    }
}

impl EpochSeal<'_> {
    /// The root, where it is 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn node_hash(&self) -> Option<NodeHash> {
        node_hash(&self.root)
    }
}

fn node_hash(root: &str) -> Option<NodeHash> {
    is_lower_case(root).then(|| root.parse().ok()).flatten()
}

impl<'a> Record<'a> {
    /// What a batch seal says of receipts; `None` for other records.
    ///
    /// # Errors
    ///
    /// When a member is not what the library writes there, or more than 1,000,000 receipts are listed.
    pub fn batch_seal(&self) -> Result<Option<BatchSeal<'a>>, RecordError> {
        if self.kind != RecordKind::BatchSeal {
            return Ok(None);
        }
        let root = self.json.root();
        let mut receipt_ids = Vec::new();
        let ids = root.get("receipt_ids").filter(|ids| ids.is_array());
        let wrong = |offset| RecordError::Field {
            field: "receipt_ids",
            offset,
            expected: "an array of strings",
        };
        let ids = ids.ok_or_else(|| wrong(root.offset()))?;
        if ids.items().nth(MAX_LISTED).is_some() {
            return Err(RecordError::Field {
                field: "receipt_ids",
                offset: ids.offset(),
                expected: "an array of 1,000,000 strings at most",
            });
        }
        for id in ids.items() {
            receipt_ids.push(id.string().ok_or_else(|| wrong(id.offset()))?);
        }
        Ok(Some(BatchSeal {
            root: member_text(&root, "merkle_root")?,
            leaf_count: self.count("leaf_count")?,
            receipt_ids,
        }))
    }

    /// What an epoch seal says of receipts; `None` for other records.
    ///
    /// # Errors
    ///
    /// When a member is not what the library writes there.
    pub fn epoch_seal(&self) -> Result<Option<EpochSeal<'a>>, RecordError> {
        if self.kind != RecordKind::EpochSeal {
            return Ok(None);
        }
        let root = self.json.root();
        Ok(Some(EpochSeal {
            root: member_text(&root, "merkle_root")?,
            receipt_count: self.count("receipt_count")?,
            first: member_text(&root, "first_receipt_hash")?,
            last: member_text(&root, "last_receipt_hash")?,
        }))
    }

    fn count(&self, field: &'static str) -> Result<u64, RecordError> {
        let root = self.json.root();
        let value = root.get(field);
        value
            .and_then(|value| value.integer())
            .ok_or(RecordError::Field {
                field,
                offset: value.map_or(root.offset(), |value| value.offset()),
                expected: "a number of receipts",
            })
    }
}
