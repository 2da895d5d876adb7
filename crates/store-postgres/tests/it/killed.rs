//! A31: the server is killed, with all its processes, while it commits.

use crate::rig::{all, append, grow, head, server, wait_until, writer};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store};
use ai_audit_testkit::TestLog;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[test]
fn a31_killed_during_commits_it_has_all_that_it_acknowledged() {
    let Some(mut server) = server() else { return };
    let store = writer(&server);
    let log = Mutex::new(TestLog::new(1));
    grow(&store, &mut log.lock().unwrap(), 2).unwrap();
    let mut acknowledged = head(&store);
    for round in 0..5_u64 {
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let mut log = log.lock().unwrap();
                let mut acknowledged = log.head();
                // Until the server is gone; and not for ever, should it not be killed.
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(120)
                    && grow(&store, &mut log, 7).is_ok()
                {
                    acknowledged = log.head();
                }
                acknowledged
            });
            let begun = acknowledged.size();
            wait_until("it is being written to", || {
                head(&store).size() > begun + 20
            });
            std::thread::sleep(Duration::from_millis(round * 3));
            server.kill();
            acknowledged = writing.join().unwrap();
        });
        assert!(store.head(&LogName::default()).is_err());
        server.run();
        let mut found = Head::EMPTY;
        wait_until("it answers again", || {
            store.head(&LogName::default()).is_ok_and(|head| {
                found = head.unwrap();
                true
            })
        });
        // The last append is there wholly or not at all.
        let whole = [acknowledged.size(), acknowledged.size() + 7];
        assert!(
            whole.contains(&found.size()),
            "{found:?} after {acknowledged:?}"
        );
        let mut again = TestLog::new(1);
        let receipts = again.seal(found.size());
        assert_eq!(again.head(), found);
        let stored = all(&store);
        assert!(
            receipts
                .iter()
                .map(|one| one.as_bytes())
                .eq(stored.iter().map(Vec::as_slice))
        );
        grow(&store, &mut again, 7).unwrap();
        acknowledged = again.head();
        *log.lock().unwrap() = again;
    }
}

/// A server that was started again between two appends costs none of them.
#[test]
fn a31_a_connection_that_ended_in_the_meantime_is_made_again() {
    let Some(mut server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    for _ in 0..3 {
        grow(&store, &mut log, 20).unwrap();
        assert_eq!(head(&store), log.head());
        server.kill();
        server.run();
        let before = log.head();
        let receipts = log.seal(20);
        // Whether it has heard of the end yet is the network's matter; what it says is right.
        if append(&store, &before, &receipts).is_err() {
            assert_eq!(head(&store), before);
            append(&store, &before, &receipts).unwrap();
        }
    }
    assert_eq!(head(&store), log.head());
}
