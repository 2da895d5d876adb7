//! Attack A17: odd nodes doubled, leaves and nodes confused, the empty tree.

use crate::{at, leaf, leaves, size, tree};
use ai_audit_merkle::{
    BatchTree, Frontier, InclusionProof, LeafHash, MemoryTree, MultiProof, NodeHash, ProofError,
    ProveError, consistency_proof, frontier, inclusion_proof, root, root_of,
};

/// The root of `leaves` by each way that the crate has.
fn roots(leaves: &[LeafHash]) -> [NodeHash; 4] {
    let (mut frontier, mut memory) = (Frontier::new(), MemoryTree::new());
    for &leaf in leaves {
        frontier.push(leaf).unwrap();
        memory.push(leaf).unwrap();
    }
    [
        frontier.root(),
        memory.root(),
        root_of(leaves),
        BatchTree::new(leaves).root(),
    ]
}

/// Bitcoin's trees double the last node of an odd level, so that two lists have one root.
#[test]
fn a17_odd_node_is_not_doubled() {
    for n in [1, 3, 5, 6, 7, 9, 11] {
        let plain = leaves(n);
        let mut doubled = plain.clone();
        doubled.push(leaf(n - 1));
        for (a, b) in roots(&plain).into_iter().zip(roots(&doubled)) {
            assert_ne!(a, b, "{n}");
        }
    }
    let l = leaves(6);
    let mut pair_doubled = l.clone();
    pair_doubled.extend_from_slice(&l[4..]);
    assert_ne!(roots(&l), roots(&pair_doubled));
    // Nor is the last node its own sibling in a proof.
    let three = tree(3);
    let last = NodeHash::from_leaf(leaf(2));
    let forged = InclusionProof {
        index: at(3),
        size: size(4),
        path: vec![last, last],
    };
    assert_eq!(
        forged.verify(&leaf(2), &three.root()),
        Err(ProofError::Root)
    );
}

/// Two leaves whose payloads are the inner nodes' children must not give the four leaves' root.
#[test]
fn a17_leaf_is_no_node() {
    let four = leaves(4);
    let children = |i: usize| [four[i].as_bytes().as_slice(), four[i + 1].as_bytes()].concat();
    let two = [LeafHash::of(&children(0)), LeafHash::of(&children(2))];
    for (a, b) in roots(&four).into_iter().zip(roots(&two)) {
        assert_ne!(a, b);
    }
    // An inner node, passed for a leaf hash of a smaller tree, is the caller's lie about a hash;
    // for its payload there is no such hash: a leaf hash starts from another byte.
    let node = NodeHash::parent(&NodeHash::from_leaf(four[0]), &NodeHash::from_leaf(four[1]));
    assert_ne!(LeafHash::of(&children(0)).as_bytes(), node.as_bytes());
    let right = NodeHash::parent(&NodeHash::from_leaf(four[2]), &NodeHash::from_leaf(four[3]));
    let forged = InclusionProof {
        index: at(0),
        size: size(2),
        path: vec![right],
    };
    let root = root_of(&four);
    assert_eq!(
        forged.verify(&LeafHash::of(&children(0)), &root),
        Err(ProofError::Root)
    );
    let forged = MultiProof {
        indices: vec![at(0), at(1)],
        size: size(2),
        path: Vec::new(),
    };
    assert_eq!(forged.verify(&two, &root), Err(ProofError::Root));
}

#[test]
fn a17_empty_tree() {
    let sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for root in roots(&[]) {
        assert_eq!(root.to_string(), sha256_of_nothing);
    }
    let mut empty = MemoryTree::new();
    assert_eq!(root(&mut empty, size(0)), Ok(NodeHash::EMPTY));
    assert_eq!(frontier(&mut empty, size(0)), Ok(Frontier::new()));
    assert_eq!(Frontier::from_bytes(&[0; 8]), Ok(Frontier::new()));

    let outside = ProofError::IndexOutsideTree {
        index: at(0),
        size: size(0),
    };
    let made = inclusion_proof(&mut empty, at(0), size(0));
    assert_eq!(made, Err(ProveError::Impossible(outside)));
    assert_eq!(BatchTree::new(&[]).inclusion_proof(at(0)), Err(outside));
    let forged = InclusionProof {
        index: at(0),
        size: size(0),
        path: Vec::new(),
    };
    assert_eq!(
        forged.verify(&LeafHash::of(b""), &NodeHash::EMPTY),
        Err(outside)
    );
    let made = consistency_proof(&mut tree(2), size(0), size(2));
    assert_eq!(made, Err(ProveError::Impossible(ProofError::EmptyOldTree)));
}

/// A leaf alone is the root, of a tree of one leaf and of no other.
#[test]
fn a17_single_leaf() {
    for root in roots(&leaves(1)) {
        assert_eq!(root, NodeHash::from_leaf(leaf(0)));
    }
    assert_ne!(root_of(&[LeafHash::ZERO]), root_of(&[LeafHash::ZERO; 2]));
}
