//! Published logs: written incrementally, verified, used for proofs without the log.

use crate::logs::{Log, Receipts};
use crate::tile_store::{files, publish_into, published, verify};
use ai_audit_core::{LeafHash, NodeHash, Question, SigningKey, Status, UnverifiedReceipt};
use ai_audit_export::LogEvidence;
use ai_audit_export::tiles::{
    MemoryFiles, PUBLISH_LOCK, PUBLISH_PART, PublishError, PublishOptions, PublishedLog,
    TileFiles as _, TileName, publish,
};
use ai_audit_merkle::{
    LeafIndex, MemoryTree, MissingNode, TreeSize, consistency_proof, inclusion_proof, root,
};
use ai_audit_note::{Checkpoint, VKey};
use ai_audit_verify::{Report, TrustPolicy};
use proptest::prelude::*;

fn code(report: &Report) -> u8 {
    report.exit(&Question::DEFAULT).code()
}

#[test]
fn a_published_log_verifies_as_the_log_does() {
    for size in [2, 255, 256, 257, 600] {
        let log = Log::of(1, size);
        let out = published(&log, false);
        let report = verify(&out, &log.policy());
        assert_eq!(code(&report), 0, "{size}: {:?}", report.verdict);
        assert_eq!((report.receipts, report.complete_to), (size, Some(size)));
        // As everywhere: no pin, no attribution; nothing brought, not complete.
        let report = verify(&out, &log.pinned());
        assert!(matches!(
            report.verdict.completeness,
            Status::Unverified { .. }
        ));
        let report = verify(&out, &TrustPolicy::new());
        assert!(report.verdict.integrity.is_verified());
        assert!(matches!(
            report.verdict.attribution,
            Status::Unverified { .. }
        ));
        let other = verify(&out, &Log::of(2, 3).pinned());
        assert!(other.verdict.attribution.is_failed());
    }
}

#[test]
fn the_files_are_those_of_the_specification() {
    let log = Log::of(1, 600);
    let out = published(&log, false);
    let names: Vec<&str> = out.files().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/88",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/88",
            "tile/seals/000",
            "tile/seals/001",
            "tile/seals/002.p/88",
        ]
    );
    let file = |name: &str| &out.files()[name];
    assert_eq!(file("tile/0/000").len(), 8192);
    assert_eq!(file("tile/seals/002.p/88").len(), 88 * 65);
    let first = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
    let len = u16::try_from(first.payload().len()).unwrap();
    let entries = file("tile/entries/000");
    assert_eq!(entries[..2], len.to_be_bytes());
    assert_eq!(&entries[2..2 + usize::from(len)], first.payload());
    let hash = LeafHash::of(first.payload());
    assert_eq!(&file("tile/0/000")[..32], hash.as_bytes());
    assert_eq!(file("checkpoint"), log.checkpoint().to_string().as_bytes());
}

#[test]
fn hashes_alone_leave_integrity_and_attribution_open() {
    let log = Log::of(1, 300);
    let out = published(&log, true);
    assert!(
        out.files()
            .keys()
            .all(|name| !name.contains("entries") && !name.contains("seals"))
    );
    let report = verify(&out, &log.policy());
    let verdict = &report.verdict;
    assert!(
        matches!(verdict.integrity, Status::Unverified { .. }),
        "{:?}",
        report.verdict
    );
    assert!(matches!(verdict.attribution, Status::Unverified { .. }));
    assert_eq!(
        (&verdict.completeness, report.complete_to),
        (&Status::Verified, Some(300))
    );
    assert_eq!((code(&report), report.receipts), (3, 0));
    // Signatures taken away: whoever cut them out gains nothing.
    let mut cut = published(&log, false);
    cut.files_mut().retain(|name, _| !name.contains("seals"));
    let report = verify(&cut, &log.policy());
    assert!(matches!(
        report.verdict.integrity,
        Status::Unverified { .. }
    ));
    assert!(matches!(
        report.verdict.attribution,
        Status::Unverified { .. }
    ));
    assert_eq!(code(&report), 3);
    // Entries taken away, signatures left.
    let mut cut = published(&log, false);
    cut.files_mut().retain(|name, _| !name.contains("entries"));
    assert_eq!(code(&verify(&cut, &log.policy())), 1);
}

/// Proofs from the files alone, verified against roots that the log signed.
#[test]
fn proofs_are_made_from_a_published_log_alone() {
    let log = Log::of(1, 700);
    let kept = Checkpoint::parse(log.checkpoint_at(300).text()).unwrap();
    for hashes_only in [true, false] {
        let out = published(&log, hashes_only);
        let published = PublishedLog::open(&out).unwrap();
        let head = published.checkpoint();
        let mut nodes = published.nodes();
        let proof = consistency_proof(&mut nodes, kept.size, head.size).unwrap();
        proof.verify(&kept.root, &head.root).unwrap();
        for index in [0, 255, 256, 511, 699] {
            let proof = inclusion_proof(&mut nodes, LeafIndex::new(index), head.size).unwrap();
            let sealed = &log.sealed[usize::try_from(index).unwrap()];
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            proof.verify(&receipt.hash(), &head.root).unwrap();
            assert!(proof.verify(&LeafHash::of(b"another"), &head.root).is_err());
        }
        let beyond = inclusion_proof(&mut nodes, LeafIndex::new(5), TreeSize::new(701));
        assert!(beyond.is_err());
    }
}

#[test]
fn the_second_run_writes_what_is_new() {
    let log = Log::of(1, 700);
    let mut out = MemoryFiles::new();
    let first = publish_into(&mut out, &log, 300, false).unwrap();
    assert_eq!((first.before, first.files), (None, 2 + 1 + 2 + 2 + 1));
    let again = publish_into(&mut out, &log, 300, false).unwrap();
    assert_eq!((again.before, again.files), (Some(TreeSize::new(300)), 0));
    let held = files(&out);
    let second = publish_into(&mut out, &log, 310, false).unwrap();
    // The second tile of each kind, and the checkpoint; level 1 has not grown.
    assert_eq!(second.files, 4);
    for (name, contents) in &held {
        if name != "checkpoint" {
            assert_eq!(
                out.files().get(name),
                Some(contents),
                "{name} stays for earlier readers"
            );
        }
    }
    assert_eq!(code(&verify(&out, &log.policy_at(310))), 0);
    let third = publish_into(&mut out, &log, 700, false).unwrap();
    assert_eq!(third.before, Some(TreeSize::new(310)));
    // Full now, so their partial forms are gone.
    assert!(out.files().keys().all(|name| !name.contains("001.p/")));
    assert_eq!(code(&verify(&out, &log.policy_at(700))), 0);
    let once = published(&log, false);
    for (name, contents) in once.files() {
        assert_eq!(out.files().get(name), Some(contents), "{name}");
    }
    // A checkpoint with one more signature is published without any tile.
    let mut cosigned = log.checkpoint();
    let witness = SigningKey::from_bytes(&[9; 32]);
    let time = ai_audit_core::Timestamp::from_micros(1_790_000_000_000_000);
    cosigned
        .add(ai_audit_note::cosign(&cosigned, "witness.example", &witness, time).unwrap())
        .unwrap();
    let line = VKey::parse(&log.key_line()).unwrap();
    let more = publish(
        &log,
        &cosigned,
        &line,
        &mut out,
        PublishOptions::default(),
        |_, _| {},
    );
    assert_eq!(more.unwrap().files, 1);
    assert_eq!(code(&verify(&out, &log.policy())), 0);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let log = Log::of(1, 300);
    let mut out = published(&log, false);
    let before = files(&out);
    let mut refused = |log: &Log, size, hashes_only| {
        let error = publish_into(&mut out, log, size, hashes_only).unwrap_err();
        assert_eq!(files(&out), before, "{error}");
        error
    };
    let other = refused(&Log::of(2, 400), 400, false);
    assert!(matches!(other, PublishError::OtherLog { .. }) && other.is_usage());
    // Rolled back, or another history by the same keys.
    let behind = refused(&Log::of(1, 299), 299, false);
    assert!(matches!(behind, PublishError::Ahead { .. }) && !behind.is_usage());
    let fork = refused(&Log::fork(1, 200, 400), 400, false);
    assert!(matches!(fork, PublishError::Inconsistent { .. }), "{fork}");
    let same_size = refused(&Log::fork(1, 200, 300), 300, false);
    assert!(matches!(same_size, PublishError::Inconsistent { .. }));
    let mode = refused(&Log::of(1, 400), 400, true);
    assert!(matches!(mode, PublishError::Mode { entries: true }));
    let mut hashes = published(&log, true);
    let mode = publish_into(&mut hashes, &Log::of(1, 400), 400, false).unwrap_err();
    assert!(matches!(mode, PublishError::Mode { entries: false }) && mode.is_usage());
    // A folder that is something else.
    for name in ["index.html", "audit.db", "tile/12/2048/1362.png"] {
        let mut folder = MemoryFiles::new();
        folder.files_mut().insert(name.into(), vec![1]);
        let error = publish_into(&mut folder, &log, 300, false).unwrap_err();
        assert!(matches!(error, PublishError::Foreign { .. }) && folder.files().len() == 1);
    }
    // A checkpoint that this log did not sign.
    let mut forged = published(&log, false);
    let thief = SigningKey::from_bytes(&[77; 32]);
    let note = Checkpoint::parse(log.checkpoint().text())
        .unwrap()
        .sign(&thief)
        .unwrap();
    forged
        .files_mut()
        .insert("checkpoint".into(), note.to_string().into_bytes());
    let error = publish_into(&mut forged, &Log::of(1, 400), 400, false).unwrap_err();
    assert!(matches!(error, PublishError::Published { .. }), "{error}");
    let line = VKey::parse(&log.key_line()).unwrap();
    let mut empty = MemoryFiles::new();
    let error = publish(
        &log,
        &note,
        &line,
        &mut empty,
        PublishOptions::default(),
        |_, _| {},
    );
    assert!(error.is_err() && empty.files().is_empty());
}

/// Nothing is published of a store that contradicts itself.
#[test]
fn a_log_that_does_not_hold_is_not_published() {
    let mut log = Log::of(1, 300);
    log.sealed.swap(270, 271);
    let mut out = MemoryFiles::new();
    assert!(publish_into(&mut out, &log, 300, false).is_err());
    let mut log = Log::of(1, 300);
    let at = log.sealed[5].len() - 70;
    log.sealed[5][at] ^= 1;
    assert!(publish_into(&mut out, &log, 300, false).is_err());
    let log = Log::of(1, 300);
    let mut short = Log::of(1, 300);
    short.sealed.truncate(299);
    assert!(publish_into(&mut out, &short, 300, false).is_err());
    assert!(!out.files().contains_key("checkpoint"));
    // The next good run repairs what the bad ones left.
    publish_into(&mut out, &log, 300, false).unwrap();
    assert_eq!(code(&verify(&out, &log.policy())), 0);
}

/// A tree of leaves without receipts, large enough for three levels of tiles.
struct Leaves(MemoryTree);

impl LogEvidence for Leaves {
    type Error = std::convert::Infallible;
    type Receipts<'s> = Receipts<'s>;
    type NodeError = MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Receipts<'_>, Self::Error> {
        Ok(Receipts::none())
    }

    fn nodes(&self) -> MemoryTree {
        self.0.clone()
    }
}

#[test]
fn three_levels() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let line = VKey::ed25519("example.org/leaves", key.verifying_key()).unwrap();
    let mut log = Leaves(MemoryTree::new());
    for leaf in 0..70_000u64 {
        log.0.push(LeafHash::of(&leaf.to_be_bytes())).unwrap();
    }
    let note = |size| {
        let size = TreeSize::new(size);
        let checkpoint = Checkpoint {
            origin: line.name().into(),
            size,
            root: root(&mut log.nodes(), size).unwrap(),
            extensions: vec![],
        };
        checkpoint.sign(&key).unwrap()
    };
    let mut out = MemoryFiles::new();
    let options = PublishOptions { hashes_only: true };
    let sizes = [65_000, 65_535, 65_536, 65_537, 70_000];
    for size in sizes {
        publish(&log, &note(size), &line, &mut out, options, |_, _| {}).unwrap();
        let report = verify(&out, &TrustPolicy::new().min_size(size));
        assert_eq!(code(&report), 3, "{:?}", report.verdict);
        assert!(
            report.remarks[0].contains("has the root of its checkpoint"),
            "{:?}",
            report.verdict
        );
    }
    let names = [
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ];
    for name in names {
        assert!(out.files().contains_key(name), "{name}");
    }
    assert!(!out.files().keys().any(|name| name.starts_with("tile/3/")));
    // A wrong hash on any level is found, and its place named.
    for (name, at, said) in [
        (
            "tile/1/000",
            255,
            "tile/1/000 at byte 224: expected the root of tile/0/007",
        ),
        (
            "tile/1/001.p/17",
            543,
            "tile/1/001.p/17 at byte 512: expected the root of tile/0/272",
        ),
        (
            "tile/2/000.p/1",
            0,
            "tile/2/000.p/1 at byte 0: expected the root of tile/1/000",
        ),
    ] {
        let mut changed = out.clone();
        changed.files_mut().get_mut(name).unwrap()[at] ^= 1;
        let report = verify(&changed, &TrustPolicy::new());
        assert_eq!(report.verdict.integrity, Status::failed(said), "{name}");
    }
    let published = PublishedLog::open(&out).unwrap();
    let mut nodes = published.nodes();
    for old in [1, 256, 65_000, 65_536, 69_999, 70_000] {
        let (old, new) = (TreeSize::new(old), TreeSize::new(70_000));
        let proof = consistency_proof(&mut nodes, old, new).unwrap();
        let old_root: NodeHash = root(&mut log.nodes(), old).unwrap();
        proof
            .verify(&old_root, &published.checkpoint().root)
            .unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// In whatever steps a log is published, it ends as if published at once, verified at each.
    #[test]
    fn any_steps_lead_to_the_same(mut sizes in prop::collection::vec(2..600u64, 1..6), hashes_only: bool) {
        sizes.sort_unstable();
        let log = Log::of(1, *sizes.last().unwrap());
        let mut out = MemoryFiles::new();
        for size in &sizes {
            publish_into(&mut out, &log, *size, hashes_only).unwrap();
            let report = verify(&out, &log.policy_at(*size));
            prop_assert_eq!(code(&report), if hashes_only { 3 } else { 0 }, "{:?}", report.verdict);
        }
        let once = published(&log, hashes_only);
        let mut more = 0;
        out.names(&mut |name| more += usize::from(!once.files().contains_key(name))).unwrap();
        for (name, contents) in once.files() {
            prop_assert_eq!(out.files().get(name), Some(contents));
        }
        // What is more are partial tiles of earlier sizes.
        prop_assert_eq!(out.files().len(), once.files().len() + more);
        let partial = |name: &&String| !once.files().contains_key(*name);
        prop_assert!(out.files().keys().filter(partial).all(|name| name.contains(".p/")));
    }
}

#[test]
fn a_partial_tile_has_the_name_of_the_full_one_once_it_is_full() {
    for (partial, full) in [
        ("tile/entries/000.p/5", "tile/entries/000"),
        ("tile/1/x001/234.p/255", "tile/1/x001/234"),
        ("tile/seals/001", "tile/seals/001"),
    ] {
        let name = TileName::parse(partial).unwrap();
        assert_eq!(name.full().to_string(), full);
        assert_eq!((name.full().width(), name.full().is_full()), (256, true));
        assert_eq!(name.is_full(), partial == full);
    }
}

#[test]
fn progress_counts_what_is_written_and_what_publishing_leaves_is_not_foreign() {
    let (log, mut out) = (Log::of(1, 600), MemoryFiles::new());
    for name in [PUBLISH_LOCK, PUBLISH_PART] {
        out.files_mut().insert(name.into(), vec![]);
    }
    let line = VKey::parse(&log.key_line()).unwrap();
    // The bundle that was partial is written again, from 256 on.
    for (size, total) in [(300, 300), (600, 344)] {
        let mut told = Vec::new();
        publish(
            &log,
            &log.checkpoint_at(size),
            &line,
            &mut out,
            PublishOptions { hashes_only: false },
            |done, of| told.push((done, of)),
        )
        .unwrap();
        assert!(told.into_iter().eq((1..=total).map(|done| (done, total))));
    }
}
