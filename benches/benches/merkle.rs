//! Roots and inclusion proofs, beside the bare node hashes.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_merkle::{BatchTree, LeafHash, LeafIndex, MemoryTree, inclusion_proof, root_of};
use criterion::{Criterion, criterion_group, criterion_main};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

/// Leaves of the tree whose root is taken.
const LEAVES: u64 = 2048;
/// Leaves of the tree in which inclusion is proved.
const LARGE: u64 = 1 << 20;

/// As many node hashes as asked for: 65 bytes each.
fn node_hashes(count: u64) {
    let mut node = [1; 65];
    for _ in 0..count {
        let hash = Sha256::digest(black_box(&node));
        node[1..33].copy_from_slice(&hash);
    }
}

fn trees(c: &mut Criterion) {
    let leaf = |n: u64| LeafHash::of(&n.to_be_bytes());
    let leaves: Vec<_> = (0..LEAVES).map(leaf).collect();
    assert_eq!(root_of(&leaves), BatchTree::new(&leaves).root());
    let mut group = c.benchmark_group("merkle-root-2048");
    group.bench_function("ours", |b| b.iter(|| root_of(black_box(&leaves))));
    group.bench_function("rs-merkle", |b| {
        b.iter(|| BatchTree::new(black_box(&leaves)).root());
    });
    group.bench_function("node-hashes", |b| b.iter(|| node_hashes(LEAVES - 1)));
    group.finish();

    let mut tree = MemoryTree::new();
    for n in 0..LARGE {
        tree.push(leaf(n)).unwrap();
    }
    let (index, size, root) = (LeafIndex::new(LARGE / 3), tree.size(), tree.root());
    let proof = inclusion_proof(&mut tree, index, size).unwrap();
    let hash = leaf(LARGE / 3);
    let mut group = c.benchmark_group("inclusion-proof");
    group.bench_function("make", |b| {
        b.iter(|| inclusion_proof(&mut tree, black_box(index), size).unwrap());
    });
    group.bench_function("ours", |b| {
        b.iter(|| black_box(&proof).verify(&hash, &root).unwrap());
    });
    group.bench_function("node-hashes", |b| b.iter(|| node_hashes(20)));
    group.finish();
}

criterion_group!(benches, trees);
criterion_main!(benches);
