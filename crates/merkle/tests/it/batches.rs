//! Batch trees by `rs_merkle`, multi-proofs, and batches linked to a chain.

use crate::{at, flipped, leaf, leaves, size, stranger};
use ai_audit_core::Digest;
use ai_audit_merkle::{
    Batch, BatchChainError, BatchHead, BatchParseError, BatchTree, Batcher, LeafHash,
    MAX_MULTI_PROOF_LEAVES, MultiProof, ProofError, root_of,
};
use std::num::NonZeroU32;

fn batcher(max: u32) -> Batcher {
    Batcher::new(NonZeroU32::new(max).unwrap())
}

/// Every set of leaves of every tree up to ten.
#[test]
fn multi_proof_of_every_set() {
    for n in 1..=10 {
        let all = leaves(n);
        let tree = BatchTree::new(&all);
        for set in 1u64..1 << n {
            let indices: Vec<_> = (0..n).filter(|i| set >> i & 1 == 1).map(at).collect();
            let chosen: Vec<LeafHash> = indices.iter().map(|i| leaf(i.as_u64())).collect();
            let proof = tree.multi_proof(&indices).unwrap();
            assert_eq!(
                proof.verify(&chosen, &tree.root()),
                Ok(()),
                "{indices:?} of {n}"
            );

            let (expected, root) = (proof.path.len(), tree.root());
            let length = |found| Err(ProofError::PathLength { expected, found });
            let mut longer = proof.clone();
            longer.path.push(stranger());
            assert_eq!(longer.verify(&chosen, &root), length(expected + 1));
            for position in 0..expected {
                let mut shorter = proof.clone();
                shorter.path.remove(position);
                assert_eq!(shorter.verify(&chosen, &root), length(expected - 1));
                let mut changed = proof.clone();
                changed.path[position] = flipped(changed.path[position], 77);
                assert_eq!(changed.verify(&chosen, &root), Err(ProofError::Root));
            }
            for position in 0..chosen.len() {
                let mut changed = chosen.clone();
                changed[position] = leaf(99);
                assert_eq!(proof.verify(&changed, &root), Err(ProofError::Root));
            }
        }
    }
}

#[test]
fn multi_proof_positions() {
    let tree = BatchTree::new(&leaves(6));
    let order = |entry| Err(ProofError::LeafOrder { entry });
    assert_eq!(tree.multi_proof(&[]), Err(ProofError::NoLeaves));
    assert_eq!(tree.multi_proof(&[at(2), at(2)]), order(1));
    assert_eq!(tree.multi_proof(&[at(1), at(3), at(2)]), order(2));
    let outside = ProofError::IndexOutsideTree {
        index: at(6),
        size: size(6),
    };
    assert_eq!(tree.multi_proof(&[at(1), at(6)]), Err(outside));
    let many: Vec<_> = (0..=MAX_MULTI_PROOF_LEAVES as u64).map(at).collect();
    let (limit, found) = (MAX_MULTI_PROOF_LEAVES, MAX_MULTI_PROOF_LEAVES + 1);
    let too_many = ProofError::TooManyLeaves { limit, found };
    assert_eq!(tree.multi_proof(&many), Err(too_many));

    let proof = tree.multi_proof(&[at(1), at(4)]).unwrap();
    let (root, chosen) = (tree.root(), [leaf(1), leaf(4)]);
    let with = |indices: &[u64]| MultiProof {
        indices: indices.iter().copied().map(at).collect(),
        ..proof.clone()
    };
    assert_eq!(with(&[1, 4]).verify(&chosen, &root), Ok(()));
    assert_eq!(
        with(&[4, 1]).verify(&[leaf(4), leaf(1)], &root),
        Err(ProofError::LeafOrder { entry: 1 })
    );
    assert!(with(&[0, 4]).verify(&chosen, &root).is_err());
    assert!(with(&[1, 5]).verify(&chosen, &root).is_err());
    let count = ProofError::LeafCount {
        expected: 2,
        found: 1,
    };
    assert_eq!(proof.verify(&chosen[..1], &root), Err(count));
    assert_eq!(
        proof.verify(&[leaf(4), leaf(1)], &root),
        Err(ProofError::Root)
    );
}

#[test]
fn largest_multi_proof() {
    let count = 2 * MAX_MULTI_PROOF_LEAVES as u64 + 7;
    let tree = BatchTree::new(&leaves(count));
    let indices: Vec<_> = (0..MAX_MULTI_PROOF_LEAVES as u64)
        .map(|i| at(2 * i + 1))
        .collect();
    let chosen: Vec<_> = indices.iter().map(|i| leaf(i.as_u64())).collect();
    let proof = tree.multi_proof(&indices).unwrap();
    assert_eq!(proof.verify(&chosen, &tree.root()), Ok(()));
}

#[test]
fn batcher_closes_and_links() {
    let mut batcher = batcher(4);
    assert_eq!(batcher.flush(), None);
    let mut closed = Vec::new();
    for i in 0..10 {
        let full = batcher.add(leaf(i));
        assert_eq!(full.is_some(), i % 4 == 3);
        closed.extend(full);
    }
    assert_eq!(batcher.pending(), 2);
    closed.extend(batcher.flush());
    assert_eq!((batcher.pending(), closed.len()), (0, 3));
    let mut head = BatchHead::START;
    for (k, one) in closed.iter().enumerate() {
        let batch = one.batch;
        assert_eq!(
            (batch.number, batch.first_index),
            (k as u64, at(4 * k as u64))
        );
        assert_eq!(batch.count, size(one.leaves.len() as u64));
        assert_eq!(batch.root, root_of(&one.leaves));
        assert_eq!(batch.root, one.tree().root());
        for (i, leaf) in one.leaves.iter().enumerate() {
            let proof = one.tree().inclusion_proof(at(i as u64)).unwrap();
            assert_eq!(batch.verify_inclusion(leaf, &proof), Ok(()));
        }
        assert_eq!(Batch::from_bytes(&batch.to_bytes()), Ok(batch));
        head = head.follow(&batch).unwrap();
    }
    assert_eq!(head, batcher.head());
    let mut resumed = Batcher::resume(NonZeroU32::MIN, head).unwrap();
    let next = resumed.add(leaf(10)).unwrap().batch;
    assert_eq!(
        (next.number, next.first_index, next.previous),
        (3, at(10), closed[2].batch.digest())
    );
}

#[test]
fn chain_of_roots_shows_what_is_missing() {
    let mut batcher = batcher(3);
    let batches: Vec<Batch> = (0..9)
        .filter_map(|i| batcher.add(leaf(i)))
        .map(|closed| closed.batch)
        .collect();
    let check = |batches: &[Batch]| {
        batches
            .iter()
            .try_fold(BatchHead::START, |head, batch| head.follow(batch))
    };
    assert!(check(&batches).is_ok());
    let [a, b, c] = batches[..] else {
        panic!("three batches")
    };
    let number = |expected, found| Err(BatchChainError::Number { expected, found });
    assert_eq!(check(&[b, c]), number(0, 1));
    assert_eq!(check(&[a, c]), number(1, 2));
    assert_eq!(check(&[a, a, b]), number(1, 0));
    // Renumbered to hide the gap.
    let c2 = Batch { number: 1, ..c };
    let (expected, found) = (at(3), at(6));
    assert_eq!(
        check(&[a, c2]),
        Err(BatchChainError::FirstIndex {
            batch: 1,
            expected,
            found
        })
    );
    let c3 = Batch {
        first_index: at(3),
        ..c2
    };
    assert_eq!(check(&[a, c3]), Err(BatchChainError::Previous { batch: 1 }));
    // A changed batch shows in the one after it, whatever was changed.
    for changed in [
        Batch {
            root: stranger(),
            ..b
        },
        Batch {
            previous: Digest::of(b"x"),
            ..b
        },
        Batch {
            count: size(2),
            ..b
        },
        Batch {
            count: size(0),
            ..b
        },
    ] {
        assert!(check(&[a, changed, c]).is_err());
    }
    assert_eq!(
        check(&[
            a,
            Batch {
                count: size(0),
                ..b
            }
        ]),
        Err(BatchChainError::NoLeaves { batch: 1 })
    );
    assert_eq!(
        check(&[
            a,
            Batch {
                count: size(u64::MAX),
                ..b
            }
        ]),
        Err(BatchChainError::Exhausted { batch: 1 })
    );
    let last = BatchHead {
        number: u64::MAX,
        ..BatchHead::START
    };
    let end = Batch {
        number: u64::MAX,
        ..a
    };
    let exhausted = Err(BatchChainError::Exhausted { batch: u64::MAX });
    assert_eq!(last.follow(&end), exhausted);
    assert_eq!(
        Batcher::resume(NonZeroU32::MIN, last).map(|_| ()),
        exhausted.map(|_| ())
    );
}

#[test]
fn statement_bytes() {
    let batch = Batch {
        number: 0x0102,
        first_index: at(0x0304),
        count: size(0x0506),
        root: stranger(),
        previous: Digest::of(b"before"),
    };
    let bytes = batch.to_bytes();
    assert_eq!((bytes.len(), Batch::LEN), (106, 106));
    assert_eq!(&bytes[..18], b"ai-audit/batch/v1\0");
    assert_eq!(
        &bytes[18..42],
        [
            [0, 0, 0, 0, 0, 0, 1, 2],
            [0, 0, 0, 0, 0, 0, 3, 4],
            [0, 0, 0, 0, 0, 0, 5, 6]
        ]
        .as_flattened()
    );
    assert_eq!(&bytes[42..74], stranger().as_bytes());
    assert_eq!(&bytes[74..], Digest::of(b"before").as_bytes());
    assert_eq!(batch.digest(), Digest::of(&bytes));
    for len in (0..106).chain([107]) {
        let mut other = bytes.to_vec();
        other.resize(len, 0);
        assert_eq!(
            Batch::from_bytes(&other),
            Err(BatchParseError::Length { found: len })
        );
    }
    for bit in 0..106 * 8 {
        let mut changed = bytes;
        changed[bit / 8] ^= 1 << (bit % 8);
        match Batch::from_bytes(&changed) {
            Ok(other) => assert!(other != batch && other.to_bytes() == changed),
            Err(error) => assert_eq!((error, bit / 8 < 18), (BatchParseError::Label, true)),
        }
    }
}

#[test]
fn inclusion_in_another_batch() {
    let mut batcher = batcher(4);
    let mut closed: Vec<_> = (0..6).filter_map(|i| batcher.add(leaf(i))).collect();
    closed.extend(batcher.flush());
    let proof = closed[0].tree().inclusion_proof(at(1)).unwrap();
    assert_eq!(closed[0].batch.verify_inclusion(&leaf(1), &proof), Ok(()));
    let (expected, found) = (size(2), size(4));
    let error = Err(ProofError::Size { expected, found });
    assert_eq!(closed[1].batch.verify_inclusion(&leaf(1), &proof), error);
}
