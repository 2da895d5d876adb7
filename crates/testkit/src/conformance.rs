//! What every store must do, as one suite that every backend's tests run.

mod batches;
mod ciphertexts;
mod deletion;
mod names;

use crate::TestLog;
use ai_audit_core::{
    Head, Kind, MAX_SEALED_LEN, Next, NodeHash, ReceiptSource as _, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::{
    LeafIndex, MemoryTree, NodeReader as _, Tiled, TreeSize, consistency_proof, inclusion_proof,
    root,
};
use ai_audit_store::{
    Batch, LogName, Query, ReadLimit, Sealed, Store, StoreError, StoreReader, StoreTiles,
};

fn name(text: &str) -> LogName {
    LogName::new(text).unwrap()
}

fn append(
    store: &dyn Store,
    log: &LogName,
    expected: &Head,
    receipts: &[Sealed],
) -> Result<(), StoreError> {
    store.append(&[Batch {
        log,
        expected,
        receipts,
    }])
}

/// Runs the suite on an empty store.
pub fn conforms(store: &dyn Store) {
    assert!(store.logs().unwrap().is_empty());
    assert_eq!(store.head(&name("a")).unwrap(), None);
    heads_are_compared(store);
    appends_are_atomic_over_logs(store);
    ranges_and_readers(store);
    lookups(store);
    tiles(store);
    checkpoints(store);
    names::are_found_over_a_long_log(store);
    deletion::bytes_go_and_come_back(store);
    deletion::what_must_not_be_done(store);
    batches::are_receipts_like_others(store);
    ciphertexts::come_with_their_receipts(store);
    ciphertexts::go_by_key(store);
    ciphertexts::go_and_come_back_with_their_receipts(store);
    ciphertexts::may_be_large(store);
    readers_beside_a_writer(store);
    let health = store.health().unwrap();
    assert!(
        health.writable && health.logs >= 4 && health.receipts > 700,
        "{health:?}"
    );
}

/// What [`conforms`] left behind must be there in a store that was opened again.
pub fn keeps(store: &dyn Store) {
    let mut log = TestLog::new(4);
    let sealed = log.seal(700);
    assert_eq!(store.head(&name("tiles")).unwrap(), Some(log.head()));
    let read = store.read(&name("tiles"), 699, ReadLimit::ONE).unwrap();
    assert_eq!(read[0].sealed().unwrap(), sealed[699].as_bytes());
    assert_eq!(
        store
            .latest_checkpoint(&name("tiles"))
            .unwrap()
            .unwrap()
            .size,
        TreeSize::new(600)
    );
    deletion::keeps(store);
    batches::keeps(store);
    ciphertexts::keeps(store);
    names::are_still_found(store);
    let more = log_after(&mut log);
    append(store, &name("tiles"), &more.0, &more.1).unwrap();
}

fn log_after(log: &mut TestLog) -> (Head, Vec<Sealed>) {
    let head = log.head();
    (head, log.seal(1))
}

fn heads_are_compared(store: &dyn Store) {
    let log_name = name("heads");
    let mut log = TestLog::new(1);
    let first = log.seal(3);
    append(store, &log_name, &Head::EMPTY, &first).unwrap();
    assert_eq!(store.head(&log_name).unwrap(), Some(log.head()));
    // A second writer that thinks the log is empty, or shorter, is told where it ends.
    for stale in [Head::EMPTY, TestLog::new(1).head()] {
        match append(store, &log_name, &stale, &first).unwrap_err() {
            StoreError::HeadMoved { found, .. } => assert_eq!(*found, log.head()),
            other => panic!("{other}"),
        }
    }
    let old_head = log.head();
    let second = log.seal(1);
    append(store, &log_name, &old_head, &second).unwrap();
    assert!(append(store, &log_name, &old_head, &second).is_err());
    // Nothing that is no chain: a gap, a receipt of another log, other bytes.
    let head = log.head();
    let skipped = log.seal(2).split_off(1);
    assert!(
        append(store, &log_name, &head, &skipped)
            .unwrap_err()
            .is_refusal()
    );
    let other = TestLog::new(2).seal(1);
    assert!(
        append(store, &log_name, &head, &other)
            .unwrap_err()
            .is_refusal()
    );
    let garbage = [Sealed::new(vec![1, 2, 3])];
    assert!(
        append(store, &log_name, &head, &garbage)
            .unwrap_err()
            .is_refusal()
    );
    assert_eq!(store.head(&log_name).unwrap(), Some(head));
    // Nothing to append is no error and no log.
    append(store, &name("nothing"), &Head::EMPTY, &[]).unwrap();
    assert_eq!(store.head(&name("nothing")).unwrap(), None);
}

fn appends_are_atomic_over_logs(store: &dyn Store) {
    let (one, two) = (name("one"), name("two"));
    let (mut first, mut second) = (TestLog::new(2), TestLog::new(3));
    let (a, b) = (first.seal(2), second.seal(2));
    let wrong = first.head();
    let batches = [
        Batch {
            log: &one,
            expected: &Head::EMPTY,
            receipts: &a,
        },
        Batch {
            log: &two,
            expected: &wrong,
            receipts: &b,
        },
    ];
    assert!(store.append(&batches).is_err());
    assert_eq!(
        (store.head(&one).unwrap(), store.head(&two).unwrap()),
        (None, None)
    );
    let twice = [batches[0], batches[0]];
    assert!(matches!(
        store.append(&twice),
        Err(StoreError::Twice { .. })
    ));
    let right = [
        batches[0],
        Batch {
            expected: &Head::EMPTY,
            ..batches[1]
        },
    ];
    store.append(&right).unwrap();
    assert_eq!(store.head(&one).unwrap(), Some(first.head()));
    assert_eq!(store.head(&two).unwrap(), Some(second.head()));
    let logs = store.logs().unwrap();
    assert!(logs.is_sorted() && logs.contains(&one) && logs.contains(&two));
}

fn ranges_and_readers(store: &dyn Store) {
    let log_name = name("tiles");
    let mut log = TestLog::new(4);
    let mut all = Vec::new();
    // In uneven pieces, so that tiles and pages are crossed in the middle.
    for count in [1, 254, 2, 243, 200] {
        let head = log.head();
        let sealed = log.seal(count);
        append(store, &log_name, &head, &sealed).unwrap();
        all.extend(sealed);
    }
    let read = store
        .read(
            &log_name,
            250,
            ReadLimit {
                receipts: 10,
                bytes: usize::MAX,
            },
        )
        .unwrap();
    let places: Vec<u64> = read.iter().map(|receipt| receipt.seq).collect();
    assert_eq!(places, (250..260).collect::<Vec<_>>());
    assert_eq!(read[0].sealed().unwrap(), all[250].as_bytes());
    // The first is read even if it alone is too long; the limit of bytes holds for the others.
    assert_eq!(
        store
            .read(
                &log_name,
                3,
                ReadLimit {
                    receipts: 9,
                    bytes: 1
                }
            )
            .unwrap()
            .len(),
        1
    );
    assert!(
        store
            .read(&log_name, 700, ReadLimit::default())
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .read(&log_name, u64::MAX, ReadLimit::default())
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .read(&name("no-such"), 0, ReadLimit::default())
            .unwrap()
            .is_empty()
    );
    let mut reader = StoreReader::new(store, &log_name).unwrap();
    let mut buf = vec![0; MAX_SEALED_LEN];
    for sealed in &all {
        let next = reader.read_next(&mut buf).unwrap().unwrap();
        assert_eq!(next, Next::Sealed(sealed.as_bytes().len()));
        assert!(buf.starts_with(sealed.as_bytes()));
    }
    assert!(reader.read_next(&mut buf).unwrap().is_none());
}

fn lookups(store: &dyn Store) {
    let log_name = name("tiles");
    let find = |query: &Query| store.find(&log_name, query, None, 1000).unwrap();
    let one = store.read(&log_name, 77, ReadLimit::ONE).unwrap();
    let id = UnverifiedReceipt::parse(one[0].sealed().unwrap())
        .unwrap()
        .header()
        .id;
    assert_eq!(find(&Query::Id(id)), [77]);
    let trace: Vec<u64> = (2..700).filter(|seq| seq % 3 == 1).collect();
    assert_eq!(find(&Query::Trace("t1".into())), trace);
    let session: Vec<u64> = (2..700).filter(|seq| seq % 5 == 4).collect();
    assert_eq!(find(&Query::Session("s4".into())), session);
    assert!(
        find(&Query::Trace(String::new())).is_empty() && find(&Query::Trace("t".into())).is_empty()
    );
    let time = |seq: u64| Timestamp::from_micros(1_790_000_000_000_000 + seq);
    assert_eq!(
        find(&Query::Time {
            from: time(10),
            to: time(12)
        }),
        [10, 11, 12]
    );
    assert_eq!(find(&Query::Kind(Kind::GENESIS)), [0]);
    // Whoever wants all of them says so.
    let all = |kind| {
        let query = Query::Kind(kind);
        store.find(&log_name, &query, None, usize::MAX).unwrap()
    };
    assert_eq!(all(Kind::GENESIS), [0]);
    assert_eq!(all(Kind::DECISION).len(), 698);
    assert!(all(Kind::GAP).is_empty());
    assert_eq!(find(&Query::Kind(Kind::DECISION)).len(), 698);
    // Page by page.
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = store
            .find(&log_name, &Query::Session("s4".into()), after, 7)
            .unwrap();
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        after = Some(*last);
        found.extend(page);
    }
    assert_eq!(found, session);
    // Other logs do not show.
    assert!(
        store
            .find(&name("one"), &Query::Id(id), None, 9)
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .find(&name("no-such"), &Query::Id(id), None, 9)
            .unwrap()
            .is_empty()
    );
}

fn tiles(store: &dyn Store) {
    let log_name = name("tiles");
    let mut tree = MemoryTree::new();
    for receipt in store
        .read(
            &log_name,
            0,
            ReadLimit {
                receipts: 999,
                bytes: usize::MAX,
            },
        )
        .unwrap()
    {
        tree.push(
            UnverifiedReceipt::parse(receipt.sealed().unwrap())
                .unwrap()
                .hash(),
        )
        .unwrap();
    }
    let mut stored = Tiled::new(StoreTiles::new(store, &log_name));
    for size in [1, 2, 255, 256, 257, 512, 513, 699, 700].map(TreeSize::new) {
        assert_eq!(
            root(&mut stored, size).unwrap(),
            root(&mut tree, size).unwrap(),
            "{size}"
        );
        let index = LeafIndex::new(size.as_u64() / 2);
        let proof = inclusion_proof(&mut stored, index, size).unwrap();
        assert_eq!(proof, inclusion_proof(&mut tree, index, size).unwrap());
        let proof = consistency_proof(&mut stored, TreeSize::new(1), size).unwrap();
        assert_eq!(
            proof,
            consistency_proof(&mut tree, TreeSize::new(1), size).unwrap()
        );
    }
    assert!(root(&mut stored, TreeSize::new(701)).is_err());
    let nodes = |level, range| {
        let mut nodes = vec![NodeHash::EMPTY];
        store
            .hashes(&log_name, level, range, &mut nodes)
            .map(|()| nodes)
    };
    for level in [0, 4, 8] {
        let count = 700 >> level;
        let expected: Vec<_> = (0..count)
            .map(|index| tree.node(level, index).unwrap())
            .collect();
        assert_eq!(nodes(level, 0..u64::MAX).unwrap(), expected, "{level}");
        let (from, last) = (count / 2, usize::try_from(count / 2).unwrap());
        assert_eq!(nodes(level, from..from + 1).unwrap(), expected[last..=last]);
        assert!(nodes(level, from..from).unwrap().is_empty());
        for beyond in [count, 1 << 62, u64::MAX] {
            assert!(nodes(level, beyond..u64::MAX).unwrap().is_empty());
        }
    }
    for level in [12, 56, 64, 4_294_967_292] {
        assert!(nodes(level, 0..16).unwrap().is_empty(), "{level}");
    }
    assert!(matches!(nodes(7, 0..16), Err(StoreError::Invalid { .. })));
}

fn checkpoints(store: &dyn Store) {
    let log_name = name("tiles");
    let put = |size, note: &str| store.put_checkpoint(&log_name, TreeSize::new(size), note);
    assert!(store.latest_checkpoint(&log_name).unwrap().is_none());
    // A store reads notes and verifies nothing.
    let note = |size: u64, root: &str, signers: &[&str]| {
        let mut note = format!("example.org/tiles\n{size}\n{root}\n\n");
        for signer in signers {
            note.push_str(&format!("\u{2014} {signer} AAAAAAAA\n"));
        }
        note
    };
    put(600, &note(600, "later", &["log"])).unwrap();
    put(5, &note(5, "first", &["log", "witness"])).unwrap();
    // The same again takes nothing away; a new signature is added; another root is refused.
    put(5, &note(5, "first", &["log"])).unwrap();
    put(5, &note(5, "first", &["log", "other"])).unwrap();
    for other in [note(5, "second", &["log"]), "no note".into()] {
        assert!(matches!(
            put(5, &other),
            Err(StoreError::OtherCheckpoint { size, .. }) if size == TreeSize::new(5)
        ));
    }
    let all = store.checkpoints(&log_name).unwrap();
    let all: Vec<_> = all
        .iter()
        .map(|kept| (kept.size.as_u64(), kept.note.as_str()))
        .collect();
    let later = note(600, "later", &["log"]);
    let first = note(5, "first", &["log", "witness", "other"]);
    assert_eq!(all, [(5, &*first), (600, &*later)]);
    assert_eq!(
        store.latest_checkpoint(&log_name).unwrap().unwrap().note,
        later
    );
    let within = |sizes| -> Vec<u64> {
        let found = store.checkpoints_in(&log_name, sizes).unwrap();
        found.iter().map(|kept| kept.size.as_u64()).collect()
    };
    assert_eq!(within(0..=u64::MAX), [5, 600]);
    assert_eq!(within(5..=5), [5]);
    assert_eq!(within(6..=700), [600]);
    assert!(within(6..=599).is_empty() && within(601..=700).is_empty());
    let beyond = note(701, "beyond", &["log"]);
    assert!(matches!(
        put(701, &beyond),
        Err(StoreError::Beyond { held: 700, .. })
    ));
    assert!(put(0, &note(0, "nothing", &["log"])).is_err());
    assert!(
        store
            .put_checkpoint(&name("no-such"), TreeSize::new(1), &beyond)
            .is_err()
    );
}

/// Whoever reads while somebody appends sees whole appends.
fn readers_beside_a_writer(store: &dyn Store) {
    let log_name = name("busy");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut log = TestLog::new(5);
            for _ in 0..30 {
                let head = log.head();
                let sealed = log.seal(4);
                append(store, &log_name, &head, &sealed).unwrap();
            }
        });
        while !writer.is_finished() {
            let size = store.head(&log_name).unwrap().map_or(0, |head| head.size());
            let read = store
                .read(
                    &log_name,
                    0,
                    ReadLimit {
                        receipts: 999,
                        bytes: usize::MAX,
                    },
                )
                .unwrap();
            assert_eq!(read.len() % 4, 0, "half an append was seen");
            assert!(read.len() as u64 >= size);
        }
    });
    assert_eq!(store.head(&log_name).unwrap().unwrap().size(), 120);
}
