//! The conformance suite: in a folder, and on servers.

use crate::rig::{append, folder, open, options, refusal, whole};
use ai_audit_core::Head;
use ai_audit_merkle::{MemoryTree, Tiled, TreeSize, inclusion_proof, root};
use ai_audit_store::{LogName, Query, ReadLimit, Store, StoreError, StoreTiles};
use ai_audit_store_object::{ObjectStore, OpenMode, Place};
use ai_audit_testkit::{TestLog, conforms, keeps};

/// The suite, and again on what a store finds that is opened anew.
fn conforms_and_keeps(place: &Place) {
    let store = open(place, OpenMode::Create);
    conforms(&store);
    assert!(store.health().unwrap().durable);
    drop(store);
    keeps(&open(place, OpenMode::ReadWrite));
    let reader = open(place, OpenMode::ReadOnly);
    assert!(!reader.health().unwrap().writable);
    let name = LogName::new("tiles").unwrap();
    assert_eq!(
        reader.delete_receipts(&name, 0..=1),
        Err(StoreError::ReadOnly)
    );
    let more = TestLog::new(9).seal(1);
    let refused = append(&reader, &LogName::default(), &Head::EMPTY, &more);
    assert_eq!(refused, Err(StoreError::ReadOnly));
}

#[test]
fn a_folder_conforms_and_keeps() {
    let folder = folder();
    conforms_and_keeps(&Place::Folder(folder.path().join("a/b")));
}

#[cfg(feature = "s3")]
#[test]
fn seaweedfs_conforms_and_keeps() {
    if let Some(server) = crate::servers::Server::weed() {
        conforms_and_keeps(&server.bucket("some/prefix"));
    }
}

#[cfg(feature = "s3")]
#[test]
fn moto_conforms_and_keeps() {
    if let Some(server) = crate::servers::Server::moto() {
        conforms_and_keeps(&server.bucket(""));
    }
}

/// A log of many small appends: three levels of indexes, which reads, proofs, look-ups and deletions go through.
#[test]
fn many_small_appends_make_indexes_and_all_is_found_through_them() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (store, name) = (open(&place, OpenMode::Create), LogName::default());
    let (mut log, mut tree, mut all) = (TestLog::new(1), MemoryTree::new(), Vec::new());
    const APPENDS: u64 = 32 * 33 + 5;
    for turn in 0..APPENDS {
        let head = log.head();
        let receipts = log.seal(1 + turn % 3);
        append(&store, &name, &head, &receipts).unwrap();
        all.extend(receipts);
    }
    for sealed in &all {
        let receipt = ai_audit_core::UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        tree.push(receipt.hash()).unwrap();
    }
    // One that remembers nothing reads what that one wrote.
    let again = open(&place, OpenMode::ReadWrite);
    let size = log.head().size();
    for store in [&store, &again] {
        assert_eq!(whole(store, &name), log.head());
        let mut stored = Tiled::new(StoreTiles::new(store, &name));
        for at in [1, 2, 300, size / 2, size - 1, size].map(TreeSize::new) {
            assert_eq!(root(&mut stored, at).unwrap(), root(&mut tree, at).unwrap());
            let index = ai_audit_merkle::LeafIndex::new(at.as_u64() - 1);
            let whole = TreeSize::new(size);
            assert_eq!(
                inclusion_proof(&mut stored, index, whole).unwrap(),
                inclusion_proof(&mut tree, index, whole).unwrap()
            );
        }
        finds(store, &name, size, &|_| false);
    }
    // Deleted over the bounds of segments and indexes, and put back.
    let gone = |seq: u64| (100..=1500).contains(&seq);
    assert_eq!(again.delete_receipts(&name, 100..=1500).unwrap(), 1401);
    assert_eq!(again.count_deleted(&name, 0..=u64::MAX).unwrap(), 1401);
    assert_eq!(again.count_deleted(&name, 90..=110).unwrap(), 11);
    for store in [&store, &again] {
        finds(store, &name, size, &gone);
    }
    let back: Vec<_> = all[700..=800].to_vec();
    assert_eq!(store.restore_receipts(&name, &back).unwrap(), 101);
    finds(&again, &name, size, &|seq| {
        gone(seq) && !(700..=800).contains(&seq)
    });
    let mut stored = Tiled::new(StoreTiles::new(&again, &name));
    assert_eq!(
        root(&mut stored, TreeSize::new(size)).unwrap(),
        root(&mut tree, TreeSize::new(size)).unwrap()
    );
    let head = log.head();
    append(&store, &name, &head, &log.seal(100)).unwrap();
    assert_eq!(again.head(&name).unwrap(), Some(log.head()));
}

fn finds(store: &ObjectStore, name: &LogName, size: u64, gone: &dyn Fn(u64) -> bool) {
    let expected = |of: u64, rest: u64| -> Vec<u64> {
        (2..size)
            .filter(|seq| seq % of == rest && !gone(*seq))
            .collect()
    };
    let find = |query: &Query| store.find(name, query, None, usize::MAX).unwrap();
    assert_eq!(find(&Query::Trace("t1".into())), expected(3, 1));
    assert_eq!(find(&Query::Session("s4".into())), expected(5, 4));
    assert!(find(&Query::Session("s9".into())).is_empty());
    let one = store.read(name, 50, ReadLimit::ONE).unwrap();
    let receipt = ai_audit_core::UnverifiedReceipt::parse(one[0].sealed().unwrap()).unwrap();
    assert_eq!(find(&Query::Id(receipt.header().id)), [50]);
    let (from, to) = (receipt.header().sealed_at, receipt.header().sealed_at);
    assert_eq!(find(&Query::Time { from, to }), [50]);
}

#[test]
fn stores_of_other_folders_do_not_meet_and_none_is_made_by_mistake() {
    let folder = folder();
    let at = |name: &str| Place::Folder(folder.path().join(name));
    for mode in [OpenMode::ReadWrite, OpenMode::ReadOnly] {
        let error = refusal(&at("one"), mode);
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    }
    let (one, two) = (
        open(&at("one"), OpenMode::Create),
        open(&at("two"), OpenMode::Create),
    );
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&one, &name, &Head::EMPTY, &log.seal(3)).unwrap();
    assert_eq!(two.head(&name).unwrap(), None);
    // Made again is not made anew.
    let again = open(&at("one"), OpenMode::Create);
    assert_eq!(again.head(&name).unwrap(), Some(log.head()));
    let mut none = options();
    none.timeout = std::time::Duration::ZERO;
    let error = ObjectStore::open(&at("one"), OpenMode::ReadOnly, &none).unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
}
