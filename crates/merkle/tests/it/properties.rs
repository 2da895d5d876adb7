//! What holds for any leaves, sizes and positions.

use crate::{at, flipped, leaves, size};
use ai_audit_merkle::{
    BatchTree, ConsistencyProof, Frontier, InclusionProof, MemoryTree, NodeHash, consistency_proof,
    inclusion_proof, root, root_of,
};
use proptest::prelude::*;

/// A size of 1 to 2,000, an index below it, an older size, from seeds.
fn shape(a: u64, b: u64, c: u64) -> (u64, u64, u64) {
    let n = 1 + a % 2000;
    (n, b % n, 1 + c % n)
}

fn grown(count: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for leaf in leaves(count) {
        tree.push(leaf).unwrap();
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proofs_verify_and_no_bit_is_free(a: u64, b: u64, c: u64, bit: u16, node: u8) {
        let (n, i, old) = shape(a, b, c);
        let all = leaves(n);
        let mut tree = grown(n);
        let new_root = tree.root();
        prop_assert_eq!(new_root, root_of(&all));
        let leaf = all[usize::try_from(i).unwrap()];

        let proof = inclusion_proof(&mut tree, at(i), size(n)).unwrap();
        prop_assert_eq!(proof.verify(&leaf, &new_root), Ok(()));
        prop_assert_eq!(&proof, &BatchTree::new(&all).inclusion_proof(at(i)).unwrap());
        let before = root_of(&all[..usize::try_from(i).unwrap()]);
        prop_assert_eq!(proof.root_before(), Ok(before));
        if !proof.path.is_empty() {
            let mut forged = proof.clone();
            let node = usize::from(node) % forged.path.len();
            forged.path[node] = flipped(forged.path[node], usize::from(bit));
            prop_assert!(forged.verify(&leaf, &new_root).is_err());
        }

        let old_root = root(&mut tree, size(old)).unwrap();
        let proof = consistency_proof(&mut tree, size(old), size(n)).unwrap();
        prop_assert_eq!(proof.verify(&old_root, &new_root), Ok(()));
        if !proof.path.is_empty() {
            let mut forged = proof.clone();
            let node = usize::from(node) % forged.path.len();
            forged.path[node] = flipped(forged.path[node], usize::from(bit));
            prop_assert!(forged.verify(&old_root, &new_root).is_err());
        }
    }

    #[test]
    fn stored_frontier_goes_on_where_it_was(a in 0u64..600, b in 0u64..600) {
        let all = leaves(a + b);
        let mut frontier = Frontier::new();
        for (&leaf, i) in all.iter().zip(0..) {
            if i == a {
                frontier = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
            }
            frontier.push(leaf).unwrap();
        }
        prop_assert_eq!(frontier.root(), root_of(&all));
        prop_assert_eq!(frontier.size(), size(a + b));
    }

    #[test]
    fn multi_proofs_of_any_set(a: u64, picks in prop::collection::btree_set(any::<u64>(), 1..40)) {
        let n = 1 + a % 400;
        let all = leaves(n);
        let tree = BatchTree::new(&all);
        let picks: std::collections::BTreeSet<u64> = picks.into_iter().map(|p| p % n).collect();
        let indices: Vec<_> = picks.iter().copied().map(at).collect();
        let chosen: Vec<_> = picks.iter().map(|&i| all[usize::try_from(i).unwrap()]).collect();
        let proof = tree.multi_proof(&indices).unwrap();
        prop_assert_eq!(proof.verify(&chosen, &root_of(&all)), Ok(()));
    }

    #[test]
    fn noise_proves_nothing(
        a: u64, b: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..70), bytes: Vec<u8>,
    ) {
        let path: Vec<NodeHash> = path.into_iter().map(NodeHash::from_bytes).collect();
        let leaf = crate::leaf(0);
        let proof = InclusionProof { index: at(a), size: size(b), path: path.clone() };
        prop_assert!(proof.verify(&leaf, &crate::stranger()).is_err());
        let proof = ConsistencyProof { old: size(a), new: size(b), path };
        prop_assert!(proof.verify(&crate::stranger(), &NodeHash::EMPTY).is_err());
        if let Ok(frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes);
        }
    }
}
