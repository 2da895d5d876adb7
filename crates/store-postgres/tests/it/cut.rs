//! A32: the connection is cut before, during and after a commit: failed but persisted, and A88: done later.

use crate::rig::{all, append, grow, head, options, server, wait_until, writer_at};
use crate::wire::{Way, Wire};
use ai_audit_core::{Decision, Head};
use ai_audit_store::{Ledger, LedgerConfig, LogName, Record, Store, StoreError, SystemClock};
use ai_audit_store_postgres::Options;
use ai_audit_testkit::{Counter, TestLog};
use core::time::Duration;
use std::sync::Arc;

#[test]
fn a32_cut_after_the_commit_and_before_the_answer_it_is_an_error_and_the_head_tells() {
    let Some(server) = server() else { return };
    let wire = Wire::to(server.port());
    let store = writer_at(&server, &wire.url("audit_writer"), options());
    let mut log = TestLog::new(1);
    // Statements are prepared by now: the next answer is that of the commit.
    grow(&store, &mut log, 20).unwrap();
    for _ in 0..3 {
        wire.set(Way::CutAnswer);
        let error = grow(&store, &mut log, 20).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. }) && !error.is_refusal(),
            "{error}"
        );
        assert_eq!(head(&store), log.head(), "failed but persisted");
        // It goes on from there, and the tree too.
        grow(&store, &mut log, 20).unwrap();
    }
    assert_eq!(all(&store).len() as u64, log.head().size());
    let mut nodes = Vec::new();
    store
        .hashes(&LogName::default(), 4, 0..99, &mut nodes)
        .unwrap();
    assert_eq!(nodes.len() as u64, log.head().size() / 16);
}

/// The statement is in a buffer of the network when the connection is cut, and reaches the server after
/// the store has asked where the log ends.
#[test]
fn a88_what_was_told_as_failed_is_not_done_later() {
    let Some(server) = server() else { return };
    let wire = Wire::to(server.port());
    let store = writer_at(&server, &wire.url("audit_writer"), options());
    let mut log = TestLog::new(1);
    grow(&store, &mut log, 5).unwrap();
    for _ in 0..3 {
        let before = log.head();
        let receipts = log.seal(3);
        let held = wire.held();
        wire.set(Way::Hold);
        let error = append(&store, &before, &receipts).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert!(wire.held() > held, "it was on its way");
        std::thread::scope(|scope| {
            // Asking needs the way: it is opened for it, and with it for what was held back.
            let asked = scope.spawn(|| {
                let mut told = None;
                wait_until("the head is told", || {
                    // Until then it is not.
                    told = store.head(&LogName::default()).ok();
                    told.is_some()
                });
                told.unwrap().unwrap()
            });
            std::thread::sleep(Duration::from_millis(50));
            wire.set(Way::Open);
            let told = asked.join().unwrap();
            let done = told != before;
            assert!(!done || told == log.head());
            // Whatever was told stays so.
            let mut later = 0;
            wait_until("nothing changes for a while", || {
                assert_eq!(
                    head(&store),
                    told,
                    "an append was done after it was told as failed"
                );
                later += 1;
                later == 20
            });
            if !done {
                append(&store, &before, &receipts).unwrap();
            }
        });
        assert_eq!(head(&store), log.head());
    }
}

/// The server's process works on when the store has gone: it waits for a lock here, for a disk elsewhere.
#[test]
fn a88_a_process_that_still_works_on_an_append_is_ended_before_the_head_is_told() {
    let Some(server) = server() else { return };
    let options = Options {
        timeout: Duration::from_secs(8),
        ..options()
    };
    let store = writer_at(&server, &server.url("audit_writer"), options);
    let mut log = TestLog::new(1);
    grow(&store, &mut log, 5).unwrap();
    let before = log.head();
    let receipts = log.seal(3);
    std::thread::scope(|scope| {
        let lock = scope.spawn(|| {
            server.sql(
                "BEGIN; LOCK TABLE ai_audit.receipts IN SHARE MODE; SELECT pg_sleep(300); COMMIT",
            )
        });
        wait_until("the table is locked", || {
            server.sql("SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND granted") != "0"
        });
        let error = append(&store, &before, &receipts).unwrap_err();
        assert!(error.to_string().contains("no answer within"), "{error}");
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        assert_eq!(head(&store), before);
        assert_eq!(
            server.sql(waiting),
            "0",
            "it would append as soon as the lock goes"
        );
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'ShareLock' AND granted",
        );
        // It was ended, and says so.
        let _ = lock.join();
    });
    assert_eq!(head(&store), before);
    append(&store, &before, &receipts).unwrap();
    assert_eq!(head(&store), log.head());
}

#[test]
fn a32_a_server_that_says_nothing_is_an_error_in_time() {
    let Some(server) = server() else { return };
    let wire = Wire::to(server.port());
    let options = Options {
        timeout: Duration::from_secs(8),
        ..options()
    };
    let store = writer_at(&server, &wire.url("audit_writer"), options);
    let mut log = TestLog::new(1);
    grow(&store, &mut log, 5).unwrap();
    wire.set(Way::Swallow);
    let (before, receipts) = (log.head(), log.seal(3));
    let error = append(&store, &before, &receipts).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    // As long as that lasts nobody says where the log ends.
    let error = store.head(&LogName::default()).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    wire.set(Way::Open);
    let mut told = Head::EMPTY;
    wait_until("it answers again", || {
        store.head(&LogName::default()).is_ok_and(|head| {
            told = head.unwrap();
            true
        })
    });
    if told == before {
        append(&store, &before, &receipts).unwrap();
    }
    assert_eq!(head(&store), log.head());
    assert!(wire.connections() >= 4);
}

/// A ledger over a connection that is cut again and again loses nothing that it acknowledged.
#[test]
fn a31_a_ledger_over_a_connection_that_is_cut_again_and_again() {
    let Some(server) = server() else { return };
    let wire = Wire::to(server.port());
    let store = Arc::new(writer_at(&server, &wire.url("audit_writer"), options()));
    let config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Counter::default()), "test");
    let ledger = Ledger::open(store.clone(), config).unwrap();
    let name = LogName::default();
    ledger
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..60 {
        if round % 3 == 1 {
            wire.set(if round % 2 == 0 {
                Way::CutAnswer
            } else {
                Way::Hold
            });
        }
        let decision = Decision {
            model: format!("model {round}").into(),
            ..Decision::new()
        };
        let done = ledger
            .submit(&name, vec![Record::new(&decision)])
            .unwrap()
            .wait();
        wire.set(Way::Open);
        if let Ok(receipts) = done {
            acknowledged.extend(receipts);
        }
    }
    ledger.close("done").unwrap();
    assert!(acknowledged.len() >= 20, "{}", acknowledged.len());
    let all = all(&*store);
    for receipt in &acknowledged {
        let place = usize::try_from(receipt.seq).unwrap();
        let stored = ai_audit_core::UnverifiedReceipt::parse(&all[place]).unwrap();
        assert_eq!(
            (stored.header().seq, stored.hash()),
            (receipt.seq, receipt.hash)
        );
    }
    // One chain from the genesis on.
    let mut chain = ai_audit_core::Chain::resume(Head::EMPTY);
    for sealed in &all {
        chain
            .push(&ai_audit_core::UnverifiedReceipt::parse(sealed).unwrap())
            .unwrap();
    }
    assert_eq!(*chain.head(), head(&*store));
}
