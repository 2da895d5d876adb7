//! Batches of leaves, closed one after the other and linked, for users without a log.
//!
//! A [`Batcher`] collects leaves. When it is full, or on demand, it closes a [`Batch`]: a
//! statement of fixed length that the caller signs. Each statement names the digest of the one
//! before it, so that none can be removed or put in between without notice.

use crate::batch::BatchTree;
use crate::error::ProofError;
use crate::frontier::root_of;
use crate::proof::InclusionProof;
use crate::size::{LeafIndex, TreeSize};
use ai_audit_core::{Digest, LeafHash, NodeHash};
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

/// First bytes of every statement, so that its signature fits nothing else.
const LABEL: &[u8; 18] = b"ai-audit/batch/v1\0";
/// Where the fields begin.
const NUMBER: usize = LABEL.len();
const FIRST: usize = NUMBER + 8;
const COUNT: usize = FIRST + 8;
const ROOT: usize = COUNT + 8;
const PREVIOUS: usize = ROOT + 32;
const END: usize = PREVIOUS + 32;

/// Statement about a closed batch: which leaves it has and which batch it follows.
///
/// Who signs batches uses a key, or a first `previous`, for one sequence of them only: the
/// statement does not name the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Batch {
    /// Number of the batch, counted from 0.
    pub number: u64,
    /// Position of its first leaf among the leaves of all batches.
    pub first_index: LeafIndex,
    /// Number of its leaves, at least 1.
    pub count: TreeSize,
    /// Root of the tree over its leaves.
    pub root: NodeHash,
    /// [`Batch::digest`] of the batch before it; 32 zero bytes in the first one.
    pub previous: Digest,
}

/// A batch as it was just closed, with the leaves to make proofs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedBatch {
    /// The statement, to be signed.
    pub batch: Batch,
    /// The leaves in order.
    pub leaves: Vec<LeafHash>,
}

/// Where a sequence of batches stands: what the next one must name.
///
/// [`BatchHead::follow`] checks a sequence that somebody else made.
///
/// ```
/// use ai_audit_merkle::{BatchHead, Batcher, LeafHash};
/// use std::num::NonZeroU32;
/// let mut batcher = Batcher::new(NonZeroU32::MIN.saturating_add(1));
/// let mut batches = Vec::new();
/// for i in 0u8..5 {
///     batches.extend(batcher.add(LeafHash::of(&[i])));
/// }
/// batches.extend(batcher.flush());
/// assert_eq!(batches.len(), 3);
///
/// let mut head = BatchHead::START;
/// for closed in &batches {
///     head = head.follow(&closed.batch)?; // and check the signature over closed.batch.to_bytes()
/// }
/// assert_eq!(head, batcher.head());
/// # Ok::<(), ai_audit_merkle::BatchChainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchHead {
    /// Number of the next batch.
    pub number: u64,
    /// Position of its first leaf.
    pub first_index: LeafIndex,
    /// Digest of the last batch; 32 zero bytes before the first one.
    pub previous: Digest,
}

/// Collects leaves and closes a batch when it is full.
///
/// Leaves that are in no closed batch yet are in memory only.
#[derive(Debug, Clone)]
pub struct Batcher {
    max: NonZeroU32,
    head: BatchHead,
    leaves: Vec<LeafHash>,
}

/// A batch that does not follow the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchChainError {
    /// The number is not the next one: a batch is missing, repeated or out of order.
    Number {
        /// Number that the next batch must have.
        expected: u64,
        /// Number that it has.
        found: u64,
    },
    /// The first leaf is not where the batch before ended.
    FirstIndex {
        /// Number of the batch.
        batch: u64,
        /// Position that its first leaf must have.
        expected: LeafIndex,
        /// Position that it has.
        found: LeafIndex,
    },
    /// The batch names another predecessor.
    Previous {
        /// Number of the batch.
        batch: u64,
    },
    /// The batch has no leaves.
    NoLeaves {
        /// Number of the batch.
        batch: u64,
    },
    /// Numbers or positions would pass 2^64 − 1.
    Exhausted {
        /// Number of the batch.
        batch: u64,
    },
}

/// Bytes that are no batch statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchParseError {
    /// Not [`Batch::LEN`] bytes long.
    Length {
        /// Number of bytes given.
        found: usize,
    },
    /// The label at offset 0 is another one.
    Label,
}

impl Batch {
    /// Length of the canonical bytes.
    pub const LEN: usize = END;

    /// The canonical bytes, which are signed and which the next batch names by their digest.
    ///
    /// | offset | length | field |
    /// |---|---|---|
    /// | 0 | 18 | `ai-audit/batch/v1` and a zero byte |
    /// | 18 | 8 | number, big-endian |
    /// | 26 | 8 | position of the first leaf, big-endian |
    /// | 34 | 8 | number of leaves, big-endian |
    /// | 42 | 32 | root |
    /// | 74 | 32 | digest of the previous batch's bytes |
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..NUMBER].copy_from_slice(LABEL);
        out[NUMBER..FIRST].copy_from_slice(&self.number.to_be_bytes());
        out[FIRST..COUNT].copy_from_slice(&self.first_index.as_u64().to_be_bytes());
        out[COUNT..ROOT].copy_from_slice(&self.count.as_u64().to_be_bytes());
        out[ROOT..PREVIOUS].copy_from_slice(self.root.as_bytes());
        out[PREVIOUS..END].copy_from_slice(self.previous.as_bytes());
        out
    }

    /// Reads the canonical bytes back.
    ///
    /// # Errors
    /// [`BatchParseError`] if length or label are not those of a batch. Whether the batch follows
    /// another one is [`BatchHead::follow`]'s to say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BatchParseError> {
        let Some((bytes, [])) = bytes.split_first_chunk::<END>() else {
            return Err(BatchParseError::Length { found: bytes.len() });
        };
        if !bytes.starts_with(LABEL) {
            return Err(BatchParseError::Label);
        }
        Ok(Self {
            number: u64::from_be_bytes(field(bytes, NUMBER)),
            first_index: LeafIndex::new(u64::from_be_bytes(field(bytes, FIRST))),
            count: TreeSize::new(u64::from_be_bytes(field(bytes, COUNT))),
            root: NodeHash::from_bytes(field(bytes, ROOT)),
            previous: Digest::from_bytes(field(bytes, PREVIOUS)),
        })
    }

    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Checks that the batch has `leaf` where the proof says; its index counts within the batch.
    ///
    /// # Errors
    /// [`ProofError::Size`] if the proof is about a tree of another size, otherwise as
    /// [`InclusionProof::verify`].
    pub fn verify_inclusion(
        &self,
        leaf: &LeafHash,
        proof: &InclusionProof,
    ) -> Result<(), ProofError> {
        if proof.size != self.count {
            return Err(ProofError::Size {
                expected: self.count,
                found: proof.size,
            });
        }
        proof.verify(leaf, &self.root)
    }
}

impl ClosedBatch {
    /// The tree over the leaves, for proofs.
    #[must_use]
    pub fn tree(&self) -> BatchTree {
        BatchTree::new(&self.leaves)
    }
}

impl BatchHead {
    /// Before the first batch.
    pub const START: Self = Self {
        number: 0,
        first_index: LeafIndex::new(0),
        previous: Digest::from_bytes([0; 32]),
    };

    /// Where the sequence stands after `batch`, if that is the next one.
    ///
    /// The signature over [`Batch::to_bytes`] is the caller's to check.
    ///
    /// # Errors
    /// [`BatchChainError`] says what does not follow.
    pub fn follow(&self, batch: &Batch) -> Result<Self, BatchChainError> {
        let number = batch.number;
        if number != self.number {
            return Err(BatchChainError::Number {
                expected: self.number,
                found: number,
            });
        }
        if batch.first_index != self.first_index {
            let (expected, found) = (self.first_index, batch.first_index);
            return Err(BatchChainError::FirstIndex {
                batch: number,
                expected,
                found,
            });
        }
        if batch.previous != self.previous {
            return Err(BatchChainError::Previous { batch: number });
        }
        if batch.count == TreeSize::ZERO {
            return Err(BatchChainError::NoLeaves { batch: number });
        }
        let next = number.checked_add(1);
        let end = batch.first_index.as_u64().checked_add(batch.count.as_u64());
        let (Some(next), Some(end)) = (next, end) else {
            return Err(BatchChainError::Exhausted { batch: number });
        };
        Ok(Self {
            number: next,
            first_index: LeafIndex::new(end),
            previous: batch.digest(),
        })
    }
}

impl Batcher {
    /// An empty batcher at the start of a sequence, closing batches of `max` leaves.
    #[must_use]
    pub const fn new(max: NonZeroU32) -> Self {
        Self {
            max,
            head: BatchHead::START,
            leaves: Vec::new(),
        }
    }

    /// An empty batcher that continues a sequence at `head`.
    ///
    /// # Errors
    /// [`BatchChainError::Exhausted`] if numbers or positions of `head` are at 2^63 or above, so
    /// that they cannot run out later.
    pub const fn resume(max: NonZeroU32, head: BatchHead) -> Result<Self, BatchChainError> {
        if head.number >> 63 != 0 || head.first_index.as_u64() >> 63 != 0 {
            return Err(BatchChainError::Exhausted { batch: head.number });
        }
        Ok(Self {
            max,
            head,
            leaves: Vec::new(),
        })
    }

    /// Adds a leaf; with it the batch may be full, and is then closed and returned.
    pub fn add(&mut self, leaf: LeafHash) -> Option<ClosedBatch> {
        self.leaves.push(leaf);
        let full = u32::try_from(self.leaves.len()).map_or(true, |len| len >= self.max.get());
        if full { self.flush() } else { None }
    }

    /// Closes the batch as it is; `None` if it has no leaves.
    pub fn flush(&mut self) -> Option<ClosedBatch> {
        if self.leaves.is_empty() {
            return None;
        }
        let leaves = core::mem::take(&mut self.leaves);
        let batch = Batch {
            number: self.head.number,
            first_index: self.head.first_index,
            count: TreeSize::new(u64::try_from(leaves.len()).unwrap_or(u64::MAX)),
            root: root_of(&leaves),
            previous: self.head.previous,
        };
        // It follows by construction: numbers start below 2^63 and rise by what was in memory.
        self.head = self.head.follow(&batch).ok()?;
        Some(ClosedBatch { batch, leaves })
    }

    /// Number of leaves that are in no closed batch yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.leaves.len()
    }

    /// Where the sequence stands; what [`Batcher::resume`] takes.
    #[must_use]
    pub const fn head(&self) -> BatchHead {
        self.head
    }
}

/// The `N` bytes at `start`, which lie within the statement.
fn field<const N: usize>(bytes: &[u8; END], start: usize) -> [u8; N] {
    core::array::from_fn(|i| bytes[start + i])
}

impl fmt::Display for BatchChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { expected, found } => {
                write!(f, "expected batch {expected}, found batch {found}")
            }
            Self::FirstIndex {
                batch,
                expected,
                found,
            } => {
                write!(
                    f,
                    "batch {batch}: expected first leaf index {expected}, found {found}"
                )
            }
            Self::Previous { batch } => {
                write!(
                    f,
                    "batch {batch}: names another batch than the one before it"
                )
            }
            Self::NoLeaves { batch } => write!(f, "batch {batch}: expected at least one leaf"),
            Self::Exhausted { batch } => {
                write!(
                    f,
                    "batch {batch}: numbers or leaf indices run out at 2^64 - 1"
                )
            }
        }
    }
}

impl fmt::Display for BatchParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => {
                write!(f, "batch: expected {} bytes, found {found}", Batch::LEN)
            }
            Self::Label => f.write_str("batch: expected the label ai-audit/batch/v1 at offset 0"),
        }
    }
}

impl core::error::Error for BatchChainError {}
impl core::error::Error for BatchParseError {}
