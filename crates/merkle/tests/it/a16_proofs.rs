//! Attack A16: proofs with a wrong index, size, length or node, or with extra nodes.

use crate::{at, flipped, leaf, leaves, size, stranger, tree};
use ai_audit_merkle::{
    ConsistencyProof, InclusionProof, ProofError, consistency_proof, inclusion_proof, root,
};

/// Miri takes a twentieth of a second for a hash.
const SIZES: &[u64] = if cfg!(miri) {
    &[1, 2, 3, 6]
} else {
    &[1, 2, 3, 5, 7, 8, 12, 31, 64]
};

/// The largest tree of the tests that have one of every size.
const LARGEST: u64 = if cfg!(miri) { 7 } else { 70 };

/// Proofs of consistency are those of every pair of sizes up to this one.
const PAIRS: u64 = if cfg!(miri) { 5 } else { 24 };

/// Calls `test` with every leaf of trees of some sizes, its honest proof and the root.
fn each_inclusion(test: impl Fn(u64, InclusionProof, &ai_audit_merkle::NodeHash)) {
    for &n in SIZES {
        let mut tree = tree(n);
        for i in 0..n {
            let proof = inclusion_proof(&mut tree, at(i), size(n)).unwrap();
            assert_eq!(
                proof.verify(&leaf(i), &tree.root()),
                Ok(()),
                "honest: {i} in {n}"
            );
            test(i, proof, &tree.root());
        }
    }
}

/// Calls `test` with every pair of sizes up to [`PAIRS`], its honest proof and the two roots.
fn each_consistency(
    test: impl Fn(ConsistencyProof, &ai_audit_merkle::NodeHash, &ai_audit_merkle::NodeHash),
) {
    let mut tree = tree(PAIRS);
    for new in 1..=PAIRS {
        for old in 1..=new {
            let (a, b) = (
                root(&mut tree, size(old)).unwrap(),
                root(&mut tree, size(new)).unwrap(),
            );
            let proof = consistency_proof(&mut tree, size(old), size(new)).unwrap();
            assert_eq!(proof.verify(&a, &b), Ok(()), "honest: {old} to {new}");
            test(proof, &a, &b);
        }
    }
}

#[test]
fn a16_inclusion_wrong_index() {
    each_inclusion(|i, proof, root| {
        for wrong in (0..proof.size.as_u64() + 3)
            .chain([u64::MAX])
            .filter(|&wrong| wrong != i)
        {
            let forged = InclusionProof {
                index: at(wrong),
                ..proof.clone()
            };
            let result = forged.verify(&leaf(i), root);
            assert!(result.is_err(), "{i} as {wrong} in {}", proof.size);
            if wrong >= proof.size.as_u64() {
                let (index, size) = (at(wrong), proof.size);
                assert_eq!(result, Err(ProofError::IndexOutsideTree { index, size }));
            }
        }
    });
}

/// RFC 6962 paths do not always give the size away (leaf 0 of 3 and of 4 have paths of the same
/// shape), so a size is wrong only together with its root: a proof is checked against the root
/// and size of one statement.
#[test]
fn a16_inclusion_wrong_size() {
    for &n in SIZES {
        let mut big = tree(LARGEST);
        for i in 0..n {
            let honest = inclusion_proof(&mut big, at(i), size(n)).unwrap();
            for m in (0..LARGEST).filter(|&m| m != n) {
                let forged = InclusionProof {
                    size: size(m),
                    ..honest.clone()
                };
                let other_root = root(&mut big, size(m)).unwrap();
                assert!(
                    forged.verify(&leaf(i), &other_root).is_err(),
                    "{i} in {n} as in {m}"
                );
            }
        }
    }
}

#[test]
fn a16_inclusion_wrong_length_and_extra_nodes() {
    each_inclusion(|i, proof, root| {
        let expected = proof.path.len();
        let length = |found| Err(ProofError::PathLength { expected, found });
        for position in 0..=expected {
            for extra in [
                stranger(),
                *root,
                ai_audit_merkle::NodeHash::from_leaf(leaf(i)),
            ] {
                let mut forged = proof.clone();
                forged.path.insert(position, extra);
                assert_eq!(forged.verify(&leaf(i), root), length(expected + 1));
            }
        }
        for position in 0..expected {
            let mut forged = proof.clone();
            forged.path.remove(position);
            assert_eq!(forged.verify(&leaf(i), root), length(expected - 1));
        }
    });
}

#[test]
fn a16_inclusion_wrong_node_leaf_or_root() {
    each_inclusion(|i, proof, root| {
        for position in 0..proof.path.len() {
            for bit in (0..256).step_by(37) {
                let mut forged = proof.clone();
                forged.path[position] = flipped(forged.path[position], bit);
                assert_eq!(forged.verify(&leaf(i), root), Err(ProofError::Root));
            }
        }
        assert_eq!(proof.verify(&leaf(i + 1), root), Err(ProofError::Root));
        assert_eq!(
            proof.verify(&leaf(i), &flipped(*root, 200)),
            Err(ProofError::Root)
        );
        assert_eq!(
            proof.verify(&leaf(i), &ai_audit_merkle::NodeHash::EMPTY),
            Err(ProofError::Root)
        );
    });
}

#[test]
fn a16_inclusion_swapped_nodes() {
    each_inclusion(|i, proof, root| {
        for position in 1..proof.path.len() {
            let mut forged = proof.clone();
            forged.path.swap(position - 1, position);
            assert_eq!(forged.verify(&leaf(i), root), Err(ProofError::Root));
        }
        if proof.path.len() > 1 {
            let mut forged = proof.clone();
            forged.path.reverse();
            assert_eq!(forged.verify(&leaf(i), root), Err(ProofError::Root));
        }
    });
}

#[test]
fn a16_consistency_wrong_sizes() {
    each_consistency(|proof, a, b| {
        let (old, new) = (proof.old.as_u64(), proof.new.as_u64());
        for wrong in (0..new + 3).chain([u64::MAX]).filter(|&wrong| wrong != old) {
            let forged = ConsistencyProof {
                old: size(wrong),
                ..proof.clone()
            };
            assert!(
                forged.verify(a, b).is_err(),
                "{old} to {new}, old as {wrong}"
            );
        }
        let zero = ConsistencyProof {
            old: size(0),
            ..proof.clone()
        };
        assert_eq!(zero.verify(a, b), Err(ProofError::EmptyOldTree));
        let less = ConsistencyProof {
            new: size(old - 1),
            ..proof.clone()
        };
        let (old, new) = (less.old, less.new);
        assert_eq!(
            less.verify(a, b),
            Err(ProofError::OldLargerThanNew { old, new })
        );
    });
}

#[test]
fn a16_consistency_wrong_length_and_extra_nodes() {
    each_consistency(|proof, a, b| {
        let expected = proof.path.len();
        let length = |found| Err(ProofError::PathLength { expected, found });
        for position in 0..=expected {
            for extra in [stranger(), *a, *b] {
                let mut forged = proof.clone();
                forged.path.insert(position, extra);
                assert_eq!(forged.verify(a, b), length(expected + 1));
            }
        }
        for position in 0..expected {
            let mut forged = proof.clone();
            forged.path.remove(position);
            assert_eq!(forged.verify(a, b), length(expected - 1));
        }
    });
}

#[test]
fn a16_consistency_wrong_nodes_and_roots() {
    each_consistency(|proof, a, b| {
        for position in 0..proof.path.len() {
            for bit in (0..256).step_by(61) {
                let mut forged = proof.clone();
                forged.path[position] = flipped(forged.path[position], bit);
                assert!(forged.verify(a, b).is_err());
            }
            if position > 0 {
                let mut forged = proof.clone();
                forged.path.swap(position - 1, position);
                assert!(forged.verify(a, b).is_err());
            }
        }
        assert!(proof.verify(&stranger(), b).is_err());
        assert!(proof.verify(a, &stranger()).is_err());
        if proof.old != proof.new {
            assert!(proof.verify(b, a).is_err(), "swapped roots");
        }
    });
}

/// Equal sizes need equal roots and nothing else.
#[test]
fn a16_consistency_equal_sizes() {
    let root = tree(5).root();
    let proof = ConsistencyProof {
        old: size(5),
        new: size(5),
        path: Vec::new(),
    };
    assert_eq!(proof.verify(&root, &root), Ok(()));
    assert!(proof.verify(&root, &stranger()).is_err());
    assert!(proof.verify(&stranger(), &root).is_err());
}

/// Old trees of a power of two have their root left out of the path: it is what is checked.
#[test]
fn a16_consistency_rewritten_history() {
    let mut other = ai_audit_merkle::MemoryTree::new();
    other.push(leaf(99)).unwrap();
    for i in 1..8 {
        other.push(leaf(i)).unwrap();
    }
    for old in 1..8 {
        let proof = consistency_proof(&mut other, size(old), size(8)).unwrap();
        let true_old = root(&mut tree(8), size(old)).unwrap();
        assert!(proof.verify(&true_old, &other.root()).is_err(), "{old}");
    }
}

#[test]
fn a_proof_shows_the_root_before_its_leaf_at_every_place_of_every_small_tree() {
    for n in 1..LARGEST {
        let all = leaves(n);
        let tree = ai_audit_merkle::BatchTree::new(&all);
        for i in 0..n {
            let mut proof = tree.inclusion_proof(at(i)).unwrap();
            let before = ai_audit_merkle::root_of(&all[..usize::try_from(i).unwrap()]);
            assert_eq!(proof.root_before(), Ok(before), "{i} of {n}");
            proof.path.push(ai_audit_merkle::NodeHash::EMPTY);
            assert!(proof.root_before().is_err());
        }
        let outside = InclusionProof {
            index: at(n),
            size: size(n),
            path: vec![],
        };
        assert!(outside.root_before().is_err());
    }
}
