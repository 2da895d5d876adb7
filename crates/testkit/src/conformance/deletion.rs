//! What stores must do about receipts whose bytes are deleted and put back.

use super::{append, name};
use crate::TestLog;
use ai_audit_core::{
    Head, Kind, LeafHash, MAX_SEALED_LEN, Next, ReceiptSource as _, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::{
    LeafIndex, MemoryTree, Tiled, TreeSize, consistency_proof, inclusion_proof, root,
};
use ai_audit_store::{
    LogName, Query, ReadLimit, Sealed, Store, StoreError, StoreReader, StoreTiles, StoredContent,
};

/// Receipts of the log that is deleted from; 0 and 1 are control receipts.
const RECEIPTS: u64 = 600;

fn log_name() -> LogName {
    name("deleted")
}

fn hash(sealed: &Sealed) -> LeafHash {
    UnverifiedReceipt::parse(sealed.as_bytes()).unwrap().hash()
}

fn at(all: &[Sealed], seq: u64) -> &Sealed {
    &all[usize::try_from(seq).unwrap()]
}

fn contents(store: &dyn Store) -> Vec<StoredContent> {
    let all = ReadLimit {
        receipts: usize::MAX,
        bytes: usize::MAX,
    };
    let read = store.read(&log_name(), 0, all).unwrap();
    read.into_iter().map(|receipt| receipt.content).collect()
}

/// What should be there when the receipts of `gone` have no bytes.
fn expected(all: &[Sealed], gone: impl Fn(u64) -> bool) -> Vec<StoredContent> {
    (0..)
        .zip(all)
        .map(|(seq, sealed)| match gone(seq) {
            true => StoredContent::Deleted(hash(sealed)),
            false => StoredContent::Sealed(sealed.as_bytes().to_vec()),
        })
        .collect()
}

pub(super) fn bytes_go_and_come_back(store: &dyn Store) {
    let log_name = log_name();
    let mut log = TestLog::new(6);
    let all = log.seal(RECEIPTS);
    append(store, &log_name, &Head::EMPTY, &all).unwrap();
    let head = log.head();
    let bytes = store.health().unwrap().bytes;

    // Who deletes is asked before, and says yes; asking deletes nothing, also of a log that is not there.
    assert_eq!(store.may_delete(&log_name), Ok(()));
    assert_eq!(store.may_delete(&name("no-such")), Ok(()));
    assert_eq!(store.count_deleted(&log_name, 0..=u64::MAX), Ok(0));
    assert_eq!(contents(store), expected(&all, |_| false));

    // Control receipts stay, in the range or not.
    assert_eq!(store.delete_receipts(&log_name, 0..=299).unwrap(), 298);
    assert_eq!(store.count_deleted(&log_name, 0..=u64::MAX).unwrap(), 298);
    assert_eq!(store.count_deleted(&log_name, 290..=310).unwrap(), 10);
    assert_eq!(
        contents(store),
        expected(&all, |seq| (2..300).contains(&seq))
    );
    // A PostgreSQL keeps dead rows until its owner compacts it: its own tests look at its files then.
    let health = store.health().unwrap();
    assert!(health.bytes <= bytes || health.backend == "postgres");
    // Twice is once.
    assert_eq!(store.delete_receipts(&log_name, 0..=299).unwrap(), 0);
    reads_and_finds(store, &log_name, &all);
    the_tree_stays(store, &log_name, &all);
    // Nothing about the log's end has changed: it goes on.
    assert_eq!(store.head(&log_name).unwrap(), Some(head));
    let more = log.seal(1);
    append(store, &log_name, &head, &more).unwrap();
    let all = [all, more].concat();

    // Some of it comes back, with what it is found by.
    let some: Vec<Sealed> = (100..200).map(|seq| at(&all, seq).clone()).collect();
    assert_eq!(store.restore_receipts(&log_name, &some).unwrap(), 100);
    assert_eq!(store.restore_receipts(&log_name, &some).unwrap(), 0);
    let gone = |seq| (2..100).contains(&seq) || (200..300).contains(&seq);
    assert_eq!(contents(store), expected(&all, gone));
    assert_eq!(store.count_deleted(&log_name, 0..=600).unwrap(), 198);
    let found = store
        .find(&log_name, &Query::Session("s4".into()), None, 999)
        .unwrap();
    let session: Vec<u64> = (2..601).filter(|seq| seq % 5 == 4 && !gone(*seq)).collect();
    assert_eq!(found, session);
    // What is there is restored over without harm, and can go again.
    let rest: Vec<Sealed> = (0..300).map(|seq| at(&all, seq).clone()).collect();
    assert_eq!(store.restore_receipts(&log_name, &rest).unwrap(), 198);
    assert_eq!(contents(store), expected(&all, |_| false));
    assert_eq!(store.delete_receipts(&log_name, 150..=400).unwrap(), 251);
    assert_eq!(
        contents(store),
        expected(&all, |seq| (150..=400).contains(&seq))
    );
    the_tree_stays(store, &log_name, &all);
}

fn reads_and_finds(store: &dyn Store, log_name: &LogName, all: &[Sealed]) {
    let find = |query: &Query| store.find(log_name, query, None, 999).unwrap();
    let id = |seq: u64| {
        let receipt = UnverifiedReceipt::parse(at(all, seq).as_bytes()).unwrap();
        Query::Id(receipt.header().id)
    };
    // A deleted receipt is found by its id, kind and time, and by nothing that was in its bytes.
    assert_eq!(find(&id(77)), [77]);
    assert_eq!(find(&id(377)), [377]);
    let trace: Vec<u64> = (300..600).filter(|seq| seq % 3 == 1).collect();
    assert_eq!(find(&Query::Trace("t1".into())), trace);
    let session: Vec<u64> = (300..600).filter(|seq| seq % 5 == 4).collect();
    assert_eq!(find(&Query::Session("s4".into())), session);
    assert_eq!(find(&Query::Kind(Kind::DECISION)).len(), 598);
    let time = |seq: u64| Timestamp::from_micros(1_790_000_000_000_000 + seq);
    let (from, to) = (time(298), time(301));
    assert_eq!(find(&Query::Time { from, to }), [298, 299, 300, 301]);
    // A reader goes on over it.
    let mut reader = StoreReader::range(store, log_name, 298..302);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut next = || reader.read_next(&mut buf).unwrap();
    assert_eq!(next(), Some(Next::Deleted(hash(at(all, 298)))));
    assert_eq!(next(), Some(Next::Deleted(hash(at(all, 299)))));
    assert_eq!(next(), Some(Next::Sealed(at(all, 300).as_bytes().len())));
    assert!(next().is_some() && next().is_none());
}

/// Every proof for every old size is the one that it was.
fn the_tree_stays(store: &dyn Store, log_name: &LogName, all: &[Sealed]) {
    let mut tree = MemoryTree::new();
    for sealed in all {
        tree.push(hash(sealed)).unwrap();
    }
    let mut stored = Tiled::new(StoreTiles::new(store, log_name));
    let size = tree.size();
    for old in [1, 2, 128, 255, 256, 299, 300, 512].map(TreeSize::new) {
        assert_eq!(
            root(&mut stored, old).unwrap(),
            root(&mut tree, old).unwrap()
        );
        assert_eq!(
            consistency_proof(&mut stored, old, size).unwrap(),
            consistency_proof(&mut tree, old, size).unwrap()
        );
        let index = LeafIndex::new(old.as_u64() - 1);
        assert_eq!(
            inclusion_proof(&mut stored, index, size).unwrap(),
            inclusion_proof(&mut tree, index, size).unwrap()
        );
    }
}

pub(super) fn what_must_not_be_done(store: &dyn Store) {
    let log_name = log_name();
    let before = contents(store);
    let held = u64::try_from(before.len()).unwrap();
    let beyond = store.delete_receipts(&log_name, 500..=held).unwrap_err();
    assert!(
        matches!(&beyond, StoreError::NoSuchReceipt { seq, held: found, .. } if (*seq, *found) == (held, held)),
        "{beyond}"
    );
    assert!(beyond.is_refusal());
    let nowhere = store.delete_receipts(&name("no-such"), 0..=0).unwrap_err();
    assert!(matches!(nowhere, StoreError::NoSuchReceipt { held: 0, .. }));
    assert_eq!(store.count_deleted(&name("no-such"), 0..=9).unwrap(), 0);

    // Altered bytes, those of another log, those of a later receipt, garbage: nothing comes back,
    // what stands before the bad one included.
    let all = TestLog::new(6).seal(RECEIPTS + 10);
    let good = at(&all, 160).clone();
    let mut bytes = at(&all, 170).as_bytes().to_vec();
    let middle = bytes.len() - 70;
    bytes[middle] ^= 1;
    let altered = Sealed::new(bytes);
    let other = at(&TestLog::new(7).seal(200), 170).clone();
    for (bad, seq) in [(altered, 170), (other, 170)] {
        let error = store
            .restore_receipts(&log_name, &[good.clone(), bad])
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::OtherReceipt { seq: found, .. } if *found == seq),
            "{error}"
        );
        assert!(error.is_refusal());
    }
    let later = [good.clone(), at(&all, 605).clone()];
    assert!(matches!(
        store.restore_receipts(&log_name, &later),
        Err(StoreError::NoSuchReceipt { seq: 605, .. })
    ));
    let garbage = [good.clone(), Sealed::new(vec![1, 2, 3])];
    assert!(matches!(
        store.restore_receipts(&log_name, &garbage),
        Err(StoreError::NotRestored { .. })
    ));
    assert!(store.restore_receipts(&name("no-such"), &[good]).is_err());
    assert_eq!(contents(store), before);
}

/// What was deleted is deleted in a store that was opened again.
pub(super) fn keeps(store: &dyn Store) {
    let all = TestLog::new(6).seal(RECEIPTS + 1);
    assert_eq!(
        contents(store),
        expected(&all, |seq| (150..=400).contains(&seq))
    );
}
