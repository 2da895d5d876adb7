//! The same faults under a ledger: what its producers were told holds.

use super::{arrives, through, whole};
use crate::servers::{Admin, create, options, refusal};
use ai_audit_core::{Decision, LogId};
use ai_audit_store::{
    AppendError, FileMarks, Ledger, LedgerConfig, LogName, Record, Store, StoreError, SystemClock,
    Ticket,
};
use ai_audit_store_redis::{OpenMode, RedisStore};
use ai_audit_testkit::{Counter, Forwarder, RedisServer, TestLog};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn ledger(store: RedisStore, marks: &Path) -> Ledger {
    let mut config = LedgerConfig::new(
        Arc::new(SystemClock),
        Arc::new(Counter::default()),
        "tests 1.0",
    );
    config.marks = Some(Arc::new(FileMarks::new(marks)));
    Ledger::open(Arc::new(store), config).unwrap()
}

fn record(model: &str) -> Record {
    let decision = Decision {
        model: model.into(),
        ..Decision::new()
    };
    Record::new(&decision)
}

fn submit(ledger: &Ledger, count: usize) -> Ticket {
    let records = (0..count).map(|n| record(&format!("model {n}"))).collect();
    ledger.submit(&LogName::default(), records).unwrap()
}

#[test]
fn a91_a_cut_answer_leaves_each_record_once() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let marks = tempfile::tempdir().unwrap();
    let forwarder = Forwarder::to(server.address());
    let store = through(&forwarder, OpenMode::Create, Duration::from_secs(60));
    let ledger = ledger(store, marks.path());
    let name = LogName::default();
    ledger
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    let mut acknowledged = submit(&ledger, 5).wait().unwrap();
    let mut failed = 0;
    for _ in 0..5 {
        forwarder.cut_next(12_000);
        // It failed, but is stored: the ledger goes on behind it.
        failed += u64::from(submit(&ledger, 60).wait().is_err());
        acknowledged.extend(submit(&ledger, 1).wait().unwrap());
    }
    assert_eq!((failed, forwarder.cuts()), (5, 5));
    ledger.close("done").unwrap();
    let store = create(&server);
    let head = whole(&store, &name);
    // Genesis, start, five groups of 60 that failed and are stored, what was acknowledged, stop.
    assert!(head.size() > 2 + 300 + 10, "{}", head.size());
    for receipt in acknowledged {
        let query = ai_audit_store::Query::Id(receipt.id);
        assert_eq!(store.find(&name, &query, None, 9).unwrap(), [receipt.seq]);
    }
}

/// Whose records failed can say so elsewhere: they are in no receipt later, and the writer goes on.
#[test]
fn a88_records_that_were_told_as_failed_do_not_appear_later() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let marks = tempfile::tempdir().unwrap();
    let forwarder = Forwarder::to(server.address());
    let store = through(&forwarder, OpenMode::Create, Duration::from_secs(60));
    let ledger = ledger(store, marks.path());
    let (name, mut admin) = (LogName::default(), Admin::to(&server));
    ledger
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    submit(&ledger, 2).wait().unwrap();
    let model = "held back in a buffer";
    for _ in 0..3 {
        forwarder.hold_next(500);
        let failed = ledger.submit(&name, vec![record(model)]).unwrap().wait();
        let error = failed.unwrap_err();
        assert!(matches!(error, AppendError::Store(_)), "{error}");
        arrives(&forwarder, &mut admin);
        submit(&ledger, 1).wait().unwrap();
    }
    ledger.close("done").unwrap();
    let store = create(&server);
    assert!(whole(&store, &name).size() >= 2 + 2 + 3);
    let read = store.read(&name, 0, Default::default()).unwrap();
    for receipt in read {
        let sealed = receipt.into_sealed().unwrap();
        let mut all = sealed.windows(model.len());
        assert!(!all.any(|window| window == model.as_bytes()));
    }
}

#[test]
fn a91_a_failover_to_a_replica_that_is_behind_is_refused() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let marks = tempfile::tempdir().unwrap();
    let name = LogName::default();
    let forwarder = Forwarder::to(server.address());
    let first = through(&forwarder, OpenMode::Create, Duration::from_secs(60));
    let running = ledger(first, marks.path());
    running
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    submit(&running, 5).wait().unwrap();
    // The replica has heard so much, and no more.
    let behind = RedisServer::start_in_memory(&[]).unwrap();
    let copied = create(&server);
    copy(&copied, &behind, &name);
    submit(&running, 5).wait().unwrap();
    let head = copied.head(&name).unwrap().unwrap();
    // The master is gone, and the address leads to the replica.
    drop(server);
    forwarder.lead_to(behind.address());
    // The first finds that the connection is cut, the next that the log ends where it did not.
    let start = Instant::now();
    while submit_fails(&running).is_some_and(|error| !error.contains("ends with receipt")) {
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    running.close("gone").ok();

    // A writer that opens the log again is held against the mark.
    let again = through(&forwarder, OpenMode::ReadWrite, Duration::from_secs(60));
    let shorter = again.head(&name).unwrap().unwrap();
    assert!(shorter.size() < head.size());
    let ledger = ledger(again, marks.path());
    let error = ledger
        .attach_log(name.clone(), TestLog::signers(1))
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("older copy"), "{text}");
    ledger.close("refused").ok();

    // One that is entirely empty is no store, and no new log is begun in it by mistake.
    let empty = RedisServer::start_in_memory(&[]).unwrap();
    forwarder.lead_to(empty.address());
    let error = refusal(&empty.url(), OpenMode::ReadWrite, &options());
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    let id: LogId = head.log_id();
    assert!(FileMarks::new(marks.path()).path(&id).is_file());
}

/// What the ledger says of a record; none when it was taken and acknowledged, which it must not be.
fn submit_fails(ledger: &Ledger) -> Option<String> {
    match ledger.submit(&LogName::default(), vec![record("late")]) {
        Err(error) => Some(format!("{error} ends with receipt")),
        Ok(ticket) => match ticket.wait() {
            Err(error) => Some(error.to_string()),
            Ok(_) => panic!("acknowledged by a replica that is behind"),
        },
    }
}

/// Copies a log as it is.
fn copy(from: &RedisStore, to: &RedisServer, name: &LogName) {
    let read = from.read(name, 0, Default::default()).unwrap();
    let receipts: Vec<_> = read
        .into_iter()
        .map(|receipt| ai_audit_store::Sealed::new(receipt.into_sealed().unwrap()))
        .collect();
    let head = ai_audit_core::Head::EMPTY;
    crate::servers::append(&create(to), name, &head, &receipts).unwrap();
}

/// Producers on a ledger, the server killed under them: what they were told is there afterwards.
#[test]
fn a91_a_kill_under_producers_loses_nothing_acknowledged() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let marks = tempfile::tempdir().unwrap();
    let name = LogName::default();
    let running = ledger(create(&server), marks.path());
    running
        .create_log(name.clone(), TestLog::new_log(1))
        .unwrap();
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        let tickets: Vec<Ticket> = (0..40).map(|_| submit(&running, 3)).collect();
        server.kill();
        for ticket in tickets {
            acknowledged.extend(ticket.wait().into_iter().flatten());
        }
        server.start_again();
        // As soon as it answers the ledger goes on by itself.
        let start = Instant::now();
        loop {
            if let Ok(receipts) = submit(&running, 1).wait() {
                acknowledged.extend(receipts);
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(60));
        }
    }
    running.close("done").unwrap();
    let store = create(&server);
    let head = whole(&store, &name);
    for receipt in acknowledged {
        assert!(receipt.seq < head.size());
        let query = ai_audit_store::Query::Id(receipt.id);
        assert_eq!(store.find(&name, &query, None, 9).unwrap(), [receipt.seq]);
    }
}

#[test]
fn a_log_is_attached_again_and_goes_on() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let (marks, name) = (tempfile::tempdir().unwrap(), LogName::default());
    let first = ledger(create(&server), marks.path());
    first.create_log(name.clone(), TestLog::new_log(1)).unwrap();
    submit(&first, 3).wait().unwrap();
    first.close("done").unwrap();
    let again = ledger(create(&server), marks.path());
    again.attach_log(name.clone(), TestLog::signers(1)).unwrap();
    submit(&again, 3).wait().unwrap();
    again.close("done").unwrap();
    // Genesis, start, three, stop; start, three, stop.
    assert_eq!(whole(&create(&server), &name).size(), 11);
}
