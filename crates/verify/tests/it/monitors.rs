//! Properties of monitors and of proofs of equivocation, over trees of random sizes.

use ai_audit_core::{LeafHash, SigningKey};
use ai_audit_merkle::{MemoryTree, TreeSize, root};
use ai_audit_note::{Checkpoint, VKey};
use ai_audit_verify::{Equivocation, EquivocationNodes, Monitor};
use proptest::prelude::*;

const ORIGIN: &str = "example.org/log";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn line() -> VKey {
    VKey::ed25519(ORIGIN, key().verifying_key()).unwrap()
}

/// A history that is `history`'s own from leaf `common` on.
fn tree(history: u8, common: u64, size: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for leaf in 0..size {
        let own = if leaf < common { 0 } else { history };
        let payload = [&[own][..], &leaf.to_be_bytes()].concat();
        tree.push(LeafHash::of(&payload)).unwrap();
    }
    tree
}

/// The signed checkpoint of a history at a size.
fn note(tree: &MemoryTree, size: u64) -> Vec<u8> {
    let size = TreeSize::new(size);
    let checkpoint = Checkpoint {
        origin: ORIGIN.into(),
        size,
        root: root(&mut tree.clone(), size).unwrap(),
        extensions: vec![],
    };
    checkpoint.sign(&key()).unwrap().to_string().into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn prefixes_of_one_log_never_convict(
        size in 1..300u64, sizes in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let mut log = tree(1, 0, size);
        let mut monitor = Monitor::new(line());
        for index in &sizes {
            let size = index.index(usize::try_from(size).unwrap() + 1) as u64;
            prop_assert!(monitor.see(&note(&log, size)).unwrap().equivocations.is_empty());
        }
        let findings = monitor.check(&mut log, TreeSize::new(size)).unwrap();
        prop_assert!(findings.equivocations.is_empty() && findings.not_matching.is_empty());
        prop_assert!(!monitor.convicted() && monitor.open_pairs().is_empty());
        // What was found connects them again for whoever kept it.
        let mut later = Monitor::new(line());
        for seen in monitor.seen() {
            later.see(seen.note.to_string().as_bytes()).unwrap();
        }
        prop_assert!(findings.links.iter().all(|proof| later.link(proof)));
        prop_assert!(later.open_pairs().is_empty());
    }

    #[test]
    fn diverging_logs_always_convict(
        common in 0..100u64, left in 1..150u64, right in 1..150u64,
    ) {
        let (left, right) = (common + left, common + right);
        let (one, mut two) = (tree(1, common, left), tree(2, common, right));
        let (small, large) = (left.min(right), left.max(right));
        let mut monitor = Monitor::new(line());
        monitor.see(&note(&one, left)).unwrap();
        let mut proofs = monitor.see(&note(&two, right)).unwrap().equivocations;
        if left != right {
            prop_assert!(proofs.is_empty());
            // Whoever is longer has the nodes.
            let (longer, size) = if right == large { (&mut two, right) } else { (&mut one.clone(), left) };
            proofs = monitor.check(longer, TreeSize::new(size)).unwrap().equivocations;
        }
        prop_assert_eq!(proofs.len(), 1);
        let read = Equivocation::parse(proofs[0].to_string().as_bytes()).unwrap();
        prop_assert!(read.verify(&line()).is_ok());
        prop_assert_eq!(read.smaller().1.size.as_u64(), small);
        // Kept and given to another monitor, it convicts there too.
        let mut other = Monitor::new(line());
        prop_assert!(other.convict(&read) && other.convicted());
    }

    /// Nobody without the key makes a proof out of honest checkpoints, whatever nodes he chooses.
    #[test]
    fn no_nodes_convict_an_honest_log(
        size in 2..200u64, at: prop::sample::Index, mutation in 0..4u8, place: prop::sample::Index,
        byte in 0..32usize, bit in 0..8u8,
    ) {
        let mut log = tree(1, 0, size);
        let smaller = 1 + at.index(usize::try_from(size).unwrap() - 1) as u64;
        let sizes = (TreeSize::new(smaller), TreeSize::new(size));
        let mut nodes = EquivocationNodes {
            root: root(&mut log, sizes.0).unwrap(),
            path: ai_audit_merkle::consistency_proof(&mut log, sizes.0, sizes.1).unwrap().path,
        };
        let flip = |hash: &mut ai_audit_core::NodeHash| {
            let mut bytes = *hash.as_bytes();
            bytes[byte] ^= 1 << bit;
            *hash = ai_audit_core::NodeHash::from_bytes(bytes);
        };
        match mutation {
            0 => flip(&mut nodes.root),
            1 if !nodes.path.is_empty() => {
                let place = place.index(nodes.path.len());
                flip(&mut nodes.path[place]);
            }
            2 if !nodes.path.is_empty() => { nodes.path.swap_remove(place.index(nodes.path.len())); }
            _ => nodes.path.push(nodes.root),
        }
        let read = |bytes: Vec<u8>| ai_audit_note::SignedNote::parse(&bytes).unwrap();
        let (a, b) = (read(note(&log, smaller)), read(note(&log, size)));
        prop_assert!(Equivocation::new(a, b, Some(nodes)).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, cut: prop::sample::Index, with: Vec<u8>) {
        prop_assert!(Equivocation::parse(&bytes).is_err());
        let (one, two) = (tree(1, 1, 3), tree(2, 1, 3));
        let read = |bytes: Vec<u8>| ai_audit_note::SignedNote::parse(&bytes).unwrap();
        let good = Equivocation::new(read(note(&one, 3)), read(note(&two, 3)), None).unwrap();
        let mut file = good.to_string().into_bytes();
        let at = cut.index(file.len());
        file.splice(at..(at + with.len()).min(file.len()), with);
        if let Ok(read) = Equivocation::parse(&file) {
            prop_assert_eq!(read.to_string().into_bytes(), file);
        }
    }
}
