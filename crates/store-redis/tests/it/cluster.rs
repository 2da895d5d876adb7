//! A cluster: all keys of a store lie in one slot, whichever node has it.

use crate::servers::{Admin, append, options};
use ai_audit_core::Head;
use ai_audit_store::{Batch, LogName, Store};
use ai_audit_store_redis::{OpenMode, RedisStore};
use ai_audit_testkit::{RedisServer, TestLog};
use std::time::{Duration, Instant};

/// The slot of `{ai-audit}`.
fn slot(admin: &mut Admin) -> i64 {
    admin.number(&["CLUSTER", "KEYSLOT", "{ai-audit}:heads"])
}

#[test]
fn the_store_works_in_a_cluster_and_follows_to_its_node() {
    let settings = ["--cluster-enabled", "yes"];
    let Some(one) = RedisServer::start_in_memory(&settings) else {
        return;
    };
    let two = RedisServer::start_in_memory(&settings).unwrap();
    let (mut first, mut second) = (Admin::to(&one), Admin::to(&two));
    // The store's slot on the second node alone, all others on the first.
    let own = slot(&mut first);
    for range in [(0, own - 1), (own + 1, 16_383)] {
        let (from, to) = (range.0.to_string(), range.1.to_string());
        first.run(&["CLUSTER", "ADDSLOTSRANGE", &from, &to]);
    }
    second.run(&["CLUSTER", "ADDSLOTS", &own.to_string()]);
    second.run(&["CLUSTER", "SET-CONFIG-EPOCH", "2"]);
    first.run(&["CLUSTER", "MEET", "127.0.0.1", &two.port().to_string()]);
    let start = Instant::now();
    for admin in [&mut first, &mut second] {
        while !admin
            .text(&["CLUSTER", "INFO"])
            .contains("cluster_state:ok")
        {
            let late = start.elapsed() > Duration::from_secs(60);
            assert!(!late, "{}", admin.text(&["CLUSTER", "INFO"]));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let store = RedisStore::open(&one.url(), OpenMode::Create, &options()).unwrap();
    let (a, b) = (LogName::new("a").unwrap(), LogName::new("b").unwrap());
    let (mut log, mut other) = (TestLog::new(1), TestLog::new(2));
    let (receipts, others) = (log.seal(1100), other.seal(3));
    let batches = [(&a, &receipts), (&b, &others)].map(|(log, receipts)| Batch {
        log,
        expected: &Head::EMPTY,
        receipts,
    });
    store.append(&batches).unwrap();
    let head = log.head();
    append(&store, &a, &head, &log.seal(1)).unwrap();
    assert_eq!(store.head(&a).unwrap(), Some(log.head()));
    assert_eq!(store.delete_receipts(&a, 2..=9).unwrap(), 8);
    let trace = ai_audit_store::Query::Trace("t1".into());
    assert_eq!(store.find(&a, &trace, None, 2).unwrap(), [10, 13]);
    assert!(first.keys().is_empty() && second.keys().len() > 10);
}
