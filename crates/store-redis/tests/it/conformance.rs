//! The conformance suite, on a server that is killed in between; no key outlives or leaves its store.

use crate::servers::{Admin, append, create, options};
use ai_audit_core::Head;
use ai_audit_store::{LogName, ReadLimit, Store, StoreError};
use ai_audit_store_redis::{OpenMode, RedisStore};
use ai_audit_testkit::{RedisServer, TestLog, conforms, keeps};

#[test]
fn conforms_and_keeps() {
    let Some(mut server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let store = create(&server);
    conforms(&store);
    assert!(store.health().unwrap().durable);
    server.kill();
    server.start_again();
    keeps(&RedisStore::open(&server.url(), OpenMode::ReadWrite, &options()).unwrap());
    // The store that was open before makes its connections anew.
    assert!(
        store
            .head(&LogName::new("tiles").unwrap())
            .unwrap()
            .is_some()
    );

    // Every key has the store's hash tag, and none goes by itself.
    let mut admin = Admin::to(&server);
    let keys = admin.keys();
    assert!(keys.len() > 50);
    for key in keys {
        assert!(key.starts_with("{ai-audit}:"), "{key}");
        assert_eq!(admin.number(&["TTL", &key]), -1, "{key}");
    }
}

#[test]
fn stores_of_other_names_do_not_meet() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (one, mut other) = (create(&server), options());
    other.name = "other".into();
    let other = RedisStore::open(&server.url(), OpenMode::Create, &other).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&one, &name, &Head::EMPTY, &log.seal(3)).unwrap();
    assert_eq!(other.head(&name).unwrap(), None);
    assert!(other.logs().unwrap().is_empty());
    assert_eq!(one.health().unwrap().receipts, 3);
    assert_eq!(other.health().unwrap().receipts, 0);
}

#[test]
fn a_reader_reads_and_does_not_write() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (writer, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    append(&writer, &name, &Head::EMPTY, &log.seal(5)).unwrap();
    let reader = RedisStore::open(&server.url(), OpenMode::ReadOnly, &options()).unwrap();
    assert_eq!(reader.head(&name).unwrap(), Some(log.head()));
    let head = log.head();
    let more = log.seal(2);
    assert_eq!(
        append(&reader, &name, &head, &more),
        Err(StoreError::ReadOnly)
    );
    assert_eq!(
        reader.delete_receipts(&name, 0..=1),
        Err(StoreError::ReadOnly)
    );
    append(&writer, &name, &head, &more).unwrap();
    assert_eq!(reader.head(&name).unwrap(), Some(log.head()));
    let health = reader.health().unwrap();
    assert!(!health.writable && health.receipts == 7);
}

/// A store that others wrote to in between does not go on with the tree that it remembers.
#[test]
fn trees_are_remembered_with_their_heads() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (one, two, name) = (create(&server), create(&server), LogName::default());
    let mut log = TestLog::new(1);
    for turn in 0..40 {
        let head = log.head();
        let store = if turn % 2 == 0 { &one } else { &two };
        append(store, &name, &head, &log.seal(1 + turn % 7)).unwrap();
    }
    let all = one.read(&name, 0, ReadLimit::default()).unwrap();
    assert_eq!(all.len() as u64, log.head().size());
    let mut tree = ai_audit_merkle::MemoryTree::new();
    for receipt in &all {
        let parsed = ai_audit_core::UnverifiedReceipt::parse(receipt.sealed().unwrap()).unwrap();
        tree.push(parsed.hash()).unwrap();
    }
    let mut stored = ai_audit_merkle::Tiled::new(ai_audit_store::StoreTiles::new(&two, &name));
    let size = ai_audit_merkle::TreeSize::new(log.head().size());
    assert_eq!(
        ai_audit_merkle::root(&mut stored, size).unwrap(),
        ai_audit_merkle::root(&mut tree, size).unwrap()
    );
}
