//! A33: two writers on one log; a log that is older than it was; a copy that was written on.

use crate::rig::{kinds, name, record, rig, walk};
use ai_audit_core::{Kind, LogId};
use ai_audit_store::{
    AppendError, Batch, FileMarks, HighWaterMark, LedgerError, LogName, LogSigners, Mark,
    MarkError, MemoryStore, ReadLimit, Sealed, SignerSource, Store, StoreError, SubmitError,
    WriterLock,
};
use ai_audit_testkit::{FaultyStore, TestLog};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn a33_the_second_writer_is_refused_and_nothing_forks() {
    let rig = rig();
    let (log, other) = (LogName::default(), name("other"));
    let first = rig.created();
    first
        .create_log(other.clone(), TestLog::new_log(2))
        .unwrap();
    first
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
    // A second ledger on the same store, as if there were no lock.
    let second = rig.attached();
    second
        .submit(&log, vec![record("b")])
        .unwrap()
        .wait()
        .unwrap();
    let error = first
        .submit(&log, vec![record("c")])
        .unwrap()
        .wait()
        .unwrap_err();
    let AppendError::TakenOver { error, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(*error, StoreError::HeadMoved { .. }), "{error}");
    // It is out for good, though not of its other logs.
    assert!(matches!(
        first.submit(&log, vec![record("d")]),
        Err(SubmitError::NotAttached { .. })
    ));
    first
        .submit(&other, vec![record("e")])
        .unwrap()
        .wait()
        .unwrap();
    second
        .submit(&log, vec![record("f")])
        .unwrap()
        .wait()
        .unwrap();
    assert!(first.close("").is_err(), "one log could not be stopped");
    second.close("").unwrap();
    let (start, one) = (Kind::START, Kind::DECISION);
    assert_eq!(
        kinds(&*rig.store, &log),
        [Kind::GENESIS, start, one, start, one, one, Kind::STOP]
    );
    let last = walk(&*rig.store, &other, 2).pop().unwrap();
    assert_eq!(last.0, Kind::STOP);
}

/// Has the signers of the test logs.
struct Source;

impl SignerSource for Source {
    fn signers(&self, log: &LogName) -> Result<LogSigners, String> {
        match log.as_str() {
            "default" => Ok(TestLog::signers(1)),
            _ => Err(format!("no keys of log {log}")),
        }
    }
}

#[test]
fn a33_a_log_that_attaches_itself_is_not_taken_back_from_another_writer() {
    let mut rig = rig();
    rig.created().close("").unwrap();
    rig.config.signers = Some(Arc::new(Source));
    let log = LogName::default();
    let first = rig.open();
    assert!(!first.is_attached(&log));
    let submit = |records| first.submit(&log, records);
    let receipts = submit(vec![record("a")]).unwrap().wait().unwrap();
    assert_eq!(receipts[0].seq, 4, "behind genesis, start, stop, start");
    let error = first.submit(&name("other"), vec![record("a")]).unwrap_err();
    assert!(
        error.to_string().contains("no keys of log other"),
        "{error}"
    );
    rig.attached().close("").unwrap();
    let error = submit(vec![record("b")]).unwrap().wait().unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    for _ in 0..2 {
        assert!(matches!(
            submit(vec![record("c")]),
            Err(SubmitError::NotAttached { .. })
        ));
    }
    first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
    submit(vec![record("d")]).unwrap().wait().unwrap();
}

#[test]
fn a33_a_writer_that_was_replaced_may_attach_again() {
    let rig = rig();
    let log = LogName::default();
    let first = rig.created();
    rig.attached().close("").unwrap();
    first
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap_err();
    first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
    first
        .submit(&log, vec![record("b")])
        .unwrap()
        .wait()
        .unwrap();
}

#[test]
fn a33_a_lock_is_held_by_one_and_freed_by_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.lock");
    let lock = WriterLock::acquire(&path).unwrap();
    let refused = WriterLock::acquire(&path).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, StoreError::Locked { .. }));
    assert!(
        text.contains("locked by another writer (process "),
        "{text}"
    );
    drop(lock);
    assert_eq!(WriterLock::acquire(&path).unwrap().path(), path);
    assert!(path.exists(), "the file stays");
    let nowhere = folder.path().join("none/log.lock");
    assert!(matches!(
        WriterLock::acquire(&nowhere),
        Err(StoreError::Io { .. })
    ));
}

#[test]
fn a33_a_lock_is_free_at_once_though_processes_are_being_started() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.lock");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let taken = (0..5_000).try_for_each(|_| WriterLock::acquire(&path).map(drop));
        done.store(true, Ordering::Relaxed);
        taken.unwrap();
    });
}

/// A store with the first `size` receipts of another: what a backup brings back.
fn restored(store: &dyn Store, size: usize) -> MemoryStore {
    let log = LogName::default();
    let limit = ReadLimit {
        receipts: size,
        bytes: usize::MAX,
    };
    let receipts: Vec<Sealed> = store
        .read(&log, 0, limit)
        .unwrap()
        .into_iter()
        .map(|receipt| Sealed::new(receipt.into_sealed().unwrap()))
        .collect();
    let copy = MemoryStore::new();
    copy.append(&[Batch {
        log: &log,
        expected: &ai_audit_core::Head::EMPTY,
        receipts: &receipts,
    }])
    .unwrap();
    copy
}

#[test]
fn a33_behind_the_high_water_mark_is_refused_with_both_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = rig();
    let marks = Arc::new(FileMarks::new(folder.path()));
    rig.config.marks = Some(marks.clone());
    let log = LogName::default();
    let ledger = rig.created();
    for _ in 0..8 {
        ledger
            .submit(&log, vec![record("a")])
            .unwrap()
            .wait()
            .unwrap();
    }
    let head = rig.store.head(&log).unwrap().unwrap();
    let mark = marks.read(&head.log_id()).unwrap().unwrap();
    assert_eq!((mark.size, mark.hash), (10, head.hash()));
    ledger.close("").unwrap();

    // An older state comes back.
    let original = std::mem::replace(
        &mut rig.store,
        Arc::new(FaultyStore::new(MemoryStore::new())),
    );
    rig.store = Arc::new(FaultyStore::new(restored(&*original, 6)));
    let refused = rig.open().attach_log(log.clone(), TestLog::signers(1));
    let refused = refused.unwrap_err();
    assert!(
        matches!(
            refused,
            LedgerError::Behind {
                held: 6,
                marked: 11,
                ..
            }
        ),
        "{refused}"
    );
    let text = refused.to_string();
    assert!(text.contains("has 6 receipts but had 11"), "{text}");
    assert_eq!(rig.store.head(&log).unwrap().unwrap().size(), 6);

    // A copy of the older state that somebody wrote on, without the mark, until it is longer.
    rig.config.marks = None;
    let ledger = rig.attached();
    for _ in 0..8 {
        ledger
            .submit(&log, vec![record("fork")])
            .unwrap()
            .wait()
            .unwrap();
    }
    ledger.close("").unwrap();
    rig.config.marks = Some(marks.clone());
    let refused = rig.open().attach_log(log.clone(), TestLog::signers(1));
    assert_eq!(
        refused,
        Err(LedgerError::Forked {
            log: log.clone(),
            seq: 10
        })
    );

    // The original goes on.
    rig.store = original;
    rig.attached().close("").unwrap();
    let head = rig.store.head(&log).unwrap().unwrap();
    assert_eq!(marks.read(&head.log_id()).unwrap().unwrap().size, 13);

    // A mark that cannot be read is no reason to go on without.
    std::fs::write(marks.path(&head.log_id()), "torn").unwrap();
    let refused = rig.open().attach_log(log, TestLog::signers(1));
    assert!(matches!(refused, Err(LedgerError::Mark { .. })));
}

#[derive(Debug)]
struct BrokenMarks;

impl HighWaterMark for BrokenMarks {
    fn read(&self, _: &LogId) -> Result<Option<Mark>, MarkError> {
        Ok(None)
    }
    fn write(&self, _: &LogId, _: &Mark) -> Result<(), MarkError> {
        Err(MarkError::new("nowhere to write"))
    }
}

#[test]
fn a_mark_that_cannot_be_written_is_counted_and_stops_nothing() {
    let mut rig = rig();
    rig.config.marks = Some(Arc::new(BrokenMarks));
    let ledger = rig.created();
    let log = LogName::default();
    ledger
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
    let stats = ledger.stats();
    assert_eq!(stats.mark_failures, 2);
    assert!(stats.last_error.unwrap().contains("nowhere to write"));
}
