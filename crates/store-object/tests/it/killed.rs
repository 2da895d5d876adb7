//! A96: the server is killed while it commits. What was acknowledged is there afterwards; what failed is there as
//! a whole or not at all, and the head tells which.

use crate::rig::{ledger, open, submit, whole};
use crate::servers::Server;
use ai_audit_core::Head;
use ai_audit_store::{LogName, Query, Store, Ticket};
use ai_audit_store_object::OpenMode;
use ai_audit_testkit::{TestLog, writers};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn a96_the_server_is_killed_while_it_commits() {
    let Some(mut server) = Server::weed() else {
        return;
    };
    let place = server.bucket("");
    let (store, name) = (open(&place, OpenMode::Create), LogName::default());
    let rounds = (4, Duration::from_millis(13));
    writers::killed_while_it_commits(&store, &mut server, rounds, || comes_back(&store, &name));
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
