//! Batched receipts, whose bytes are the payload alone: kept, deleted and put back like any other.

use super::{append, name};
use crate::TestLog;
use ai_audit_core::{Head, LeafHash, Outline, SealMode, UnverifiedReceipt};
use ai_audit_store::{LogName, Query, ReadLimit, Sealed, Store, StoreError, StoredContent};

/// The genesis, two batches and the seal behind each.
const RECEIPTS: u64 = 1 + 20 + 1 + 300 + 1;

fn log_name() -> LogName {
    name("batched")
}

fn made() -> (TestLog, Vec<Sealed>) {
    let mut log = TestLog::new(8);
    let mut all = vec![log.seal_permitting()];
    all.extend(log.seal_batch(20));
    all.extend(log.seal_batch(300));
    (log, all)
}

fn hash(sealed: &Sealed) -> LeafHash {
    UnverifiedReceipt::parse(sealed.as_bytes()).unwrap().hash()
}

/// All receipts are there, but for the bytes of these.
fn holds(store: &dyn Store, all: &[Sealed], gone: &[u64]) {
    let whole = ReadLimit {
        receipts: usize::MAX,
        bytes: usize::MAX,
    };
    let read = store.read(&log_name(), 0, whole).unwrap();
    let expected = (0..).zip(all).map(|(seq, sealed)| {
        if gone.contains(&seq) {
            StoredContent::Deleted(hash(sealed))
        } else {
            StoredContent::Sealed(sealed.as_bytes().to_vec())
        }
    });
    assert!(read.into_iter().map(|receipt| receipt.content).eq(expected));
}

pub(super) fn are_receipts_like_others(store: &dyn Store) {
    let (log, all) = made();
    let (first, second) = all.split_at(22);
    let batched = Outline::read(first[1].as_bytes()).unwrap();
    assert_eq!(batched.mode, SealMode::Batched);
    append(store, &log_name(), &Head::EMPTY, first).unwrap();
    let head = store.head(&log_name()).unwrap().unwrap();
    append(store, &log_name(), &head, second).unwrap();
    assert_eq!(store.head(&log_name()).unwrap(), Some(log.head()));
    holds(store, &all, &[]);
    // As `TestLog` names them.
    let sessions: Vec<u64> = (2..RECEIPTS).filter(|seq| seq % 5 == 4).collect();
    let session = Query::Session("s4".into());
    assert_eq!(
        store.find(&log_name(), &session, None, 999).unwrap(),
        sessions
    );

    // The seal of a batch is no control receipt: it goes and comes with what it signs for.
    assert_eq!(store.delete_receipts(&log_name(), 10..=21).unwrap(), 12);
    let gone: Vec<u64> = (10..=21).collect();
    holds(store, &all, &gone);
    // With a signature behind it, the payload is not its bytes.
    let longer = [all[10].as_bytes(), &[7; 64]].concat();
    let refused = store.restore_receipts(&log_name(), &[Sealed::new(longer)]);
    assert!(
        matches!(
            refused,
            Err(StoreError::NotRestored { .. } | StoreError::OtherReceipt { .. })
        ),
        "{refused:?}"
    );
    holds(store, &all, &gone);
    assert_eq!(
        store.restore_receipts(&log_name(), &all[10..22]).unwrap(),
        12
    );
    holds(store, &all, &[]);
}

/// They are there in a store that was opened again.
pub(super) fn keeps(store: &dyn Store) {
    holds(store, &made().1, &[]);
}
