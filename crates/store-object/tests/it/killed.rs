//! A96: the server is killed while it commits. What was acknowledged is there afterwards; what failed is there as
//! a whole or not at all, and the head tells which.

use crate::rig::{append, ledger, open, submit, whole};
use crate::servers::Server;
use ai_audit_core::Head;
use ai_audit_store::{LogName, Query, Store, StoreError, Ticket};
use ai_audit_store_object::OpenMode;
use ai_audit_testkit::TestLog;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a96_the_server_is_killed_while_it_commits() {
    let Some(mut server) = Server::weed() else {
        return;
    };
    let place = server.bucket("");
    let (store, name) = (open(&place, OpenMode::Create), LogName::default());
    let mut held = Head::EMPTY;
    let (mut persisted, mut lost) = (0, 0);
    const ROUNDS: u64 = 4;
    for round in 0..ROUNDS {
        let acknowledged = AtomicU64::new(held.size());
        let (before, after) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut log = match held.is_empty() {
                    true => TestLog::new(1),
                    false => TestLog::forked(1, held),
                };
                loop {
                    let expected = log.head();
                    let receipts = log.seal(7);
                    match append(&store, &name, &expected, &receipts) {
                        Ok(()) => acknowledged.store(log.head().size(), Ordering::SeqCst),
                        Err(error) => {
                            assert!(matches!(error, StoreError::Io { .. }), "{error}");
                            return (expected, log.head());
                        }
                    }
                }
            });
            // Not before something was acknowledged in this round, at another moment each time.
            while acknowledged.load(Ordering::SeqCst) == held.size() && !writer.is_finished() {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(13 * round));
            server.kill();
            writer.join().unwrap()
        });
        server.start_again();
        assert_eq!(before.size(), acknowledged.load(Ordering::SeqCst));
        held = comes_back(&store, &name);
        assert_eq!(whole(&store, &name), held);
        match held {
            found if found == before => lost += 1,
            found if found == after => persisted += 1,
            found => panic!("neither {before:?} nor {after:?}: {found:?}"),
        }
    }
    println!("of {ROUNDS} commits that failed {persisted} were stored, {lost} were not");
}

/// The bucket is there before its objects can be read, all of them.
fn comes_back(store: &dyn Store, name: &LogName) -> Head {
    let start = Instant::now();
    loop {
        match store.read(name, 0, Default::default()) {
            Ok(_) => return store.head(name).unwrap().unwrap_or(Head::EMPTY),
            Err(error) => assert!(start.elapsed() < Duration::from_secs(120), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Producers on a ledger, the server killed under them: what they were told is there afterwards.
#[test]
fn a96_a_kill_under_producers_loses_nothing_acknowledged() {
    let Some(mut server) = Server::weed() else {
        return;
    };
    let (place, marks) = (server.bucket("audit"), tempfile::tempdir().unwrap());
    let name = LogName::default();
    let running = ledger(Arc::new(open(&place, OpenMode::Create)), marks.path());
    running
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    let mut acknowledged = Vec::new();
    for _ in 0..2 {
        acknowledged.extend(submit(&running, 1).wait().unwrap());
        let tickets: Vec<Ticket> = (0..20).map(|_| submit(&running, 3)).collect();
        server.kill();
        for ticket in tickets {
            acknowledged.extend(ticket.wait().into_iter().flatten());
        }
        server.start_again();
        // As soon as it answers the ledger goes on by itself.
        let start = Instant::now();
        loop {
            match submit(&running, 1).wait() {
                Ok(receipts) => {
                    acknowledged.extend(receipts);
                    break;
                }
                Err(error) => assert!(start.elapsed() < Duration::from_secs(120), "{error}"),
            }
        }
    }
    running.close("done").unwrap();
    let store = open(&place, OpenMode::ReadWrite);
    let head = whole(&store, &name);
    for receipt in acknowledged {
        assert!(receipt.seq < head.size());
        let query = Query::Id(receipt.id);
        assert_eq!(store.find(&name, &query, None, 9).unwrap(), [receipt.seq]);
    }
}
