//! Sizes, indices and bytes that nobody honest sends: errors, at once, and no memory for them.

use crate::{at, leaf, size, stranger, tree};
use ai_audit_merkle::{
    ConsistencyProof, Frontier, FrontierError, InclusionProof, MissingNode, MultiProof, NodeHash,
    NodeReader, ProofError, ProveError, Subtree, TreeFull, consistency_proof, frontier,
    inclusion_proof, root,
};

const EDGES: [u64; 14] = [
    0,
    1,
    2,
    3,
    (1 << 32) - 1,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    (1 << 63) + (1 << 62),
    0x5555_5555_5555_5555,
    0xaaaa_aaaa_aaaa_aaaa,
    u64::MAX - 1,
    u64::MAX,
];

/// A log as large as one likes, in which all nodes of a level are equal.
struct Uniform;

impl NodeReader for Uniform {
    type Error = MissingNode;
    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, MissingNode> {
        if level > 63 || index > u64::MAX >> level {
            return Err(MissingNode { level, index });
        }
        let leaf = NodeHash::from_leaf(leaf(0));
        Ok((0..level).fold(leaf, |node, _| NodeHash::parent(&node, &node)))
    }
}

#[test]
fn proofs_at_the_edges() {
    for new in EDGES {
        let new_root = root(&mut Uniform, size(new)).unwrap();
        assert_eq!(frontier(&mut Uniform, size(new)).unwrap().root(), new_root);
        for i in EDGES {
            let made = inclusion_proof(&mut Uniform, at(i), size(new));
            let length = InclusionProof::path_len(at(i), size(new));
            if i < new {
                let proof = made.unwrap();
                assert_eq!(proof.verify(&leaf(0), &new_root), Ok(()), "{i} in {new}");
                assert_eq!(length, Ok(proof.path.len()));
                assert!(proof.path.len() <= 64);
            } else {
                let outside = ProofError::IndexOutsideTree {
                    index: at(i),
                    size: size(new),
                };
                assert_eq!(made, Err(ProveError::Impossible(outside)));
                assert_eq!(length, Err(outside));
            }
            let made = consistency_proof(&mut Uniform, size(i), size(new));
            if i >= 1 && i <= new {
                let proof = made.unwrap();
                let old_root = root(&mut Uniform, size(i)).unwrap();
                assert_eq!(proof.verify(&old_root, &new_root), Ok(()), "{i} to {new}");
                assert!(proof.path.len() <= 65);
            } else {
                assert!(matches!(made, Err(ProveError::Impossible(_))));
            }
        }
    }
}

#[test]
fn forged_proofs_at_the_edges() {
    for a in EDGES {
        for b in EDGES {
            for len in [0, 1, 2, 62, 63, 64, 65, 66, 300] {
                let path = vec![stranger(); len];
                let proof = InclusionProof {
                    index: at(a),
                    size: size(b),
                    path: path.clone(),
                };
                assert!(proof.verify(&leaf(0), &stranger()).is_err());
                let proof = ConsistencyProof {
                    old: size(a),
                    new: size(b),
                    path: path.clone(),
                };
                if !(a == b && a > 0 && len == 0) {
                    assert!(proof.verify(&stranger(), &NodeHash::EMPTY).is_err());
                }
                for c in EDGES {
                    let Ok(sub) = Subtree::new(at(a), size(b)) else {
                        continue;
                    };
                    let _ = sub.verify_inclusion(at(c), &leaf(0), &path, &stranger());
                    let _ = sub.verify_consistency(size(c), &path, &stranger(), &stranger());
                }
                let indices = vec![at(a)];
                let proof = MultiProof {
                    indices,
                    size: size(b),
                    path: path.clone(),
                };
                assert!(proof.verify(&[leaf(0)], &stranger()).is_err());
                let indices = vec![at(a), at(b)];
                let proof = MultiProof {
                    indices,
                    size: size(u64::MAX),
                    path,
                };
                assert!(proof.verify(&[leaf(0), leaf(1)], &stranger()).is_err());
            }
        }
    }
}

#[test]
fn frontier_bytes() {
    let mut grown = Frontier::new();
    for i in 0..11 {
        grown.push(leaf(i)).unwrap();
    }
    let bytes = grown.to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    assert_eq!(&bytes[..8], &[0, 0, 0, 0, 0, 0, 0, 11]);
    for len in 0..bytes.len() {
        let expected = if len < 8 { 8 } else { bytes.len() };
        let error = FrontierError::Length {
            expected,
            found: len,
        };
        assert_eq!(Frontier::from_bytes(&bytes[..len]), Err(error));
    }
    let longer = [bytes.as_slice(), &[0; 32]].concat();
    assert!(Frontier::from_bytes(&longer).is_err());
    assert_eq!(
        Frontier::from_bytes(&[0xff; 8]),
        Err(FrontierError::Length {
            expected: 8 + 64 * 32,
            found: 8
        })
    );
    assert_eq!(
        Frontier::from_nodes(size(3), vec![stranger()]),
        Err(FrontierError::NodeCount {
            expected: 2,
            found: 1
        })
    );
    let same = Frontier::from_nodes(grown.size(), grown.nodes().to_vec());
    assert_eq!(same, Ok(grown));
}

#[test]
fn full_frontier_refuses() {
    let mut full = Frontier::from_bytes(&[0xff; 8 + 64 * 32]).unwrap();
    let before = full.clone();
    assert_eq!(full.push(leaf(0)), Err(TreeFull));
    assert_eq!(full, before);
    let mut last = Frontier::from_nodes(size(u64::MAX - 1), vec![stranger(); 63]).unwrap();
    assert_eq!(last.push(leaf(0)), Ok(at(u64::MAX - 1)));
    assert_eq!(last.nodes().len(), 64);
    let mut half = Frontier::from_nodes(size((1 << 63) - 1), vec![stranger(); 63]).unwrap();
    let mut top = None;
    half.push_with(leaf(0), |level, index, _| top = Some((level, index)))
        .unwrap();
    assert_eq!((top, half.nodes().len()), (Some((63, 0)), 1));
}

#[test]
fn nodes_that_are_not_there() {
    let mut memory = tree(5);
    let missing = |level, index| ProveError::Reader(MissingNode { level, index });
    assert_eq!(
        inclusion_proof(&mut memory, at(0), size(6)),
        Err(missing(1, 2))
    );
    assert_eq!(root(&mut memory, size(u64::MAX)), Err(missing(63, 0)));
    assert_eq!(
        missing(1, 2).to_string(),
        "stored tree: node 2 of level 1 is not in the tree"
    );
}
