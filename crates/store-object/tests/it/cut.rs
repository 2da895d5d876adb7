//! A96: the connection is cut after the commit, before the answer; the answer does not come in time.

use crate::rig::{append, options, whole};
use crate::servers::Server;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode};
use ai_audit_testkit::{Forwarder, TestLog};
use std::time::Duration;

/// A store whose root is longer than what a small append writes besides, so that the forwarder tells them apart.
fn begin(
    server: &Server,
    forwarder: &Forwarder,
    options: &ObjectOptions,
) -> (ObjectStore, TestLog, LogName) {
    let place = server.through(forwarder.port(), "");
    let store = ObjectStore::open(&place, OpenMode::Create, options).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    for _ in 0..26 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(1)).unwrap();
    }
    (store, log, name)
}

/// A root of 26 segments has more, a segment of one receipt fewer bytes than this, with their heads.
const ROOT: usize = 2_600;

#[test]
fn a96_a_connection_that_is_cut_after_the_commit() {
    let Some(server) = Server::weed() else { return };
    let forwarder = Forwarder::to(server.address());
    let once = ObjectOptions {
        retries: 0,
        ..options()
    };
    let (store, mut log, name) = begin(&server, &forwarder, &once);
    for cut in 1..=3 {
        let before = log.head();
        let receipts = log.seal(1);
        forwarder.cut_next(ROOT);
        let error = append(&store, &name, &before, &receipts).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. }) && !error.is_refusal(),
            "{error}"
        );
        assert_eq!(forwarder.cuts(), cut);
        // Failed, but persisted: the head tells.
        assert_eq!(store.head(&name).unwrap(), Some(log.head()));
        // Who sends it again is told that somebody was first: it is not there twice.
        let again = append(&store, &name, &before, &receipts).unwrap_err();
        assert!(matches!(again, StoreError::HeadMoved { found, .. } if *found == log.head()));
    }
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a96_a_store_that_asks_again_knows_its_own_root() {
    let Some(server) = Server::weed() else { return };
    let forwarder = Forwarder::to(server.address());
    let (store, mut log, name) = begin(&server, &forwarder, &options());
    for cut in 1..=3 {
        let before = log.head();
        let receipts = log.seal(1);
        forwarder.cut_next(ROOT);
        // The condition does not hold any more, because it held: that is no other writer.
        append(&store, &name, &before, &receipts).unwrap();
        assert_eq!(forwarder.cuts(), cut);
    }
    // A segment whose answer is lost is there already.
    let before = log.head();
    let receipts = log.seal(60);
    forwarder.cut_next(15_000);
    append(&store, &name, &before, &receipts).unwrap();
    assert_eq!(forwarder.cuts(), 4);
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a96_a_slow_server_is_an_error_and_the_head_tells() {
    let Some(server) = Server::weed() else { return };
    let forwarder = Forwarder::to(server.address());
    // The server is slower than this by far, and faster without the delay by far.
    let slow = ObjectOptions {
        timeout: Duration::from_secs(10),
        ..options()
    };
    let (store, mut log, name) = begin(&server, &forwarder, &slow);
    let before = log.head();
    let receipts = log.seal(1);
    forwarder.delay(Duration::from_secs(120));
    let error = append(&store, &name, &before, &receipts).unwrap_err();
    assert!(error.to_string().contains("may still be done"), "{error}");
    assert!(!error.is_refusal());
    forwarder.delay(Duration::ZERO);
    let held = store.head(&name).unwrap().unwrap();
    assert!(held == before || held == log.head(), "{held:?}");
    let mut log = TestLog::forked(1, held);
    append(&store, &name, &held, &log.seal(3)).unwrap();
    assert_eq!(whole(&store, &name), log.head());
}
