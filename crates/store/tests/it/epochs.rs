//! Epochs in the ledger: sealed when due and when asked for, recovered, deleted when they may be.

use crate::rig::{NOW, Rig, name, record, rig, walk};
use ai_audit_core::{
    DecodeBody as _, Exit, Kind, Question, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochPolicy, EpochSeal, Retention};
use ai_audit_note::VKey;
use ai_audit_store::{
    Archived, DeleteEpoch, EpochDeleted, Ledger, LedgerError, LogName, NewLog, Query, ReadLimit,
    Record, Store, StoreReader, SubmitError,
};
use ai_audit_testkit::{Fault, TestLog};
use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy, verify_source};
use core::time::Duration;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

fn log() -> LogName {
    LogName::default()
}

fn submit(ledger: &Ledger, records: usize) {
    let records = (0..records)
        .map(|_| record("m").trace("t").session("s"))
        .collect();
    ledger.submit(&log(), records).unwrap().wait().unwrap();
}

fn by_count(receipts: u64) -> EpochPolicy {
    EpochPolicy {
        receipts: Some(receipts),
        age: None,
    }
}

/// The seals of the log, with their places.
fn seals(store: &dyn Store) -> Vec<(u64, EpochSeal)> {
    store
        .find(&log(), &Query::Kind(Kind::EPOCH_SEAL), None, 99)
        .unwrap()
        .into_iter()
        .map(|seq| {
            let read = store.read(&log(), seq, ReadLimit::ONE).unwrap();
            let receipt = UnverifiedReceipt::parse(read[0].sealed().unwrap()).unwrap();
            (seq, EpochSeal::decode(&receipt).unwrap())
        })
        .collect()
}

/// Verifies the stored log under its true key line, as one that is known to its end.
fn verify(store: &dyn Store, origin: &str) -> Report {
    let [_, checkpoint, _] = TestLog::keys(1);
    let line = VKey::ed25519(origin, checkpoint.verifying_key()).unwrap();
    let size = store.head(&log()).unwrap().unwrap().size();
    let policy = TrustPolicy::new().pin(Pin::Log(line)).min_size(size);
    let mut verifier = LogVerifier::new(&policy);
    for kept in store.checkpoints(&log()).unwrap() {
        verifier.evidence_checkpoint(kept.note.as_bytes()).unwrap();
    }
    let mut source = StoreReader::new(store, &log()).unwrap();
    verify_source(verifier, &mut source, |_| {}).unwrap()
}

fn good(store: &dyn Store, origin: &str) -> Report {
    let report = verify(store, origin);
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    report
}

fn promising(days: &str) -> NewLog {
    NewLog {
        policy: vec![("retention-days".into(), days.into())],
        ..TestLog::new_log(1)
    }
}

/// A ledger with a log that promises so many days, and the log's origin.
fn created(rig: &Rig, days: &str) -> (Ledger, String) {
    let ledger = rig.open();
    let origin = ledger.create_log(log(), promising(days)).unwrap().origin;
    (ledger, origin)
}

fn delete(ledger: &Ledger, epoch: u64) -> Result<EpochDeleted, LedgerError> {
    let wish = DeleteEpoch {
        epoch,
        archived: Archived::Nowhere,
        reason: "test".into(),
    };
    ledger.delete_epoch(&log(), wish)
}

#[test]
fn epochs_are_sealed_by_count_also_in_the_middle_of_a_commit() {
    let mut rig = rig();
    rig.config.epochs = by_count(10);
    let (ledger, origin) = created(&rig, "0");
    // Genesis and start are of the first epoch; a group is never split.
    submit(&ledger, 7);
    assert!(seals(&*rig.store).is_empty());
    submit(&ledger, 4);
    submit(&ledger, 25);
    for _ in 0..9 {
        submit(&ledger, 1);
    }
    ledger.close("done").unwrap();
    let found: Vec<(u64, u64, u64)> = seals(&*rig.store)
        .iter()
        .map(|(seq, seal)| (*seq, seal.first, seal.control))
        .collect();
    // With the stop receipt the last epoch has ten receipts too; nothing is written after a stop.
    assert_eq!(found, [(13, 0, 3), (39, 14, 1)]);
    assert_eq!(ledger.stats().epochs, 2);
    good(&*rig.store, &origin);
    // A writer that comes later goes on where the epoch was, and sees that it is due.
    let ledger = rig.attached();
    submit(&ledger, 1);
    let all = seals(&*rig.store);
    let (seq, last) = all.last().unwrap();
    assert_eq!((*seq, last.number, last.first, last.count), (51, 2, 40, 12));
    // Stop, start, and the seal.
    assert_eq!(last.control, 3);
    submit(&ledger, 3);
    ledger.close("done").unwrap();
    good(&*rig.store, &origin);
}

#[test]
fn epochs_are_sealed_by_age_though_nobody_writes() {
    let mut rig = rig();
    rig.config.epochs = EpochPolicy {
        receipts: None,
        age: Some(Duration::from_millis(20)),
    };
    let (ledger, origin) = created(&rig, "0");
    submit(&ledger, 2);
    assert!(seals(&*rig.store).is_empty());
    rig.clock.set(NOW + 20_000);
    let start = std::time::Instant::now();
    while seals(&*rig.store).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "never sealed");
        std::thread::sleep(Duration::from_millis(5));
    }
    // An epoch without receipts is never sealed, however old.
    rig.clock.set(NOW + DAY);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(seals(&*rig.store).len(), 1);
    submit(&ledger, 1);
    ledger.close("done").unwrap();
    good(&*rig.store, &origin);
}

#[test]
fn an_epoch_is_sealed_when_asked_for_unless_it_is_empty() {
    let rig = rig();
    let (ledger, origin) = created(&rig, "0");
    submit(&ledger, 3);
    let sealed = ledger.seal_epoch(&log()).unwrap();
    assert_eq!((sealed.receipt.seq, sealed.seal.count), (5, 6));
    assert_eq!(seals(&*rig.store)[0].1, sealed.seal);
    let error = ledger.seal_epoch(&log()).unwrap_err();
    assert!(
        matches!(error, LedgerError::EmptyEpoch { epoch: 1, .. }),
        "{error}"
    );
    submit(&ledger, 1);
    let second = ledger.seal_epoch(&log()).unwrap();
    assert_eq!(second.seal.previous, Some(sealed.receipt.hash));
    assert!(matches!(
        ledger.seal_epoch(&name("other")),
        Err(LedgerError::NotAttached { .. })
    ));
    ledger.close("done").unwrap();
    assert!(matches!(
        ledger.seal_epoch(&log()),
        Err(LedgerError::Closed)
    ));
    good(&*rig.store, &origin);
}

#[test]
fn producers_cannot_write_seals_or_deletions() {
    let rig = rig();
    let (ledger, _) = created(&rig, "0");
    submit(&ledger, 1);
    let seal = ledger.seal_epoch(&log()).unwrap().seal;
    let deletion = Deletion {
        epoch: 0,
        first: 0,
        last: 3,
        count: 1,
        archive: None,
        reason: "".into(),
    };
    for record in [Record::new(&seal), Record::new(&deletion)] {
        assert!(matches!(
            ledger.submit(&log(), vec![record]),
            Err(SubmitError::Reserved { .. })
        ));
    }
}

#[test]
fn a32_a_seal_survives_failing_commits() {
    for fault in [Fault::Before, Fault::After, Fault::Full] {
        let mut rig = rig();
        rig.config.epochs = by_count(6);
        let (ledger, origin) = created(&rig, "0");
        submit(&ledger, 2);
        rig.store.fail_next(fault);
        let records = (0..3).map(|_| record("m")).collect();
        assert!(ledger.submit(&log(), records).unwrap().wait().is_err());
        for _ in 0..4 {
            submit(&ledger, 3);
        }
        ledger.close("done").unwrap();
        assert!(seals(&*rig.store).len() >= 2);
        good(&*rig.store, &origin);
    }
}

#[test]
fn bytes_are_deleted_when_they_may_be_and_the_rest_verifies() {
    let mut rig = rig();
    rig.config.epochs = by_count(10);
    let (ledger, origin) = created(&rig, "2");
    for _ in 0..4 {
        submit(&ledger, 8);
    }
    // Epochs 0 to 10, 11 to 27; the third is open.
    let places: Vec<u64> = seals(&*rig.store).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(places, [10, 27]);
    let refused = |epoch| delete(&ledger, epoch).unwrap_err();
    assert!(matches!(
        refused(2),
        LedgerError::NotSealed { sealed: 2, .. }
    ));
    assert!(matches!(refused(u64::MAX), LedgerError::NotSealed { .. }));
    let young = refused(0);
    assert!(
        matches!(&young, LedgerError::Retained { days: 2, until, .. } if until.as_micros() == NOW + 2 * DAY),
        "{young}"
    );
    rig.clock.set(NOW + 2 * DAY - 1);
    assert!(matches!(refused(0), LedgerError::Retained { .. }));
    rig.clock.set(NOW + 2 * DAY);
    let uncovered = refused(0);
    assert!(matches!(
        uncovered,
        LedgerError::NotCovered {
            seal: 10,
            size: 0,
            ..
        }
    ));
    let head = rig.store.head(&log()).unwrap();
    ledger.checkpoint(&log()).unwrap();
    assert_eq!(rig.store.head(&log()).unwrap(), head, "nothing was written");

    let done = delete(&ledger, 0).unwrap();
    assert_eq!((done.first, done.last, done.deleted), (0, 10, 8));
    assert_eq!(rig.store.count_deleted(&log(), 0..=99).unwrap(), 8);
    let report = good(&*rig.store, &origin);
    assert_eq!(report.deleted[0].deletion, done.deletion);
    // The log goes on, is attached again, and its next epochs too.
    for _ in 0..3 {
        submit(&ledger, 8);
    }
    ledger.close("done").unwrap();
    let ledger = rig.attached();
    ledger.checkpoint(&log()).unwrap();
    let done = delete(&ledger, 1).unwrap();
    assert_eq!((done.first, done.last, done.deleted), (11, 27, 16));
    good(&*rig.store, &origin);
    // Once more changes nothing and writes nothing.
    let size = rig.store.head(&log()).unwrap().unwrap().size();
    let again = delete(&ledger, 1).unwrap();
    assert_eq!((again.deleted, again.deletion), (0, done.deletion));
    assert_eq!(rig.store.head(&log()).unwrap().unwrap().size(), size);
    ledger.close("done").unwrap();
    good(&*rig.store, &origin);
}

#[test]
fn the_configured_retention_is_at_least_the_promised_one() {
    // Promised, configured, and the day from which on it may be deleted.
    for (promised, configured, days) in [
        (Some("2"), None, 2),
        (Some("2"), Some(1), 2),
        (Some("2"), Some(5), 5),
        (None, Some(5), 5),
        (None, Some(0), 0),
        (None, None, 184),
    ] {
        let mut rig = rig();
        rig.config.retention = configured.map(Retention::days);
        let ledger = rig.open();
        let new = promised.map_or(TestLog::new_log(1), promising);
        ledger.create_log(log(), new).unwrap();
        submit(&ledger, 1);
        ledger.seal_epoch(&log()).unwrap();
        ledger.checkpoint(&log()).unwrap();
        if days > 0 {
            rig.clock.set(NOW + days * DAY - 1);
            assert!(
                matches!(delete(&ledger, 0), Err(LedgerError::Retained { days: found, .. }) if found == days)
            );
        }
        rig.clock.set(NOW + days * DAY);
        assert_eq!(delete(&ledger, 0).unwrap().deleted, 1);
    }
    let rig = rig();
    let error = rig.open().create_log(log(), promising("7y")).unwrap_err();
    assert!(matches!(error, LedgerError::Retention { .. }), "{error}");
    assert_eq!(rig.store.head(&log()).unwrap(), None);
}

#[test]
fn an_epoch_of_control_receipts_has_nothing_to_delete() {
    let rig = rig();
    let (ledger, _) = created(&rig, "0");
    ledger.seal_epoch(&log()).unwrap();
    ledger.checkpoint(&log()).unwrap();
    assert!(matches!(
        delete(&ledger, 0),
        Err(LedgerError::NothingToDelete { .. })
    ));
}

/// A log with one sealed and covered epoch, 0 to 8, closed.
fn sealed(rig: &Rig) -> String {
    let (ledger, origin) = created(rig, "0");
    submit(&ledger, 6);
    ledger.seal_epoch(&log()).unwrap();
    ledger.checkpoint(&log()).unwrap();
    ledger.close("done").unwrap();
    origin
}

#[test]
fn a31_a_deletion_that_was_cut_off_is_ended_when_the_log_is_attached() {
    let rig = rig();
    let origin = sealed(&rig);
    // As if the process had ended after the deletion receipt and half of the bytes: a writer whose
    // log ends with that receipt.
    let [key, ..] = TestLog::keys(1);
    let head = rig.store.head(&log()).unwrap().unwrap();
    let receipt = deletion_receipt(&head, &key);
    rig.store
        .append(&[ai_audit_store::Batch {
            log: &log(),
            expected: &head,
            receipts: &[receipt],
        }])
        .unwrap();
    rig.store.delete_receipts(&log(), 0..=4).unwrap();
    assert_eq!(rig.store.count_deleted(&log(), 0..=8).unwrap(), 3);
    good(&*rig.store, &origin);
    let ledger = rig.attached();
    assert_eq!(rig.store.count_deleted(&log(), 0..=8).unwrap(), 6);
    ledger.close("done").unwrap();
    good(&*rig.store, &origin);
    // What was put back afterwards stays: the deletion receipt is not the last any more.
    let bytes = rig.store.head(&log()).unwrap().unwrap().size();
    let ledger = rig.attached();
    ledger.close("done").unwrap();
    assert_eq!(rig.store.head(&log()).unwrap().unwrap().size(), bytes + 2);
}

fn deletion_receipt(head: &ai_audit_core::Head, key: &SigningKey) -> ai_audit_store::Sealed {
    let deletion = Deletion {
        epoch: 0,
        first: 0,
        last: 8,
        count: 6,
        archive: None,
        reason: "test".into(),
    };
    let time = Timestamp::from_micros(NOW);
    let id = ai_audit_core::ReceiptId::from_parts(time, [7; 10]);
    let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
    let sealed = ai_audit_core::Draft::new(id, time)
        .seal(&deletion, head, key, &mut buf)
        .unwrap();
    ai_audit_store::Sealed::new(sealed.as_bytes().to_vec())
}

#[test]
fn what_was_put_back_can_be_deleted_again() {
    let rig = rig();
    let origin = sealed(&rig);
    let bytes = walk(&*rig.store, &log(), 1);
    let ledger = rig.attached();
    let first = delete(&ledger, 0).unwrap();
    let back: Vec<_> = bytes[..9]
        .iter()
        .map(|(_, sealed)| ai_audit_store::Sealed::new(sealed.clone()))
        .collect();
    assert_eq!(rig.store.restore_receipts(&log(), &back).unwrap(), 6);
    assert!(good(&*rig.store, &origin).deleted.is_empty());
    ledger.close("done").unwrap();
    // Attaching does not take it for a deletion that was cut off.
    let ledger = rig.attached();
    assert_eq!(rig.store.count_deleted(&log(), 0..=8).unwrap(), 0);
    // Half of it gone again: the receipt that is there accounts for it.
    let second = delete(&ledger, 0).unwrap();
    assert_eq!(second.deleted, 6);
    assert!(second.deletion > first.deletion);
    ledger.close("done").unwrap();
    let report = good(&*rig.store, &origin);
    assert_eq!(report.deleted[0].deletion, first.deletion);
}

#[test]
fn a32_a_deletion_receipt_that_cannot_be_stored_deletes_nothing() {
    for fault in [Fault::Before, Fault::Full] {
        let rig = rig();
        let origin = sealed(&rig);
        let ledger = rig.attached();
        rig.store.fail_next(fault);
        let error = delete(&ledger, 0).unwrap_err();
        assert!(matches!(error, LedgerError::Append { .. }), "{error}");
        assert_eq!(rig.store.count_deleted(&log(), 0..=8).unwrap(), 0);
        assert_eq!(delete(&ledger, 0).unwrap().deleted, 6);
        ledger.close("done").unwrap();
        good(&*rig.store, &origin);
    }
}

#[test]
fn nothing_is_deleted_from_a_store_that_was_changed_below() {
    // Another genesis's log under the same name has other seals: simulated by a seal of which the
    // tree is not that of the store.
    let rig = rig();
    let (ledger, _) = created(&rig, "0");
    submit(&ledger, 2);
    ledger.seal_epoch(&log()).unwrap();
    ledger.checkpoint(&log()).unwrap();
    ledger.close("done").unwrap();
    // A producer with the key (a thief) writes a false seal behind the ledger's back.
    let head = rig.store.head(&log()).unwrap().unwrap();
    let [key, ..] = TestLog::keys(1);
    let true_seal = seals(&*rig.store)[0].1;
    let false_seal = EpochSeal {
        number: 1,
        first: 5,
        count: head.size() - 5 + 1,
        control: 1,
        size: head.size(),
        previous: Some(true_seal.first_hash),
        ..true_seal
    };
    let time = Timestamp::from_micros(NOW);
    let id = ai_audit_core::ReceiptId::from_parts(time, [8; 10]);
    let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
    let sealed = ai_audit_core::Draft::new(id, time)
        .seal(&false_seal, &head, &key, &mut buf)
        .unwrap();
    rig.store
        .append(&[ai_audit_store::Batch {
            log: &log(),
            expected: &head,
            receipts: &[ai_audit_store::Sealed::new(sealed.as_bytes().to_vec())],
        }])
        .unwrap();
    let ledger = rig.attached();
    ledger.checkpoint(&log()).unwrap();
    let error = delete(&ledger, 1).unwrap_err();
    assert!(
        matches!(error, LedgerError::Contradiction { .. }),
        "{error}"
    );
    assert_eq!(rig.store.count_deleted(&log(), 0..=99).unwrap(), 0);
}
