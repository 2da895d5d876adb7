//! Receipts that are found by their trace and session, in a log so long that a store may index it in parts.

use super::{append, name};
use crate::TestLog;
use ai_audit_core::Head;
use ai_audit_store::{LogName, Query, Sealed, Store};

/// Receipts; more come later.
const RECEIPTS: u64 = 2_500;

fn log_name() -> LogName {
    name("names")
}

/// What each query must find, page by page and at once.
fn find(store: &dyn Store, size: u64, gone: &dyn Fn(u64) -> bool) {
    // As `TestLog` names them; genesis and start have none.
    let expected = |of: u64, rest: u64| -> Vec<u64> {
        (2..size)
            .filter(|seq| seq % of == rest && !gone(*seq))
            .collect()
    };
    for (query, expected) in [
        (Query::Trace("t1".into()), expected(3, 1)),
        (Query::Session("s4".into()), expected(5, 4)),
        (Query::Trace("s4".into()), Vec::new()),
        (Query::Session("t1".into()), Vec::new()),
    ] {
        let page = |after, limit| store.find(&log_name(), &query, after, limit).unwrap();
        assert_eq!(page(None, 10_000), expected, "{query:?}");
        for after in [
            0,
            1022,
            1023,
            1024,
            1025,
            2047,
            2048,
            size - 2,
            size,
            u64::MAX,
        ] {
            let rest: Vec<u64> = expected
                .iter()
                .copied()
                .filter(|seq| *seq > after)
                .collect();
            assert_eq!(page(Some(after), 10_000), rest, "{query:?} after {after}");
            let few = &rest[..rest.len().min(9)];
            assert_eq!(page(Some(after), 9), few, "{query:?} after {after}");
        }
        assert!(page(None, 0).is_empty());
    }
}

pub(super) fn are_found_over_a_long_log(store: &dyn Store) {
    let mut log = TestLog::new(6);
    let sealed = log.seal(RECEIPTS);
    // One commit with the ends of two parts in it, one that ends where a part does, one over an end.
    let mut at = Head::EMPTY;
    for part in [0..2_048, 2_048..2_060, 2_060..2_500] {
        append(store, &log_name(), &at, &sealed[part]).unwrap();
        at = store.head(&log_name()).unwrap().unwrap();
    }
    find(store, RECEIPTS, &|_| false);
    // Deleted ones are found by no name, until they are put back.
    let range = 1_000..=1_100;
    assert_eq!(
        store.delete_receipts(&log_name(), range.clone()).unwrap(),
        101
    );
    let last = 2_400..=2_450;
    assert_eq!(
        store.delete_receipts(&log_name(), last.clone()).unwrap(),
        51
    );
    find(store, RECEIPTS, &|seq| {
        range.contains(&seq) || last.contains(&seq)
    });
    // What ends a part may have lost its bytes by then.
    append(store, &log_name(), &at, &log.seal(700)).unwrap();
    let size = RECEIPTS + 700;
    find(store, size, &|seq| {
        range.contains(&seq) || last.contains(&seq)
    });
    let of = |range: core::ops::RangeInclusive<usize>| -> Vec<Sealed> { sealed[range].to_vec() };
    store
        .restore_receipts(&log_name(), &of(1_000..=1_100))
        .unwrap();
    find(store, size, &|seq| last.contains(&seq));
    store
        .restore_receipts(&log_name(), &of(2_400..=2_450))
        .unwrap();
    store
        .restore_receipts(&log_name(), &of(2_400..=2_450))
        .unwrap();
    find(store, size, &|_| false);
}

/// The same in a store that was opened again.
pub(super) fn are_still_found(store: &dyn Store) {
    find(store, RECEIPTS + 700, &|_| false);
}
