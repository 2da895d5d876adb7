//! Roots and inclusion proofs, beside the bare node hashes.

use ai_audit_benches::compare::{Row, Runner};
use ai_audit_merkle::{BatchTree, LeafHash, LeafIndex, MemoryTree, inclusion_proof, root_of};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

const GROUP: &str = "Merkle tree";
/// Leaves of the tree whose root is taken.
const LEAVES: u64 = 2048;

/// As many node hashes as asked for: 65 bytes each.
pub(crate) fn node_hashes(count: u64) -> [u8; 65] {
    let mut node = [1; 65];
    for _ in 0..count {
        let hash = Sha256::digest(black_box(&node));
        node[1..33].copy_from_slice(&hash);
    }
    node
}

pub(crate) fn rows(runner: &Runner) {
    let leaf = |n: u64| LeafHash::of(&n.to_be_bytes());
    let leaves: Vec<_> = (0..LEAVES).map(leaf).collect();
    assert_eq!(root_of(&leaves), BatchTree::new(&leaves).root());
    let row = |work| Row::new(GROUP, work).beside("node hashes");
    let bare = || node_hashes(LEAVES - 1);
    runner.pair(
        row("root of 2,048").most(1.25),
        1,
        || root_of(black_box(&leaves)),
        bare,
    );
    runner.pair(
        row("the same, rs_merkle"),
        1,
        || BatchTree::new(black_box(&leaves)).root(),
        bare,
    );

    let work = "proof in 2^20, verifying";
    if !runner.wants(GROUP, work) {
        return;
    }
    let large = runner.effort().of(1 << 10, 1 << 20, 1 << 20);
    let mut tree = MemoryTree::new();
    for n in 0..large {
        tree.push(leaf(n)).unwrap();
    }
    let (index, root) = (LeafIndex::new(large / 3), tree.root());
    let size = tree.size();
    let proof = inclusion_proof(&mut tree, index, size).unwrap();
    let hash = leaf(large / 3);
    runner.pair(
        row(work).most(1.2),
        1,
        || black_box(&proof).verify(&hash, &root).unwrap(),
        || node_hashes(20),
    );
}
