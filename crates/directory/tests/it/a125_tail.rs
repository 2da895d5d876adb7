//! A125: what a store for what is old has beyond the log's end comes back where the log's keys signed it, and in no other case.

use crate::{new, record};
use ai_audit_core::{Decision, Draft, Head, ReceiptId, SigningKey};
use ai_audit_directory::{LogDirectory, Settings, Writer};
use ai_audit_store::{Batch, LogName, ReadLimit, Sealed, Store, StoredReceipt, TierPolicy};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
use std::time::Duration;

fn append(store: &dyn Store, expected: &Head, receipts: &[Sealed]) -> Head {
    let log = LogName::default();
    let batch = Batch {
        log: &log,
        expected,
        receipts,
    };
    store.append(&[batch]).unwrap();
    store.head(&log).unwrap().unwrap()
}

#[test]
fn a125_a_tail_that_the_logs_keys_did_not_sign_is_not_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cold) = (folder.path().join("audit"), folder.path().join("cold"));
    let log = LogName::default();
    new(&path, "default");
    let mut settings = Settings::default();
    settings.cold.folder = Some(cold.clone());
    record(&path, settings.clone(), 3).unwrap();
    let writer = Writer::open(&path, settings.clone(), "test").unwrap();
    writer.seal_epoch(&log).unwrap();
    writer.make_cold_store(false).unwrap();
    let all = TierPolicy {
        age: Duration::ZERO,
        keep: 0,
    };
    writer.move_epochs(&log, &all).unwrap();
    writer.close("done").unwrap();
    // Whoever can write to the store for what is old brings it to the log's end, and goes on by a key of his own: the chain
    // holds.
    let directory = LogDirectory::open(&path, settings.clone()).unwrap();
    let end = directory.head(&log).unwrap();
    let place = Place::Folder(cold);
    let store = ObjectStore::open(&place, OpenMode::ReadWrite, &ObjectOptions::default()).unwrap();
    let moved = store.head(&log).unwrap().unwrap();
    let rest = directory
        .store()
        .read(&log, moved.size(), ReadLimit::default())
        .unwrap();
    let rest: Vec<Sealed> = (rest.into_iter())
        .filter_map(StoredReceipt::into_sealed)
        .map(Sealed::new)
        .collect();
    assert_eq!(append(&store, &moved, &rest), end);
    let (mut buf, time) = ([0; 4096], end.sealed_at());
    let forged = Draft::new(ReceiptId::from_parts(time, [7; 10]), time)
        .seal(
            &Decision::new(),
            &end,
            &SigningKey::from_bytes(&[9; 32]),
            &mut buf,
        )
        .unwrap();
    append(&store, &end, &[Sealed::new(forged.as_bytes().to_vec())]);
    drop(directory);
    let error = Writer::adopt(&path, settings.clone(), "test", &log).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("none that this log goes on with")
            && said.contains("nothing was brought back"),
        "{said}"
    );
    let directory = LogDirectory::open(&path, settings).unwrap();
    assert_eq!(directory.head(&log).unwrap(), end);
}
