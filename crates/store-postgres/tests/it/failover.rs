//! A33: another server takes over that has not all of it.

use crate::rig::{grow, head, options, refused, server, writer, writer_at};
use crate::wire::Wire;
use ai_audit_core::Decision;
use ai_audit_store::{
    FileMarks, Ledger, LedgerConfig, LogName, Record, Store, StoreError, SystemClock,
};
use ai_audit_testkit::{Counter, TestLog};
use std::path::Path;
use std::sync::Arc;

fn config(marks: &Path) -> LedgerConfig {
    let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Counter::default()), "test");
    config.marks = Some(Arc::new(FileMarks::new(marks)));
    config
}

#[test]
fn a33_a_replica_that_is_behind_takes_over_and_is_refused() {
    let Some(mut server) = server() else { return };
    let marks = tempfile::tempdir().unwrap();
    let wire = Wire::to(server.port());
    let name = LogName::default();
    let store = Arc::new(writer_at(&server, &wire.url("audit_writer"), options()));
    let ledger = Ledger::open(store.clone(), config(marks.path())).unwrap();
    // One copy is taken before there is a log, one in the middle.
    let empty = server.standby();
    ledger
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    let write = |count: u64| {
        for _ in 0..count {
            let records = vec![Record::new(&Decision::new())];
            ledger.submit(&name, records).unwrap().wait().unwrap();
        }
    };
    write(10);
    let behind = server.standby();
    write(10);
    let size = head(&*store).size();
    // A standby is read from, and not written to.
    let told = refused(&behind.url("audit_writer")).to_string();
    assert!(told.contains("is a standby"), "{told}");
    let reader = crate::rig::reader(&behind);
    assert!(head(&reader).size() < size);
    server.kill();
    for replica in [&empty, &behind] {
        replica.promote();
        wire.turn_to(replica.port());
    }
    // The running writer meets a log that ends elsewhere, and stops.
    let told: Vec<String> = (0..3)
        .map(
            |_| match ledger.submit(&name, vec![Record::new(&Decision::new())]) {
                Err(error) => error.to_string(),
                Ok(ticket) => ticket.wait().unwrap_err().to_string(),
            },
        )
        .collect();
    let moved = told.iter().any(|told| told.contains("was expected to end"));
    assert!(moved, "{told:?}");
    drop(ledger);
    // One that is opened anew remembers how far the log had come.
    for (replica, held) in [(&behind, true), (&empty, false)] {
        let store = Arc::new(writer(replica));
        let before = store.head(&name).unwrap();
        assert_eq!(before.is_some(), held);
        let ledger = Ledger::open(store.clone(), config(marks.path())).unwrap();
        let error = ledger
            .attach_log(name.clone(), TestLog::signers(1))
            .unwrap_err()
            .to_string();
        // The empty one has no such log, and none is made.
        let expected = if held { "older copy" } else { "default" };
        assert!(error.contains(expected), "{error}");
        assert_eq!(store.head(&name).unwrap(), before, "nothing was written");
    }
}

/// A replica that somebody wrote another history to.
#[test]
fn a33_a_log_with_another_history_behind_the_same_size_is_refused() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 20).unwrap();
    let mut forked = TestLog::forked(1, log.head());
    grow(&store, &mut log, 3).unwrap();
    forked.seal(3);
    let error = grow(&store, &mut forked, 3).unwrap_err();
    assert!(matches!(error, StoreError::HeadMoved { .. }), "{error}");
    assert_eq!(head(&store), log.head());
}
