//! Tests of the Merkle crate through its public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "skipped tests say so"
)]

mod a16_proofs;
mod a17_shape;
mod batches;
mod differential;
mod hostile;
mod messages;
mod properties;
mod reference;
mod tiles;
mod vectors;

use ai_audit_merkle::{LeafHash, LeafIndex, MemoryTree, NodeHash, TreeSize};

/// A payload that no other index has.
fn payload(index: u64) -> Vec<u8> {
    format!("payload {index}").into_bytes()
}

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(&payload(index))
}

fn leaves(count: u64) -> Vec<LeafHash> {
    (0..count).map(leaf).collect()
}

fn tree(count: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for leaf in leaves(count) {
        tree.push(leaf).unwrap();
    }
    tree
}

fn size(size: u64) -> TreeSize {
    TreeSize::new(size)
}

fn at(index: u64) -> LeafIndex {
    LeafIndex::new(index)
}

/// A hash that stands in no tree of the tests.
fn stranger() -> NodeHash {
    NodeHash::from_leaf(LeafHash::of(b"in no tree"))
}

/// `node` with one bit changed.
fn flipped(node: NodeHash, bit: usize) -> NodeHash {
    let mut bytes = *node.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    NodeHash::from_bytes(bytes)
}

/// Every file of this folder is a module of the test binary: one forgotten would not run.
#[test]
fn no_test_file_is_forgotten() {
    let main = include_str!("main.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".rs").unwrap();
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{name} is no module"
        );
    }
}
