//! Who looks on while a package or a published log is verified.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::{Auditor, Log};
use crate::tile_store::published;
use ai_audit_core::{LeafHash, NodeHash};
use ai_audit_export::tiles::{MemoryFiles, observe_tiles, verify_tiles};
use ai_audit_export::{Selection, observe_package, verify_package};
use ai_audit_merkle::{InclusionProof, LeafIndex, TreeSize};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{Observed, Observer, TrustPolicy};

/// How many receipts were seen, the places of those that were verified, and their paths.
#[derive(Default)]
struct Eyes {
    seen: u64,
    verified: Vec<u64>,
    paths: Vec<(InclusionProof, LeafHash)>,
    size: u64,
    last: (u64, u64),
}

impl Observer for Eyes {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.seen += 1;
        if let Observed::Verified { receipt, path } = seen {
            let seq = receipt.header().seq;
            self.verified.push(seq);
            let proof = |path: &[NodeHash]| InclusionProof {
                index: LeafIndex::new(seq),
                size: TreeSize::new(self.size),
                path: path.to_vec(),
            };
            self.paths
                .extend(path.map(|path| (proof(path), receipt.hash())));
        }
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.last = (done, total);
    }
}

/// What was seen of a package, whose report is the one that is made without anybody looking.
fn look(files: &Files, auditor: &Auditor) -> Eyes {
    let mut eyes = Eyes {
        size: 25,
        ..Eyes::default()
    };
    let observed = observe_package(pack(files), auditor, &mut eyes);
    let plain = verify_package(pack(files), auditor, |_, _| {});
    assert_eq!(format!("{observed:?}"), format!("{plain:?}"));
    eyes
}

fn whole() -> (Log, Files) {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::All, true));
    (log, files)
}

#[test]
fn all_receipts_of_an_honest_package_and_none_without_a_pin() {
    let (log, files) = whole();
    let eyes = look(&files, &log.policy());
    assert_eq!(eyes.verified, (0..25).collect::<Vec<_>>());
    assert_eq!((eyes.last, eyes.paths.len()), ((25, 25), 0));
    for auditor in [Auditor::default(), Log::of(2, 3).pinned()] {
        let eyes = look(&files, &auditor);
        assert_eq!((eyes.seen, eyes.verified.len()), (25, 0));
    }
}

#[test]
fn a_selection_brings_paths() {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::Session("s1".into()), true));
    let eyes = look(&files, &log.policy());
    assert_eq!(eyes.verified.len() as u64, eyes.seen);
    assert_eq!(eyes.paths.len(), eyes.verified.len());
    let root = Checkpoint::parse(log.checkpoint().text()).unwrap().root;
    for (proof, hash) in &eyes.paths {
        proof.verify(hash, &root).unwrap();
    }
    assert!(eyes.verified.len() > 4, "{:?}", eyes.verified);
}

#[test]
fn a23_a_tampered_package_shows_nothing_verified_behind_the_break() {
    let (log, files) = whole();
    // A byte of a receipt, with and without a manifest that fits.
    let mut edited = files.clone();
    let bytes = get(&mut edited, "receipts.bin");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let eyes = look(&edited, &log.policy());
    assert_eq!((eyes.seen, eyes.verified.len()), (25, 0));
    remanifest(&mut edited, &log.checkpoint_key, |_| {});
    let eyes = look(&edited, &log.policy());
    let verified = eyes.verified.len() as u64;
    assert!(verified > 5 && verified < 20, "{verified}");
    assert_eq!(eyes.verified, (0..verified).collect::<Vec<_>>());
    // A line of the view that says something else than its receipt.
    let mut lied = files.clone();
    let view = String::from_utf8(get(&mut lied, "receipts.jsonl").clone()).unwrap();
    let line = view.lines().nth(10).unwrap();
    let view = view.replacen(line, &line.replacen("pay", "PAY", 1), 1);
    *get(&mut lied, "receipts.jsonl") = view.into_bytes();
    remanifest(&mut lied, &log.checkpoint_key, |_| {});
    assert_eq!(
        look(&lied, &log.policy()).verified,
        (0..=10).collect::<Vec<_>>()
    );
    // No manifest, no package.
    let unsigned: Files = files
        .iter()
        .filter(|(name, _)| name != "manifest.note")
        .cloned()
        .collect();
    let eyes = look(&unsigned, &log.policy());
    assert_eq!((eyes.seen, eyes.verified.len()), (25, 0));
}

#[test]
fn a_published_log_shows_its_receipts_and_hashes_alone_none() {
    let log = Log::of(1, 300);
    let look = |files: &MemoryFiles, policy: &TrustPolicy| {
        let mut eyes = Eyes::default();
        let observed = observe_tiles(files, policy, &mut eyes);
        let plain = verify_tiles(files, policy, |_, _| {});
        assert_eq!(format!("{observed:?}"), format!("{plain:?}"));
        assert_eq!((eyes.seen, eyes.last), (300, (300, 300)));
        eyes.verified
    };
    let all: Vec<u64> = (0..300).collect();
    assert_eq!(look(&published(&log, false), &log.policy()), all);
    assert!(look(&published(&log, false), &TrustPolicy::new()).is_empty());
    assert!(look(&published(&log, true), &log.policy()).is_empty());
}
