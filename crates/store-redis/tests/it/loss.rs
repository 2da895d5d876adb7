//! A server that may lose something is taken for logs alone that say so.

use crate::servers::{Admin, append, create, options};
use ai_audit_core::{Draft, Genesis, Head, MAX_SEALED_LEN, PolicyEntry, ReceiptId, Timestamp};
use ai_audit_store::{LogName, Sealed, Store, StoreError};
use ai_audit_store_redis::{LOSS, OpenMode, RedisOptions, RedisStore};
use ai_audit_testkit::{RedisServer, TestLog};

fn lossy() -> RedisOptions {
    RedisOptions {
        allow_loss: true,
        ..options()
    }
}

/// A genesis with this policy entry, and the head after it.
fn genesis(entry: (&str, &str)) -> (Sealed, Head) {
    let [receipt, checkpoint, recovery] = TestLog::keys(1);
    let public = [&receipt, &checkpoint, &recovery].map(|key| key.verifying_key());
    let entries = [PolicyEntry {
        name: entry.0.into(),
        value: entry.1.into(),
    }];
    let mut genesis = Genesis::new(
        "example.org/log1",
        "tenant",
        &public[0],
        &public[1],
        &public[2],
        [9; 16],
    );
    genesis.policy = (&entries).into();
    let time = Timestamp::from_micros(1_790_000_000_000_000);
    let draft = Draft::new(ReceiptId::from_parts(time, [1; 10]), time);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let sealed = draft
        .seal(&genesis, &Head::EMPTY, &receipt, &mut buf)
        .unwrap();
    (Sealed::new(sealed.as_bytes().to_vec()), sealed.head())
}

#[test]
fn a90_a_log_in_a_store_that_may_lose_receipts_says_so_in_its_genesis() {
    let settings = ["--appendfsync", "everysec"];
    let Some(server) = RedisServer::start_in_memory(&settings) else {
        return;
    };
    let store = RedisStore::open(&server.url(), OpenMode::Create, &lossy()).unwrap();
    let health = store.health().unwrap();
    assert!(!health.durable && health.writable);
    // No policy, another one, another value: an auditor would not see what was allowed.
    let silent = TestLog::new(1).seal(1).remove(0);
    let (other, _) = genesis(("storage", LOSS.1));
    let (vague, _) = genesis((LOSS.0, "redis"));
    let silent_log = LogName::new("silent").unwrap();
    for sealed in [silent, other, vague] {
        let error = append(&store, &silent_log, &Head::EMPTY, &[sealed]).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("may lose acknowledged receipts"));
    }
    assert!(store.logs().unwrap().is_empty());

    let (declared, name) = (genesis(LOSS), LogName::default());
    append(&store, &name, &Head::EMPTY, &[declared.0]).unwrap();
    let mut log = TestLog::forked(1, declared.1);
    for _ in 0..3 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(2)).unwrap();
    }
    assert_eq!(store.head(&name).unwrap(), Some(log.head()));
}

#[test]
fn a90_a_log_that_was_promised_durability_gets_no_lossy_store_under_it() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&create(&server), &name, &Head::EMPTY, &log.seal(3)).unwrap();
    let mut admin = Admin::to(&server);
    admin.run(&["CONFIG", "SET", "appendfsync", "no"]);
    let store = RedisStore::open(&server.url(), OpenMode::ReadWrite, &lossy()).unwrap();
    let head = log.head();
    let error = append(&store, &name, &head, &log.seal(1)).unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    assert!(error.is_refusal());
    // It can still be read.
    assert_eq!(store.head(&name).unwrap(), Some(head));
}
