//! Frontier, memory tree, tiles, `rs_merkle`, `ct-merkle` and the definition: all the same.

use crate::{at, leaves, payload, reference, size, tiles::Store};
use ai_audit_merkle::{
    BatchTree, ConsistencyProof, Frontier, InclusionProof, MemoryTree, NodeHash, Subtree, Tiled,
    consistency_proof, frontier, inclusion_proof, root, root_of,
};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

type Other = MemoryBackedTree<Sha256, Vec<u8>>;

fn concatenated(path: &[NodeHash]) -> Vec<u8> {
    path.iter().flat_map(|node| *node.as_bytes()).collect()
}

#[test]
fn every_size_up_to_300() {
    let all = leaves(300);
    let (mut grown, mut memory, mut other) = (Frontier::new(), MemoryTree::new(), Other::new());
    let mut tiled = Tiled::new(<Store>::default());
    for n in 0..=all.len() {
        let (count, root_n) = (n as u64, reference::root(&all[..n]));
        let batch = BatchTree::new(&all[..n]);
        assert_eq!(grown.root(), root_n, "frontier {n}");
        assert_eq!(memory.root(), root_n, "memory {n}");
        assert_eq!(root_of(&all[..n]), root_n, "slice {n}");
        assert_eq!(batch.root(), root_n, "rs_merkle {n}");
        assert_eq!(
            other.root().as_bytes().as_slice(),
            root_n.as_bytes(),
            "ct-merkle {n}"
        );
        assert_eq!(root(&mut tiled, size(count)).unwrap(), root_n, "tiles {n}");
        assert_eq!(
            frontier(&mut tiled, size(count)).unwrap(),
            grown,
            "frontier from tiles {n}"
        );
        assert_eq!(Frontier::from_bytes(&grown.to_bytes()), Ok(grown.clone()));
        for i in some_below(n) {
            let proof = inclusion_proof(&mut memory, at(i as u64), size(count)).unwrap();
            assert_eq!(proof.path, reference::path(i, &all[..n]), "{i} in {n}");
            assert_eq!(
                proof,
                inclusion_proof(&mut tiled, proof.index, proof.size).unwrap()
            );
            assert_eq!(proof, batch.inclusion_proof(proof.index).unwrap());
            assert_eq!(
                concatenated(&proof.path),
                other.prove_inclusion(i).as_bytes()
            );
            assert_eq!(proof.verify(&all[i], &root_n), Ok(()));
            assert_eq!(
                InclusionProof::path_len(proof.index, proof.size),
                Ok(proof.path.len())
            );

            let old = i + 1;
            let proof = consistency_proof(&mut memory, size(old as u64), size(count)).unwrap();
            assert_eq!(
                proof.path,
                reference::subproof(old, &all[..n], true),
                "{old} to {n}"
            );
            assert_eq!(
                proof,
                consistency_proof(&mut tiled, proof.old, proof.new).unwrap()
            );
            assert_eq!(proof.verify(&reference::root(&all[..old]), &root_n), Ok(()));
            if old < n {
                assert_eq!(
                    concatenated(&proof.path),
                    other.prove_consistency(n - old).as_bytes(),
                    "{old} to {n}"
                );
            }
        }
        if let Some(&leaf) = all.get(n) {
            grown.push(leaf).unwrap();
            memory.push(leaf).unwrap();
            other.push(payload(count));
            tiled.reader_mut().push(leaf);
        }
    }
}

/// All positions of small trees; of larger ones the first, the last, and a few between.
fn some_below(n: usize) -> Vec<usize> {
    if n <= 40 {
        return (0..n).collect();
    }
    let mut some = vec![
        0,
        1,
        n / 3,
        n / 2,
        n - n % 16,
        31,
        32,
        127,
        128,
        255,
        256,
        n - 2,
        n - 1,
    ];
    some.retain(|&i| i < n);
    some
}

#[test]
fn every_subtree_of_trees_up_to_40() {
    let all = leaves(40);
    for n in 1..=all.len() {
        let whole = reference::root(&all[..n]);
        for start in 0..n {
            for end in start + 1..=n {
                let Ok(sub) = Subtree::new(at(start as u64), size(end as u64)) else {
                    assert_ne!(start % (end - start).next_power_of_two(), 0);
                    continue;
                };
                assert_eq!(start % (end - start).next_power_of_two(), 0);
                let own = reference::root(&all[start..end]);
                let path = reference::subtree_proof(start, end, &all[..n], true);
                assert_eq!(
                    sub.verify_consistency(size(n as u64), &path, &own, &whole),
                    Ok(()),
                    "{start} up to {end} in {n}"
                );
                assert!(
                    sub.verify_consistency(size(n as u64), &path, &own, &crate::stranger())
                        .is_err()
                );
                assert!(
                    sub.verify_consistency(size(n as u64), &path, &crate::stranger(), &whole)
                        .is_err()
                );
                for (i, leaf) in all.iter().enumerate().take(end).skip(start) {
                    let path = reference::path(i - start, &all[start..end]);
                    assert_eq!(
                        sub.verify_inclusion(at(i as u64), leaf, &path, &own),
                        Ok(())
                    );
                }
            }
        }
    }
}

/// Larger trees, across two and three tile levels, at sizes and positions from a fixed sequence.
#[test]
fn larger_trees() {
    let count = 70_000;
    let all = leaves(count);
    let (mut memory, mut store, mut other) = (MemoryTree::new(), <Store>::default(), Other::new());
    for (&leaf, i) in all.iter().zip(0..) {
        memory.push(leaf).unwrap();
        store.push(leaf);
        other.push(payload(i));
    }
    let mut tiled = Tiled::with_capacity(store, 0);
    assert_eq!(memory.root(), root_of(&all));
    assert_eq!(memory.root().as_bytes(), other.root().as_bytes().as_slice());
    assert_eq!(memory.root(), BatchTree::new(&all).root());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for round in 0..200 {
        let new = if round % 4 == 0 {
            65_536 + random(4)
        } else {
            1 + random(count)
        };
        let (index, old) = (random(new), 1 + random(new));
        let new_root = root(&mut tiled, size(new)).unwrap();
        assert_eq!(new_root, root(&mut memory, size(new)).unwrap());

        let proof = inclusion_proof(&mut tiled, at(index), size(new)).unwrap();
        assert_eq!(
            proof,
            inclusion_proof(&mut memory, at(index), size(new)).unwrap()
        );
        let leaf = usize::try_from(index).unwrap();
        assert_eq!(
            proof.verify(&all[leaf], &new_root),
            Ok(()),
            "{index} in {new}"
        );

        let proof: ConsistencyProof = consistency_proof(&mut tiled, size(old), size(new)).unwrap();
        assert_eq!(
            proof,
            consistency_proof(&mut memory, size(old), size(new)).unwrap()
        );
        let old_root = root(&mut memory, size(old)).unwrap();
        assert_eq!(proof.verify(&old_root, &new_root), Ok(()), "{old} to {new}");
    }
    let index = usize::try_from(random(count)).unwrap();
    let ours = inclusion_proof(&mut memory, at(index as u64), size(count)).unwrap();
    assert_eq!(
        concatenated(&ours.path),
        other.prove_inclusion(index).as_bytes()
    );
}
