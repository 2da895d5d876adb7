//! The batch seal: one signature for a range of batched receipts.

use crate::{Body, BodyError, Kind, NodeHash};
use serde::{Deserialize, Serialize};

/// Signs for the batched receipts directly before it (`docs/spec/batch-seals.md`).
///
/// ```
/// use ai_audit_core::{
///     BatchSeal, Decision, Draft, Genesis, Head, NodeHash, PolicyEntry, ReceiptId, SigningKey, Timestamp,
/// };
/// let [key, checkpoint, recovery] = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
/// let permission = [PolicyEntry {
///     name: BatchSeal::POLICY.into(),
///     value: BatchSeal::PERMITTED.into(),
/// }];
/// let genesis = Genesis {
///     policy: (&permission[..]).into(),
///     ..Genesis::new("example.org/a", "", &key.verifying_key(), &checkpoint.verifying_key(),
///         &recovery.verifying_key(), [7; 16])
/// };
/// let now = Timestamp::from_micros(1_790_000_000_000_000);
/// let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// let (mut a, mut b, mut c) = ([0; 512], [0; 512], [0; 512]);
/// let first = draft.seal(&genesis, &Head::EMPTY, &key, &mut a)?;
///
/// // No signature of its own.
/// let id = key.verifying_key().id();
/// let batched = draft.seal_batched(&Decision::new(), &first.head(), id, &mut b)?;
///
/// // The seal signs for it, by the root of the log's tree: here of the genesis and the decision.
/// let leaves = [first.hash(), batched.hash()].map(NodeHash::from_leaf);
/// let root = NodeHash::parent(&leaves[0], &leaves[1]);
/// let seal = BatchSeal { from: 1, count: 1, root };
/// let sealed = draft.seal(&seal, &batched.head(), &key, &mut c)?;
/// assert_eq!(sealed.head().size(), 3);
/// # Ok::<(), ai_audit_core::SealError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSeal {
    /// `seq` of the first receipt that it signs for; at least 1.
    pub from: u64,
    /// How many it signs for, up to itself; 1 to [`BatchSeal::MAX`].
    pub count: u64,
    /// Root of the log's tree of all receipts before the seal.
    pub root: NodeHash,
}

impl BatchSeal {
    /// The most receipts of one batch.
    pub const MAX: u64 = 65_536;

    /// The genesis's policy entry that permits batched receipts.
    pub const POLICY: &'static str = "receipt-seal";

    /// Its value that permits them.
    pub const PERMITTED: &'static str = "batched";
}

impl Body for BatchSeal {
    const KIND: Kind = Kind::BATCH_SEAL;

    fn check(&self) -> Result<(), BodyError> {
        if self.from == 0 {
            return Err(BodyError {
                field: "from",
                expected: "at least 1: a genesis has a signature of its own",
            });
        }
        if !(1..=Self::MAX).contains(&self.count) || self.from.checked_add(self.count).is_none() {
            return Err(BodyError {
                field: "count",
                expected: "1 to 65536 receipts of the log",
            });
        }
        Ok(())
    }
}
