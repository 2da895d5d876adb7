//! What errors say, and the limits that only an extreme number reaches.

use ai_audit_core::{Digest, LeafHash};
use ai_audit_merkle::{
    Batch, BatchChainError, BatchHead, BatchParseError, BatchTree, Batcher, FrontierError,
    LeafIndex, ProofError, ProveError, TileError, TreeFull, TreeSize,
};
use std::error::Error as _;
use std::num::NonZeroU32;

#[test]
fn errors_say_what_was_expected_and_found() {
    let (index, size) = (LeafIndex::new(7), TreeSize::new(5));
    let (start, end) = (LeafIndex::new(8), TreeSize::new(12));
    let said: Vec<String> = vec![
        TreeFull.to_string(),
        FrontierError::Length {
            expected: 40,
            found: 41,
        }
        .to_string(),
        ProofError::IndexOutsideTree { index, size }.to_string(),
        ProofError::NotASubtree { start, end }.to_string(),
        BatchChainError::Number {
            expected: 3,
            found: 4,
        }
        .to_string(),
        BatchParseError::Length { found: 9 }.to_string(),
        format!("{:?}", BatchTree::new(&[LeafHash::of(b"a")])),
    ];
    assert_eq!(
        said,
        [
            "the tree has 2^64 - 1 leaves and takes no more",
            "frontier: expected 40 bytes, found 41",
            "leaf index 7 is not below the tree size 5",
            "leaves 8 up to 12 are no subtree",
            "expected batch 3, found batch 4",
            &format!("batch: expected {} bytes, found 9", Batch::LEN),
            "BatchTree { size: TreeSize(1), .. }",
        ]
    );
}

#[test]
fn an_error_of_a_proof_leads_to_its_cause() {
    let impossible: ProveError<TreeFull> = ProofError::EmptyOldTree.into();
    let cause = impossible.source().map(ToString::to_string);
    assert_eq!(cause, Some(ProofError::EmptyOldTree.to_string()));
    let cause = ProveError::Reader(TreeFull)
        .source()
        .map(ToString::to_string);
    assert_eq!(cause, Some(TreeFull.to_string()));
    let cause = TileError::Reader(TreeFull)
        .source()
        .map(ToString::to_string);
    assert_eq!(cause, Some(TreeFull.to_string()));
    let wide: TileError<TreeFull> = TileError::TooWide {
        found: 257,
        most: 256,
    };
    assert!(wide.source().is_none());
}

#[test]
fn a_sequence_is_resumed_below_half_of_its_numbers() {
    let half = 1 << 63;
    let resume = |number, first: u64| {
        let head = BatchHead {
            number,
            first_index: LeafIndex::new(first),
            previous: Digest::of(b"before"),
        };
        Batcher::resume(NonZeroU32::MIN, head).map(|batcher| batcher.head() == head)
    };
    for (number, first) in [(0, 0), (1, 1), (half - 1, half - 1), (2, half - 2)] {
        assert_eq!(resume(number, first), Ok(true), "{number} {first}");
    }
    for (number, first) in [(half, 0), (0, half), (half + 1, 1), (1, half + 1)] {
        let error = Err(BatchChainError::Exhausted { batch: number });
        assert_eq!(resume(number, first), error, "{number} {first}");
    }
}
