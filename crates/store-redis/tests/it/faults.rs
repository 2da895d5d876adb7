//! A91: faults. What was acknowledged is there afterwards; what failed is there as a whole or not at all, and
//! the head tells which.

mod ledger;

use crate::servers::{Admin, append, create, options};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
pub(super) use ai_audit_testkit::writers::whole;
use ai_audit_testkit::{Forwarder, RedisServer, TestLog, writers};
use std::time::{Duration, Instant};

pub(super) fn through(forwarder: &Forwarder, mode: OpenMode, timeout: Duration) -> RedisStore {
    let url = format!("redis://127.0.0.1:{}", forwarder.port());
    let options = RedisOptions {
        timeout,
        ..options()
    };
    RedisStore::open(&url, mode, &options).unwrap()
}

#[test]
fn a91_the_server_is_killed_while_it_commits() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let (store, name) = (create(&server), LogName::default());
    let rounds = (12, Duration::from_micros(777));
    writers::killed_while_it_commits(&store, &mut server, rounds, || whole(&store, &name));
}

#[test]
fn a91_a_connection_that_is_cut_after_the_commit() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let forwarder = Forwarder::to(server.address());
    let store = through(&forwarder, OpenMode::Create, Duration::from_secs(60));
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    for cut in 1..=10 {
        let before = log.head();
        // Longer than the scripts, which a new connection loads first.
        let receipts = log.seal(60);
        forwarder.cut_next(12_000);
        let error = append(&store, &name, &before, &receipts).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. }) && !error.is_refusal(),
            "{error}"
        );
        assert_eq!(forwarder.cuts(), cut);
        // Failed, but persisted: the head tells, over a connection of its own.
        assert_eq!(store.head(&name).unwrap(), Some(log.head()));
        // Who sends it again is told that somebody was first: it is not there twice.
        let again = append(&store, &name, &before, &receipts).unwrap_err();
        assert!(matches!(again, StoreError::HeadMoved { found, .. } if *found == log.head()));
    }
    assert_eq!(whole(&store, &name), log.head());
    assert_eq!(store.health().unwrap().receipts, log.head().size());
}

/// How many scripts were run that are called by their digest, as appends are.
pub(super) fn scripts_run(admin: &mut Admin) -> u64 {
    let told = admin.text(&["INFO", "commandstats"]);
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    let calls = line.map_or("0", |line| line.split(',').next().unwrap());
    calls.parse().unwrap()
}

/// What is held back reaches the server, and was run there.
pub(super) fn arrives(forwarder: &Forwarder, admin: &mut Admin) {
    assert_eq!(forwarder.held(), 1);
    let (before, start) = (scripts_run(admin), Instant::now());
    forwarder.let_go();
    while scripts_run(admin) == before {
        let late = start.elapsed() > Duration::from_secs(60);
        assert!(!late, "it never arrives");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The request is in a buffer of the network when the connection is cut, and reaches the server after the store has
/// told where the log ends.
#[test]
fn a88_what_was_told_as_failed_is_not_done_later() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let forwarder = Forwarder::to(server.address());
    let store = through(&forwarder, OpenMode::Create, Duration::from_secs(60));
    let (mut log, name, mut admin) = (TestLog::new(1), LogName::default(), Admin::to(&server));
    append(&store, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    for _ in 0..3 {
        let before = log.head();
        let receipts = log.seal(3);
        forwarder.hold_next(500);
        let error = append(&store, &name, &before, &receipts).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert_eq!(store.head(&name).unwrap(), Some(before));
        arrives(&forwarder, &mut admin);
        assert_eq!(store.head(&name).unwrap(), Some(before));
        assert_eq!(create(&server).head(&name).unwrap(), Some(before));
        // Another process, that heard of nothing, is not kept out: it is told, and appends.
        append(&create(&server), &name, &before, &receipts).unwrap();
        assert_eq!(whole(&store, &name), log.head());
    }
    // One that arrives before anybody asks is told as what it is.
    let before = log.head();
    let receipts = log.seal(3);
    forwarder.hold_next(500);
    append(&store, &name, &before, &receipts).unwrap_err();
    arrives(&forwarder, &mut admin);
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a91_a_slow_server_is_an_error_and_the_head_tells() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let forwarder = Forwarder::to(server.address());
    // The server is slower than this by far, and faster without the delay by far.
    let store = through(&forwarder, OpenMode::Create, Duration::from_secs(20));
    let (mut log, name) = (TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    let before = log.head();
    forwarder.delay(Duration::from_secs(90));
    let receipts = log.seal(3);
    let error = append(&store, &name, &before, &receipts).unwrap_err();
    assert!(error.to_string().contains("may still be done"), "{error}");
    assert!(!error.is_refusal());
    forwarder.delay(Duration::ZERO);
    assert_eq!(store.head(&name).unwrap(), Some(log.head()));
    let head = log.head();
    append(&store, &name, &head, &log.seal(3)).unwrap();
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a91_memory_that_is_full_is_an_error_and_changes_nothing() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    append(&store, &name, &Head::EMPTY, &log.seal(20)).unwrap();
    let mut admin = Admin::to(&server);
    admin.run(&["CONFIG", "SET", "maxmemory", "6mb"]);
    let error = loop {
        let head = log.head();
        let receipts = log.seal(200);
        if let Err(error) = append(&store, &name, &head, &receipts) {
            assert_eq!(store.head(&name).unwrap(), Some(head));
            log = TestLog::forked(1, head);
            break error;
        }
        assert!(log.head().size() < 100_000, "memory is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("maxmemory"), "{error}");
    assert_eq!(whole(&store, &name), log.head());
    // With room again it goes on where it was.
    admin.run(&["CONFIG", "SET", "maxmemory", "0"]);
    let head = log.head();
    append(&store, &name, &head, &log.seal(200)).unwrap();
    assert_eq!(whole(&store, &name), log.head());
}

/// The limit of a file's size stands for a disk: a write beyond it fails, and a part of it may be done.
#[test]
fn a91_a_disk_that_is_full_ends_the_server_and_loses_nothing() {
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"];
    let Some(mut server) = RedisServer::start_under(&limit, &[]) else {
        return;
    };
    let (store, mut log, name) = (create(&server), TestLog::new(1), LogName::default());
    let (before, after) = loop {
        let head = log.head();
        let receipts = log.seal(20);
        if let Err(error) = append(&store, &name, &head, &receipts) {
            let expected = matches!(error, StoreError::Io { .. } | StoreError::Full { .. });
            assert!(expected, "{error}");
            break (head, log.head());
        }
        assert!(log.head().size() < 10_000, "the disk is never full");
    };
    assert!(before.size() > 0);
    assert!(server.ends(), "the server goes on without its file");
    assert!(store.head(&name).is_err());
    // On a disk with room.
    server.start_again();
    let held = whole(&store, &name);
    assert!(held == before || held == after, "{held:?}");
    let mut log = TestLog::forked(1, held);
    append(&store, &name, &held, &log.seal(20)).unwrap();
    assert_eq!(whole(&store, &name), log.head());
}
