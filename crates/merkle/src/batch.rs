//! Trees over a batch of leaves, with inclusion proofs and multi-proofs, by `rs_merkle`.

use crate::error::ProofError;
use crate::proof::InclusionProof;
use crate::size::{LeafIndex, TreeSize};
use ai_audit_core::{LeafHash, NodeHash};
use alloc::vec::Vec;
use core::fmt;
use rs_merkle::utils::indices::proof_indices_by_layers;
use rs_merkle::{Hasher, MerkleProof, MerkleTree};

/// Most leaves in one [`MultiProof`]. `rs_merkle` compares them pairwise, so that more of them
/// would let a small proof cost its verifier a lot.
pub const MAX_MULTI_PROOF_LEAVES: usize = 1024;

/// RFC 6962 hashing for `rs_merkle`. A last node without sibling moves up as it is, which
/// gives the tree the shape that RFC 6962 defines by splitting.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        *LeafHash::of(data).as_bytes()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| {
            let (left, right) = (NodeHash::from_bytes(*left), NodeHash::from_bytes(*right));
            *NodeHash::parent(&left, &right).as_bytes()
        })
    }
}

/// The tree over a batch of leaves that is complete; all nodes in memory, about 200 bytes a leaf.
///
/// ```
/// use ai_audit_merkle::{BatchTree, LeafHash, LeafIndex};
/// let leaves: Vec<LeafHash> = (0u8..5).map(|i| LeafHash::of(&[i])).collect();
/// let tree = BatchTree::new(&leaves);
/// let proof = tree.inclusion_proof(LeafIndex::new(4))?;
/// proof.verify(&leaves[4], &tree.root())?;
///
/// let proof = tree.multi_proof(&[LeafIndex::new(1), LeafIndex::new(3)])?;
/// proof.verify(&[leaves[1], leaves[3]], &tree.root())?;
/// # Ok::<(), ai_audit_merkle::ProofError>(())
/// ```
#[derive(Clone)]
pub struct BatchTree {
    tree: MerkleTree<Rfc6962>,
    size: TreeSize,
}

/// Proof that several leaves stand in a tree, shorter than their single proofs together.
///
/// The fields are what somebody claims; only [`MultiProof::verify`] says whether it is true.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MultiProof {
    /// Positions of the leaves, ascending, each once; 1 to [`MAX_MULTI_PROOF_LEAVES`].
    pub indices: Vec<LeafIndex>,
    /// Size of the tree.
    pub size: TreeSize,
    /// The nodes that the leaves do not give, level by level from the leaves up, left to right.
    pub path: Vec<NodeHash>,
}

impl BatchTree {
    /// The tree over `leaves`.
    #[must_use]
    pub fn new(leaves: &[LeafHash]) -> Self {
        let hashes: Vec<[u8; 32]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        // No slice is longer than 2^63 - 1.
        let size = TreeSize::new(u64::try_from(leaves.len()).unwrap_or(u64::MAX));
        Self {
            tree: MerkleTree::from_leaves(&hashes),
            size,
        }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root; [`NodeHash::EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        self.tree
            .root()
            .map_or(NodeHash::EMPTY, NodeHash::from_bytes)
    }

    /// Proof that the tree has its leaf `index`.
    ///
    /// # Errors
    /// [`ProofError::IndexOutsideTree`].
    pub fn inclusion_proof(&self, index: LeafIndex) -> Result<InclusionProof, ProofError> {
        let path = self.path(&checked(&[index], self.size)?);
        Ok(InclusionProof {
            index,
            size: self.size,
            path,
        })
    }

    /// Proof that the tree has its leaves `indices`.
    ///
    /// # Errors
    /// [`ProofError::NoLeaves`], [`ProofError::TooManyLeaves`], [`ProofError::LeafOrder`] unless
    /// they ascend, [`ProofError::IndexOutsideTree`].
    pub fn multi_proof(&self, indices: &[LeafIndex]) -> Result<MultiProof, ProofError> {
        let path = self.path(&checked(indices, self.size)?);
        Ok(MultiProof {
            indices: indices.to_vec(),
            size: self.size,
            path,
        })
    }

    fn path(&self, indices: &[usize]) -> Vec<NodeHash> {
        let proof = self.tree.proof(indices);
        proof
            .proof_hashes()
            .iter()
            .copied()
            .map(NodeHash::from_bytes)
            .collect()
    }
}

impl fmt::Debug for BatchTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchTree")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl MultiProof {
    /// Checks that a tree with `root` has these `leaves` at the proof's positions, in that order.
    ///
    /// # Errors
    /// [`ProofError::LeafCount`] if there is not one leaf for each position; as
    /// [`BatchTree::multi_proof`] for the positions; [`ProofError::PathLength`] if there are
    /// fewer or more hashes than needed; [`ProofError::Root`] if anything does not fit.
    pub fn verify(&self, leaves: &[LeafHash], root: &NodeHash) -> Result<(), ProofError> {
        let (expected, found) = (self.indices.len(), leaves.len());
        if expected != found {
            return Err(ProofError::LeafCount { expected, found });
        }
        let indices = checked(&self.indices, self.size)?;
        // Below the size there is an index that fits; so does the size, or it is one above.
        let size = usize::try_from(self.size.as_u64()).unwrap_or(usize::MAX);
        let expected = proof_indices_by_layers(&indices, size)
            .iter()
            .map(Vec::len)
            .sum();
        let found = self.path.len();
        if expected != found {
            return Err(ProofError::PathLength { expected, found });
        }
        let proof = MerkleProof::<Rfc6962>::new(self.path.iter().map(|h| *h.as_bytes()).collect());
        let leaves: Vec<[u8; 32]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        if proof.verify(*root.as_bytes(), &indices, &leaves, size) {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

/// The positions as `rs_merkle` may be given them: some, not too many, ascending, in the tree.
fn checked(indices: &[LeafIndex], size: TreeSize) -> Result<Vec<usize>, ProofError> {
    let (limit, found) = (MAX_MULTI_PROOF_LEAVES, indices.len());
    if found == 0 {
        return Err(ProofError::NoLeaves);
    }
    if found > limit {
        return Err(ProofError::TooManyLeaves { limit, found });
    }
    if let Some(pair) = indices.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(ProofError::LeafOrder { entry: pair + 1 });
    }
    indices
        .iter()
        .map(|&index| match usize::try_from(index.as_u64()) {
            // The sibling of an index must be a number too.
            Ok(position) if size.contains(index) && position < usize::MAX => Ok(position),
            _ => Err(ProofError::IndexOutsideTree { index, size }),
        })
        .collect()
}
