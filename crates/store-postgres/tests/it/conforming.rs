//! What every store must do, and what of this one's own is seen in the database.

use crate::rig::{all, grow, options, reader, server, writer};
use ai_audit_core::{Action, Decision, DecodeBody as _, Draft, Head, MAX_SEALED_LEN, ReceiptId};
use ai_audit_store::{LogName, Query, ReadLimit, Sealed, Store, StoreError};
use ai_audit_store_postgres::compact;
use ai_audit_testkit::{TestLog, conforms, keeps};

#[test]
fn conforms_and_keeps() {
    let Some(mut server) = server() else { return };
    conforms(&writer(&server));
    keeps(&writer(&server));
    // A crash takes nothing of it.
    server.kill();
    server.run();
    let store = writer(&server);
    let size = store
        .head(&LogName::new("tiles").unwrap())
        .unwrap()
        .unwrap()
        .size();
    assert_eq!(size, 701);
    let health = reader(&server).health().unwrap();
    assert!(
        health.durable && !health.writable && health.bytes > 1 << 20,
        "{health:?}"
    );
}

#[test]
fn a_reader_sees_what_the_writer_wrote_and_writes_nothing() {
    let Some(server) = server() else { return };
    let (store, reader, mut log) = (writer(&server), reader(&server), TestLog::new(1));
    for count in 1..20 {
        grow(&store, &mut log, count).unwrap();
        assert_eq!(reader.head(&LogName::default()).unwrap(), Some(log.head()));
    }
    assert_eq!(grow(&reader, &mut log, 1), Err(StoreError::ReadOnly));
    let deleted = reader.delete_receipts(&LogName::default(), 0..=1);
    assert_eq!(deleted, Err(StoreError::ReadOnly));
}

/// It blocks a thread that drives asynchronous work, which no runtime forbids then.
#[test]
fn it_may_be_used_from_within_a_runtime() {
    let Some(server) = server() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (store, mut log) = (writer(&server), TestLog::new(1));
        grow(&store, &mut log, 20).unwrap();
        assert_eq!(store.head(&LogName::default()).unwrap(), Some(log.head()));
        drop(store);
    });
}

/// PostgreSQL's texts hold no U+0000, and a trace is called as its caller likes.
#[test]
fn a87_a_name_that_no_text_of_the_database_can_hold_is_kept_and_found() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 2).unwrap();
    let mut head = log.head();
    let [key, ..] = TestLog::keys(1);
    let names = [
        "a\0b",
        "a\u{1}0b",
        "\0",
        "a'); DROP TABLE receipts; --",
        "\u{202e}\u{1}",
    ];
    for name in names {
        let time = head.sealed_at();
        let mut random = [0; 10];
        random[0] = u8::try_from(head.size()).unwrap();
        let draft = Draft::new(ReceiptId::from_parts(time, random), time);
        let body = Decision {
            action: Action::Allow,
            model: "m".into(),
            ..Decision::new()
        };
        let mut buf = vec![0; MAX_SEALED_LEN];
        let draft = draft.trace(name).session(name);
        let sealed = draft.seal(&body, &head, &key, &mut buf).unwrap();
        let after = sealed.head();
        let receipts = [Sealed::new(sealed.as_bytes().to_vec())];
        crate::rig::append(&store, &head, &receipts).unwrap();
        head = after;
    }
    for (seq, name) in (2..).zip(names) {
        for query in [Query::Trace(name.into()), Query::Session(name.into())] {
            let found = store.find(&LogName::default(), &query, None, 9).unwrap();
            assert_eq!(found, [seq], "{name:?}");
        }
        let read = store
            .read(&LogName::default(), seq, ReadLimit::ONE)
            .unwrap();
        let receipt = ai_audit_core::UnverifiedReceipt::parse(read[0].sealed().unwrap()).unwrap();
        assert_eq!(receipt.header().trace_id, name);
        assert_eq!(Decision::decode(&receipt).unwrap().model, "m");
    }
}

#[test]
fn deleted_bytes_are_in_the_tables_no_more_when_they_are_compacted() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    let receipts = log.seal(400);
    crate::rig::append(&store, &Head::EMPTY, &receipts).unwrap();
    let on_disk = || {
        // What is in the server's memory alone is in no file yet.
        server.sql("CHECKPOINT");
        let file = server.sql("SELECT pg_relation_filepath('ai_audit.receipts')");
        let bytes = std::fs::read(server.data().join(file)).unwrap();
        let tails: std::collections::HashSet<&[u8]> = receipts
            .iter()
            .map(|sealed| &sealed.as_bytes()[sealed.as_bytes().len() - 64..])
            .collect();
        let found: std::collections::HashSet<&[u8]> = bytes
            .windows(64)
            .filter(|window| tails.contains(window))
            .collect();
        found.len()
    };
    assert_eq!(on_disk(), 400);
    assert_eq!(store.delete_receipts(&LogName::default(), 0..=299), Ok(298));
    let before = store.health().unwrap().bytes;
    compact(&server.url("audit_owner"), &options()).unwrap();
    assert!(store.health().unwrap().bytes < before);
    // Genesis and start, and the hundred after the range.
    assert_eq!(on_disk(), 102);
    let back = store.restore_receipts(&LogName::default(), &receipts);
    assert_eq!(back, Ok(298));
    assert_eq!(all(&store).len(), 400);
}
