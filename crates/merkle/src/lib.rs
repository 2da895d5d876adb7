//! RFC 6962 Merkle trees over receipt hashes: frontier, proofs, tiles, batches.
//!
//! A log's tree has the receipts' hashes ([`LeafHash`], SHA-256(0x00 ‖ payload)) as leaves and
//! SHA-256(0x01 ‖ left ‖ right) above them; it splits at the largest power of two below its
//! size, and without leaves its root is SHA-256 of nothing. Roots and proofs are those of
//! RFC 6962 and RFC 9162, so any Certificate Transparency verifier can check them.
//!
//! | need | use |
//! |---|---|
//! | the root of a growing log, in O(log n) memory | [`Frontier`] |
//! | the root of a slice of hashes | [`root_of`] |
//! | proofs from a stored log | [`inclusion_proof`], [`consistency_proof`], [`root`] over a [`NodeReader`] |
//! | the same from a store that keeps every eighth level, or more | [`Tiled`] over a [`TileReader`] |
//! | to check what somebody else proves | [`InclusionProof`], [`ConsistencyProof`], [`Subtree`] |
//! | one small tree with all nodes in memory | [`MemoryTree`] |
//! | signed batches without a log | [`Batcher`], [`Batch`], [`BatchTree`], [`MultiProof`] |
//!
//! # Which part is whose
//!
//! [`BatchTree`] and [`MultiProof`] are the `rs_merkle` crate with an RFC 6962 hasher: its trees,
//! inclusion paths and multi-proofs. By itself that crate separates leaves from nodes neither
//! when hashing nor when checking, takes proofs with surplus hashes and indices out of order or
//! range; the types here close that before they call it. The frontier, consistency
//! proofs, proofs from a store, tiles and the verifiers of [`InclusionProof`] and
//! [`ConsistencyProof`] are this crate's own: `rs_merkle` keeps every node in memory and has no
//! consistency proofs. Tests compare both with each other, with a third implementation and with
//! published vectors.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::LeafHash;
//! use ai_audit_merkle::{LeafIndex, MemoryTree, TreeSize, consistency_proof, inclusion_proof};
//!
//! let mut tree = MemoryTree::new();
//! for payload in [&b"one"[..], b"two", b"three"] {
//!     tree.push(LeafHash::of(payload))?;
//! }
//! let (old_size, old_root) = (tree.size(), tree.root());
//! tree.push(LeafHash::of(b"four"))?;
//!
//! let proof = inclusion_proof(&mut tree, LeafIndex::new(1), TreeSize::new(4))?;
//! proof.verify(&LeafHash::of(b"two"), &tree.root())?;
//! assert!(proof.verify(&LeafHash::of(b"too"), &tree.root()).is_err());
//!
//! let proof = consistency_proof(&mut tree, old_size, TreeSize::new(4))?;
//! proof.verify(&old_root, &tree.root())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here reads a clock, a file or randomness, and no input makes it panic or allocate
//! beyond that input's own size: sizes up to 2^64 − 1 are sizes like any other.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod batch;
mod batcher;
mod error;
mod frontier;
mod memory;
mod proof;
mod prove;
mod size;
mod steps;
mod subtree;
mod tile;

pub use ai_audit_core::{LeafHash, NodeHash};
pub use batch::{BatchTree, MAX_MULTI_PROOF_LEAVES, MultiProof};
pub use batcher::{Batch, BatchChainError, BatchHead, BatchParseError, Batcher, ClosedBatch};
pub use error::{FrontierError, ProofError, ProveError, TreeFull};
pub use frontier::{Frontier, root_of};
pub use memory::{MemoryTree, MissingNode};
pub use proof::{ConsistencyProof, InclusionProof};
pub use prove::{NodeReader, consistency_proof, frontier, inclusion_proof, root};
pub use size::{LeafIndex, TreeSize};
pub use subtree::Subtree;
pub use tile::{TILE_HEIGHT, TILE_WIDTH, TileError, TileReader, Tiled};
