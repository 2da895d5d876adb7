//! What is kept of a receipt that a number may name.

use super::data::Between;
use ai_audit_compliance::Pointer;
use ai_audit_core::{Kind, LeafHash, ReceiptId, Said, Timestamp, UnverifiedReceipt};

/// A receipt: enough to name it in the annex.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) seq: u64,
    pub(super) sealed_at: Timestamp,
    /// Of an imported record, when it says that it was made.
    pub(super) imported_of: Option<Timestamp>,
    pub(super) hash: LeafHash,
    id: ReceiptId,
    kind: Kind,
}

impl Mark {
    pub(super) fn of(receipt: &UnverifiedReceipt<'_>, said: &Said<'_>) -> Self {
        let header = receipt.header();
        Self {
            seq: header.seq,
            sealed_at: header.sealed_at,
            imported_of: said.imported.then_some(said.time),
            hash: receipt.hash(),
            id: header.id,
            kind: header.kind,
        }
    }

    /// A receipt of this `seq`, of which nothing else is known.
    #[cfg(test)]
    pub(super) fn at(seq: u64) -> Self {
        Self {
            seq,
            sealed_at: Timestamp::from_micros(seq),
            imported_of: None,
            hash: LeafHash::of(&seq.to_be_bytes()),
            id: ReceiptId::from_bytes([0; 16]),
            kind: Kind::DECISION,
        }
    }

    /// When what it says was.
    pub(super) fn time(&self) -> Timestamp {
        self.imported_of.unwrap_or(self.sealed_at)
    }

    pub(super) const fn pointer(&self) -> Pointer {
        Pointer {
            seq: self.seq,
            hash: self.hash,
            id: self.id,
            kind: self.kind,
            sealed_at: self.sealed_at,
            path: None,
        }
    }
}

/// The first and the last receipt of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) first: Mark,
    pub(super) last: Mark,
}

impl Ends {
    pub(super) const fn of(mark: Mark) -> Self {
        Self {
            first: mark,
            last: mark,
        }
    }

    /// With those of another bucket: what was imported may be older than what stands before it.
    pub(super) const fn merge(&mut self, other: Self) {
        if other.first.seq < self.first.seq {
            self.first = other.first;
        }
        if other.last.seq > self.last.seq {
            self.last = other.last;
        }
    }

    pub(super) const fn between(&self) -> Between {
        Between {
            first: self.first.seq,
            last: self.last.seq,
        }
    }
}
