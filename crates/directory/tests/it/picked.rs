//! Packages of a part of a log, made of what the store's look-ups find: the bytes are those of one that
//! went through the whole log, and no other receipt is read.

use crate::grown::{Grown, Op, log, ops};
use ai_audit_core::{Decision, Exit, Question, Timestamp, UnverifiedReceipt};
use ai_audit_directory::{DirectoryLog, LogKey};
use ai_audit_export::{
    LogEvidence, PackageOptions, Selection, Written, verify_package, write_package,
};
use ai_audit_merkle::{TileError, Tiled};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{Record, StoreError, StoreReader, StoreTiles, StoredContent};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::FaultyStore;
use ai_audit_verify::{Pin, TrustPolicy};
use proptest::prelude::*;
use std::io::Cursor;

/// A log that cannot tell where anything stands, so that all of it is read.
struct Through<'d>(DirectoryLog<'d>);

impl LogEvidence for Through<'_> {
    type Error = StoreError;
    type Receipts<'s>
        = StoreReader<'s>
    where
        Self: 's;
    type NodeError = TileError<StoreError>;
    type Nodes<'s>
        = Tiled<StoreTiles<'s>>
    where
        Self: 's;

    fn receipts(&self) -> Result<StoreReader<'_>, StoreError> {
        self.0.receipts()
    }

    fn nodes(&self) -> Tiled<StoreTiles<'_>> {
        self.0.nodes()
    }
}

/// A package's bytes and what is told of them, or why there is none.
fn package(
    log: &impl LogEvidence,
    note: &SignedNote,
    key: &LogKey,
    selection: &Selection,
) -> Result<(Vec<u8>, Written), String> {
    let options = PackageOptions {
        selection: selection.clone(),
        json_view: true,
        ciphertexts: false,
        timestamp: None,
        reports: None,
    };
    let mut out = Cursor::new(Vec::new());
    let written = write_package(&mut out, log, note, &[], key, &options, |_, _| {});
    let written = written.map_err(|error| error.to_string())?;
    Ok((out.into_inner(), written))
}

/// When a receipt was sealed, if its bytes are there.
fn sealed_at(grown: &Grown, seq: u64) -> Option<Timestamp> {
    match grown.directory().stored(&log(), seq).unwrap() {
        StoredContent::Sealed(sealed) => {
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            Some(receipt.header().sealed_at)
        }
        StoredContent::Deleted(_) => None,
    }
}

/// Selections of every sort, some of nothing.
fn selections(grown: &Grown, size: u64) -> Vec<Selection> {
    let mut all = vec![Selection::All];
    for name in ["t-1", "t-3", "t-6", "nobody", ""] {
        all.push(Selection::Trace(name.into()));
    }
    for name in ["s-1", "s-2", "nobody", ""] {
        all.push(Selection::Session(name.into()));
    }
    for (from, to) in [(0, 0), (size / 3, size / 2), (size / 2, u64::MAX)] {
        all.push(Selection::Range { from, to });
    }
    let times = [sealed_at(grown, size / 3), sealed_at(grown, size - 1)];
    if let [Some(from), Some(to)] = times {
        all.push(Selection::Time { from, to });
        let later = Timestamp::from_micros(to.as_micros() + 1);
        all.push(Selection::Time { from, to: later });
        all.push(Selection::Time {
            from: later,
            to: later,
        });
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn picked_out_or_gone_through_a_package_has_the_same_bytes(
        ops in ops(),
        batched in any::<bool>(),
        cut in 0usize..14,
    ) {
        let grown = Grown::new(batched);
        let directory = grown.directory();
        grown.act(&Op::Append(20, 3));
        // What comes behind the checkpoint belongs to no package of it.
        let mut note = None;
        for (place, op) in ops.iter().enumerate() {
            if place == cut {
                note = Some(directory.make_checkpoint(&log()).unwrap());
            }
            grown.act(op);
        }
        let note = note.unwrap_or_else(|| directory.make_checkpoint(&log()).unwrap());
        let size = Checkpoint::parse(note.text()).unwrap().size.as_u64();
        let key = directory.checkpoint_key(&log()).unwrap();
        let policy = TrustPolicy::new().pin(Pin::Log(directory.key_line(&log()).unwrap()));
        let source = || DirectoryLog::new(directory, log());
        for selection in selections(&grown, size) {
            let picked = package(&source(), &note, &key, &selection);
            let through = package(&Through(source()), &note, &key, &selection);
            prop_assert!(picked == through, "{selection:?}: {:?} {:?}", told(&picked), told(&through));
            if let Ok((bytes, _)) = picked {
                let report = verify_package(bytes, &policy, |_, _| {}).report;
                prop_assert!(!report.verdict.integrity.is_failed(), "{selection:?}: {report:?}");
            }
        }
    }
}

fn told(package: &Result<(Vec<u8>, Written), String>) -> Result<&Written, &String> {
    package.as_ref().map(|(_, written)| written)
}

/// A verifier would take the log for broken: nothing under the checkpoint says why bytes are missing.
#[test]
fn under_a_checkpoint_older_than_a_deletion_there_is_no_package_of_everything() {
    let grown = Grown::new(false);
    let directory = grown.directory();
    grown.act(&Op::Append(20, 3));
    let older = directory.make_checkpoint(&log()).unwrap();
    grown.act(&Op::Seal);
    grown.act(&Op::Delete(0));
    let key = directory.checkpoint_key(&log()).unwrap();
    let all = |note| {
        package(
            &DirectoryLog::new(directory, log()),
            note,
            &key,
            &Selection::All,
        )
    };
    let refused = all(&older).unwrap_err();
    assert!(refused.contains("under a newer checkpoint"), "{refused}");
    let (bytes, _) = all(&directory.make_checkpoint(&log()).unwrap()).unwrap();
    let policy = TrustPolicy::new().pin(Pin::Log(directory.key_line(&log()).unwrap()));
    let report = verify_package(bytes, &policy, |_, _| {}).report;
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
}

#[test]
fn the_package_of_a_trace_reads_its_receipts_and_no_others() {
    const RARE: [usize; 3] = [7, 1500, 3900];
    let grown = Grown::new(false);
    for hundred in 0..40 {
        grown.append((0..100).map(|number| {
            let trace = match RARE.contains(&(100 * hundred + number)) {
                true => "rare",
                false => "usual",
            };
            Record::new(&Decision::new()).trace(trace).session("s")
        }));
    }
    let directory = grown.directory();
    let note = directory.make_checkpoint(&log()).unwrap();
    let key = directory.checkpoint_key(&log()).unwrap();
    let database = SqliteStore::open(&grown.database(), OpenMode::ReadOnly).unwrap();
    let store = FaultyStore::new(database);
    let source = || DirectoryLog::in_store(&store, log());
    let selection = Selection::Trace("rare".into());
    let (picked, written) = package(&source(), &note, &key, &selection).unwrap();
    assert_eq!(written.selected, 3);
    // Three times: for the receipts, their view, their proofs.
    let receipts = written.manifest.receipts;
    assert!(receipts < 10, "{receipts}");
    assert_eq!(store.receipts_read(), 3 * receipts);
    // A proof needs some sixteens of nodes, not the tree.
    let nodes = store.nodes_read();
    assert!(nodes <= receipts * 8 * 16, "{nodes} for {receipts}");

    let before = store.receipts_read();
    let (through, also) = package(&Through(source()), &note, &key, &selection).unwrap();
    assert!(store.receipts_read() - before > 3 * 4000);
    assert!(picked == through && written == also);
    let policy = TrustPolicy::new().pin(Pin::Log(directory.key_line(&log()).unwrap()));
    let report = verify_package(picked, &policy, |_, _| {}).report;
    let asked = [Question::Integrity, Question::Attribution];
    assert_eq!(report.exit(&asked), Exit::Verified, "{report:?}");
}
