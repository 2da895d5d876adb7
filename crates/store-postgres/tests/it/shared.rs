//! A107: writers that share the logs, and a sole one, keep each other out.

use crate::rig::{options, server, wait_until};
use ai_audit_store::{Store as _, StoreError};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, WriterFinder};
use ai_audit_testkit::postgres::PostgresServer;

fn open(server: &PostgresServer, sole: bool) -> Result<PostgresStore, StoreError> {
    let options = Options {
        sole_writer: sole,
        shared_writer: !sole,
        ..options()
    };
    PostgresStore::open(&server.url("audit_writer"), OpenMode::ReadWrite, options)
}

fn is_locked(opened: Result<PostgresStore, StoreError>) -> bool {
    match opened {
        Err(StoreError::Locked { holder, .. }) => {
            assert!(holder.is_some(), "nobody holds it");
            true
        }
        Err(error) => panic!("{error}"),
        Ok(_) => false,
    }
}

#[test]
fn a107_writers_that_share_the_logs_and_a_sole_one_keep_each_other_out() {
    let Some(mut server) = server() else { return };
    let first = open(&server, false).unwrap();
    let second = open(&server, false).unwrap();
    assert!(is_locked(open(&server, true)));
    // None of them is the writer, whom others could be sent to.
    assert!(!first.is_alone_since_opened().unwrap().since_opened);
    let finder = WriterFinder::new(&server.url("audit_writer"), &options()).unwrap();
    assert_eq!(finder.find(), Ok(None));
    drop(first);
    assert!(is_locked(open(&server, true)));
    drop(second);
    let sole = open(&server, true).unwrap();
    assert!(is_locked(open(&server, false)));
    drop(sole);
    // With each new connection it is taken again.
    let third = open(&server, false).unwrap();
    server.kill();
    server.run();
    // It may take a while until a connection is known to be gone.
    wait_until("it has the lock again", || {
        third.health().is_ok()
            && open(&server, true).is_err_and(|error| matches!(error, StoreError::Locked { .. }))
    });
}
