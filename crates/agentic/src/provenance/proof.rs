//! One source alone: that it went in, at its place, without the others being shown.

use super::{Provenance, Source};
use ai_audit_core::NodeHash;
use ai_audit_merkle::{InclusionProof, LeafIndex, MemoryTree, TreeSize, inclusion_proof};
use alloc::vec::Vec;
use core::fmt;

/// Proof that a source stands at a place of a provenance receipt (RFC 9162 section 2.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProof {
    /// The source's place, from 0.
    pub index: u64,
    /// Siblings on the way from the source to the root, lowest first.
    pub path: Vec<NodeHash>,
}

/// A source that is not at that place of that receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceProofError {
    /// The place that is claimed.
    pub index: u64,
}

impl fmt::Display for SourceProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this source is not number {} of those that the receipt commits to",
            self.index
        )
    }
}

impl core::error::Error for SourceProofError {}

impl Provenance<'_> {
    /// The proof of the source at a place, from 0. None where there is none, or the sources are
    /// kept elsewhere.
    #[must_use]
    pub fn prove(&self, index: usize) -> Option<SourceProof> {
        self.sources.get(index)?;
        let mut tree = MemoryTree::new();
        for source in self.sources.iter() {
            tree.push(source.hash()).ok()?;
        }
        let size = tree.size();
        let index = index as u64;
        let proof = inclusion_proof(&mut tree, LeafIndex::new(index), size).ok()?;
        Some(SourceProof {
            index,
            path: proof.path,
        })
    }
}

impl SourceProof {
    /// Checks that `source` is at the proof's place of `provenance`, which may have its sources or
    /// not. That receipt is to be verified as any other.
    ///
    /// # Errors
    ///
    /// When it is another source, another place or another receipt.
    pub fn verify(
        &self,
        source: &Source<'_>,
        provenance: &Provenance<'_>,
    ) -> Result<(), SourceProofError> {
        let proof = InclusionProof {
            index: LeafIndex::new(self.index),
            size: TreeSize::new(provenance.size),
            path: self.path.clone(),
        };
        let verified = proof.verify(&source.hash(), &provenance.root);
        verified.map_err(|_| SourceProofError { index: self.index })
    }
}
