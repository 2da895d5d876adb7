//! Published logs that somebody changed: named with path and offset, never verified, no panic.

use crate::logs::{Auditor, Log};
use crate::tile_store::{publish_into, published, verify};
use ai_audit_core::{Question, Status, UnverifiedReceipt};
use ai_audit_export::tiles::{MemoryFiles, TileFiles as _};
use ai_audit_note::Checkpoint;
use ai_audit_verify::Report;
use proptest::prelude::*;

fn code(report: &Report) -> u8 {
    report.exit(&Question::DEFAULT).code()
}

/// Verifies with one file changed; why integrity failed.
fn changed(log: &Log, good: &MemoryFiles, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut files = good.clone();
    change(files.files_mut().entry(name.into()).or_default());
    reason(&verify(&files, &log.policy()))
}

fn reason(report: &Report) -> String {
    assert_eq!(code(report), 1, "{:?}", report.verdict);
    match &report.verdict.integrity {
        Status::Failed { reason, .. } => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_many_faults_some_are_told_and_all_are_counted() {
    let log = Log::of(1, 600);
    for (faults, told, rest) in [
        (20, 20, None),
        (21, 21, Some("also: 1 more that do not hold")),
        (200, 21, Some("also: 180 more that do not hold")),
    ] {
        let mut files = published(&log, false);
        let hashes = files.files_mut().get_mut("tile/0/000").unwrap();
        // The tile above it differs as well, and the first one is the answer itself.
        for place in 0..faults {
            hashes[32 * place] ^= 1;
        }
        let report = verify(&files, &log.policy());
        assert!(reason(&report).contains("the payload of receipt 0, "));
        let mut also = report.remarks;
        also.retain(|remark| remark.starts_with("also: "));
        assert_eq!(also.len(), told, "{also:?}");
        if let Some(rest) = rest {
            assert_eq!(also[20], rest);
        }
    }
}

#[test]
fn a01_a16_a24_every_fault_is_named() {
    let log = Log::of(1, 600);
    let good = published(&log, false);
    let check = |name: &str, said: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let reason = changed(&log, &good, name, change);
        assert!(reason.starts_with(said), "{name}: {reason}");
    };
    let payload = UnverifiedReceipt::parse(&log.sealed[0])
        .unwrap()
        .payload()
        .len();
    check(
        "tile/0/001",
        "tile/entries/001 at byte 2: expected the payload of receipt 256, whose hash tile/0/001 has at byte 0",
        &|it| it[0] ^= 1,
    );
    check(
        "tile/1/000.p/2",
        "tile/1/000.p/2 at byte 32: expected the root of tile/0/001",
        &|it| it[40] ^= 1,
    );
    check(
        "tile/entries/000",
        "tile/entries/000 at byte 2: expected the payload of receipt 0",
        &|it| it[2 + 5] ^= 1,
    );
    check(
        "tile/0/000",
        "tile/0/000 at byte 8191: expected 8192 bytes, the file has 8191",
        &|it| it.truncate(8191),
    );
    check(
        "tile/0/000",
        "tile/0/000 at byte 8192: expected 8192 bytes, the file has 8193",
        &|it| it.push(0),
    );
    check(
        "tile/0/002.p/88",
        "tile/0/002.p/88 at byte 0: expected 2816 bytes, the file has 0",
        &Vec::clear,
    );
    check(
        "tile/seals/001",
        "tile/seals/001 at byte 65: expected a seal's length, 64 or 0",
        &|it| it[65] = 63,
    );
    check(
        "tile/seals/001",
        "tile/seals/001 at byte 16640: expected at most 16640 bytes, the file has 16641",
        &|it| it.push(0),
    );
    check(
        "tile/seals/002.p/88",
        "tile/seals/002.p/88 at byte 5656: expected 64 bytes, the file ends before",
        &|it| it.truncate(5700),
    );
    check(
        "tile/entries/002.p/88",
        "tile/entries/002.p/88 at byte",
        &|it| it.truncate(it.len() - 1),
    );
    check(
        "tile/entries/002.p/88",
        "tile/entries/002.p/88 at byte",
        &|it| it.push(7),
    );
    check(
        "tile/entries/000",
        &format!(
            "tile/entries/000 at byte {}: expected 256 items",
            2 + payload
        ),
        &|it| it.truncate(2 + payload),
    );
    // A receipt whose payload is not there, and one whose seal is not.
    check(
        "tile/entries/000",
        "tile/entries/000 at byte 2: expected the payload of receipt 0, it is deleted",
        &|it| {
            it[..2].fill(0);
            it.drain(2..2 + payload);
        },
    );
    check(
        "tile/seals/000",
        "tile/entries/000: receipt 1: signature at byte",
        &|it| {
            it[65] = 0;
            it.drain(66..130);
        },
    );
    check(
        "checkpoint",
        "published log: checkpoint: note at byte",
        &Vec::clear,
    );
    check(
        "checkpoint",
        "published log: checkpoint at byte 1048576: expected at most",
        &|it| it.resize(1 << 21, b'a'),
    );
    // Files that no published log has.
    for name in [
        "tile/0/000.p/257",
        "tile/0/0",
        "tile/9/000",
        "tile/seals/note.txt",
        "tile/x/000",
        "tile/entries/000.p/0",
    ] {
        check(
            name,
            &format!("{name}: no published log has a file of this name"),
            &|_| {},
        );
    }
    // Forms of tiles that are there which say something else.
    check(
        "tile/0/001.p/2",
        "tile/0/001.p/2 at byte 32: expected what tile/0/001 has there",
        &|it| {
            *it = good.files()["tile/0/001"][..64].to_vec();
            it[33] ^= 1;
        },
    );
    check(
        "tile/seals/002.p/1",
        "tile/seals/002.p/1 at byte 1: expected what",
        &|it| *it = good.files()["tile/seals/000"][..65].to_vec(),
    );
}

#[test]
fn missing_files_are_named() {
    let log = Log::of(1, 600);
    let good = published(&log, false);
    for name in good.files().keys() {
        let mut files = good.clone();
        files.files_mut().remove(name);
        let report = verify(&files, &log.policy());
        let reason = reason(&report);
        assert!(reason.ends_with(&format!("{name} is missing")), "{reason}");
        // Who signed what was not read is not known (A45). Tiles above the lowest hold no receipts.
        if !name.starts_with("tile/1/") {
            assert!(
                !report.verdict.attribution.is_verified(),
                "{name}: {report:?}"
            );
        }
    }
    // The full tile stands for a partial one of it; further ones are not judged and not hidden.
    let mut files = good.clone();
    publish_into(&mut files, &Log::of(1, 800), 800, false).unwrap();
    assert!(!files.files().contains_key("tile/0/002.p/88"));
    files.files_mut().insert(
        "checkpoint".into(),
        log.checkpoint().to_string().into_bytes(),
    );
    let report = verify(&files, &log.policy());
    assert_eq!(code(&report), 0, "{:?}", report.verdict);
    assert!(
        report
            .remarks
            .iter()
            .any(|it| it.contains("not covered by the checkpoint"))
    );
}

#[test]
fn a09_a10_another_log_under_the_true_name() {
    let log = Log::of(1, 300);
    let mut files = published(&log, false);
    // The operator's other history, with the checkpoint that he gave the auditor.
    let mut fork = published(&Log::fork(1, 200, 300), false);
    assert_eq!(code(&verify(&fork, &log.policy())), 1);
    assert_eq!(code(&verify(&fork, &log.pinned())), 3, "alone it is fine");
    let note = log.checkpoint().to_string().into_bytes();
    fork.files_mut().insert("checkpoint".into(), note);
    assert_eq!(code(&verify(&fork, &log.pinned())), 1);
    // A thief's own key under the checkpoint.
    let thief = ai_audit_core::SigningKey::from_bytes(&[77; 32]);
    let note = Checkpoint::parse(log.checkpoint().text())
        .unwrap()
        .sign(&thief)
        .unwrap();
    files
        .files_mut()
        .insert("checkpoint".into(), note.to_string().into_bytes());
    for policy in [log.pinned(), Auditor::default()] {
        assert_eq!(code(&verify(&files, &policy)), 1);
    }
    let mut hashes = published(&log, true);
    hashes
        .files_mut()
        .insert("checkpoint".into(), note.to_string().into_bytes());
    assert_eq!(code(&verify(&hashes, &log.pinned())), 1);
    // An older state than the auditor knows.
    let older = published(&Log::of(1, 250), false);
    let report = verify(&older, &log.policy());
    assert!(report.verdict.completeness.is_failed());
}

/// A checkpoint that claims more than there is costs no more than what is there.
#[test]
fn a25_a_huge_size_is_refused_at_the_first_missing_file() {
    let log = Log::of(1, 300);
    for (size, hashes_only) in [(u64::MAX, false), (u64::MAX, true), (1 << 40, false)] {
        let mut files = published(&log, hashes_only);
        let mut claim = Checkpoint::parse(log.checkpoint().text()).unwrap();
        claim.size = ai_audit_merkle::TreeSize::new(size);
        let note = claim.sign(&log.checkpoint_key).unwrap().to_string();
        files
            .files_mut()
            .insert("checkpoint".into(), note.into_bytes());
        let reason = reason(&verify(&files, &log.pinned()));
        assert_eq!(reason, "tile/0/001 is missing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// No flipped bit of any file of the tree, and none in what was signed, is ever verified.
    #[test]
    fn a01_any_flipped_bit(file: prop::sample::Index, byte: prop::sample::Index, bit in 0..8u8, hashes_only: bool) {
        let log = Log::of(1, 270);
        let mut files = published(&log, hashes_only);
        let names: Vec<String> = files.files().keys().cloned().collect();
        let contents = files.files_mut().get_mut(file.get(&names)).unwrap();
        let at = byte.index(contents.len());
        contents[at] ^= 1 << bit;
        let report = verify(&files, &log.policy());
        prop_assert_eq!(code(&report), 1, "{}: {:?}", file.get(&names), report.verdict);
    }

    /// Hostile folders: nothing panics, nothing is verified.
    #[test]
    fn hostile_files_never_panic(
        added in prop::collection::vec(("[a-z0-9./x]{0,24}", prop::collection::vec(any::<u8>(), 0..200)), 0..4),
        cut: prop::sample::Index, with in prop::collection::vec(any::<u8>(), 0..80), at: prop::sample::Index,
        size in prop::option::of(any::<u64>()), drop_file: Option<prop::sample::Index>,
    ) {
        let log = Log::of(1, 270);
        let good = published(&log, false);
        let mut files = good.clone();
        let names: Vec<String> = files.files().keys().cloned().collect();
        let contents = files.files_mut().get_mut(cut.get(&names)).unwrap();
        let at = at.index(contents.len());
        let end = (at + with.len()).min(contents.len());
        contents.splice(at..end, with);
        for (name, contents) in added {
            files.files_mut().insert(format!("tile/{name}"), contents);
        }
        if let Some(size) = size {
            let mut claim = Checkpoint::parse(log.checkpoint().text()).unwrap();
            claim.size = ai_audit_merkle::TreeSize::new(size);
            let note = claim.sign(&log.checkpoint_key).unwrap().to_string();
            files.files_mut().insert("checkpoint".into(), note.into_bytes());
        }
        if let Some(index) = drop_file {
            files.files_mut().remove(index.get(&names));
        }
        let report = verify(&files, &log.policy());
        let mut same = files.files().len() == good.files().len();
        files.names(&mut |name| same &= files.files().get(name) == good.files().get(name)).unwrap();
        if !same {
            prop_assert_ne!(code(&report), 0, "{:?}", report.verdict);
        }
    }
}
