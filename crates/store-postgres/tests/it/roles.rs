//! A86: what each role can do, and what the tables' own rules forbid all but their owner.

use crate::rig::{append, grow, head, options, server, writer};
use ai_audit_core::Head;
use ai_audit_store::{LogName, ReadLimit, Store, StoreError};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, Rights, grant};
use ai_audit_testkit::TestLog;

#[test]
fn a86_the_role_that_appends_changes_and_deletes_nothing() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 20).unwrap();
    let state = || server.sql("SELECT ctid, xmin, xmax, md5(r::text) FROM ai_audit.receipts r");
    let before = state();
    let tables = [
        "receipts",
        "logs",
        "nodes",
        "ciphertexts",
        "checkpoints",
        "leases",
        "writer",
        "versions",
        "store",
    ];
    for table in tables {
        for statement in [
            format!("DELETE FROM ai_audit.{table}"),
            format!("TRUNCATE ai_audit.{table}"),
            format!("DROP TABLE ai_audit.{table}"),
            format!("ALTER TABLE ai_audit.{table} DISABLE TRIGGER ALL"),
            format!("CREATE INDEX ON ai_audit.{table} ((1))"),
        ] {
            let said = server
                .try_sql("audit_writer", "audit", &statement)
                .unwrap_err();
            let denied = said.contains("permission denied") || said.contains("must be owner");
            assert!(denied, "{statement}: {said}");
        }
    }
    for statement in [
        "UPDATE ai_audit.receipts SET sealed = NULL",
        "UPDATE ai_audit.receipts SET seq = seq + 100",
        "UPDATE ai_audit.logs SET name = 'other'",
        "UPDATE ai_audit.nodes SET hash = hash",
        "UPDATE ai_audit.leases SET log = 'other'",
        "UPDATE ai_audit.writer SET only_one = true",
        "INSERT INTO ai_audit.receipts SELECT * FROM ai_audit.receipts ON CONFLICT (log, seq) DO UPDATE SET sealed = NULL",
        "SELECT * FROM ai_audit.receipts FOR UPDATE",
        "BEGIN; LOCK TABLE ai_audit.receipts IN EXCLUSIVE MODE",
        "CREATE TABLE ai_audit.mine ()",
        "INSERT INTO ai_audit.versions VALUES (99)",
    ] {
        let said = server
            .try_sql("audit_writer", "audit", statement)
            .unwrap_err();
        assert!(said.contains("permission denied"), "{statement}: {said}");
    }
    assert_eq!(state(), before);
    assert_eq!(head(&store), log.head());
}

#[test]
fn a86_the_role_that_erases_takes_bytes_alone_and_puts_none_but_the_right_ones_back() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 20).unwrap();
    for (statement, rule) in [
        (
            "UPDATE ai_audit.receipts SET sealed = NULL, trace_id = NULL, session_id = NULL",
            "receipts_control",
        ),
        (
            "UPDATE ai_audit.receipts SET sealed = NULL WHERE seq = 5",
            "receipts_names",
        ),
        (
            "UPDATE ai_audit.receipts SET sealed = (SELECT sealed FROM ai_audit.receipts WHERE seq = 6) WHERE seq = 5",
            "does not change",
        ),
        (
            "DELETE FROM ai_audit.receipts WHERE seq = 5",
            "permission denied",
        ),
        (
            "UPDATE ai_audit.receipts SET hash = hash",
            "permission denied",
        ),
        (
            "INSERT INTO ai_audit.receipts SELECT * FROM ai_audit.receipts",
            "permission denied",
        ),
        (
            "INSERT INTO ai_audit.checkpoints VALUES (1, 5, 1, '')",
            "permission denied",
        ),
        ("TRUNCATE ai_audit.ciphertexts", "permission denied"),
        // The payload is the same, and with it the hash: the signature would be gone for good.
        (
            "UPDATE ai_audit.receipts SET sealed = substr(sealed, 1, octet_length(sealed) - 64) || decode(repeat('00', 64), 'hex')",
            "does not change",
        ),
        (
            "UPDATE ai_audit.receipts SET trace_id = 'x' WHERE seq = 5",
            "does not change",
        ),
        (
            "UPDATE ai_audit.receipts SET trace_id = NULL, session_id = NULL",
            "does not change",
        ),
    ] {
        let said = server
            .try_sql("audit_eraser", "audit", statement)
            .unwrap_err();
        assert!(said.contains(rule), "{statement}: {said}");
    }
    // The role that reads does not even this much.
    let said = server
        .try_sql("audit_reader", "audit", "DELETE FROM ai_audit.ciphertexts")
        .unwrap_err();
    assert!(said.contains("permission denied"), "{said}");
    assert_eq!(store.delete_receipts(&LogName::default(), 0..=9), Ok(8));
    // Where bytes are gone, none but the right ones come back.
    for wrong in [
        "(SELECT sealed FROM ai_audit.receipts WHERE seq = 16)",
        // Too short for what the rule reads in them, or for a signature, or for either.
        "''",
        "decode(repeat('01', 10), 'hex')",
        "decode(repeat('01', 64), 'hex')",
        "decode(repeat('01', 92), 'hex')",
    ] {
        let statement = format!("UPDATE ai_audit.receipts SET sealed = {wrong} WHERE seq = 5");
        let said = server
            .try_sql("audit_eraser", "audit", &statement)
            .unwrap_err();
        assert!(said.contains("receipts_bytes"), "{statement}: {said}");
    }
}

#[test]
fn a86_a_signature_is_neither_cut_off_nor_put_behind_a_batched_receipt() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    let mut all = vec![log.seal_permitting()];
    all.extend(log.seal_batch(200));
    let name = LogName::default();
    append(&store, &Head::EMPTY, &all).unwrap();
    grow(&store, &mut log, 3).unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let bytes = |seq| {
        store.read(&name, seq, ReadLimit::ONE).unwrap()[0]
            .sealed()
            .unwrap()
            .to_vec()
    };
    // Numbers of one and of two bytes; and the seal, which is signed, as is a decision of its own.
    for (seq, batched) in [
        (1, true),
        (127, true),
        (128, true),
        (201, false),
        (203, false),
    ] {
        let right = bytes(seq);
        let (mut longer, mut shorter, mut other) = (right.clone(), right.clone(), right.clone());
        longer.extend([7; 64]);
        shorter.truncate(right.len() - 64);
        other[40] ^= 1;
        assert_eq!(store.delete_receipts(&name, seq..=seq), Ok(1));
        let put = |bytes: &[u8]| {
            let bytes = hex(bytes);
            server.try_sql(
                "audit_eraser",
                "audit",
                &format!("UPDATE ai_audit.receipts SET sealed = decode('{bytes}', 'hex') WHERE seq = {seq}"),
            )
        };
        for wrong in [&longer, &shorter, &other] {
            let said = put(wrong).unwrap_err();
            assert!(said.contains("receipts_bytes"), "{seq}: {said}");
        }
        // Of a signed one the signature is for whoever verifies, so this much he can do.
        let mut signature = right.clone();
        *signature.last_mut().unwrap() ^= 1;
        assert_eq!(put(&signature).is_err(), batched, "{seq}");
        if batched {
            put(&right).unwrap();
            assert_eq!(bytes(seq), right);
        }
    }
}

#[test]
fn a86_without_the_role_that_erases_deleting_is_refused_and_says_what_to_do() {
    let Some(server) = server() else { return };
    let address = server.url("audit_writer");
    let store = PostgresStore::open(&address, OpenMode::ReadWrite, options()).unwrap();
    let mut log = TestLog::new(1);
    grow(&store, &mut log, 5).unwrap();
    let error = store
        .delete_receipts(&LogName::default(), 0..=4)
        .unwrap_err();
    assert!(
        error.is_refusal() && error.to_string().contains("Roles"),
        "{error}"
    );
    assert_eq!(store.count_deleted(&LogName::default(), 0..=4), Ok(0));
    // The eraser of another store deletes nothing of that one.
    let other = crate::rig::server().unwrap();
    let options = Options {
        eraser: Some(other.url("audit_eraser")),
        ..options()
    };
    let store = PostgresStore::open(&address, OpenMode::ReadWrite, options).unwrap();
    let error = store
        .delete_receipts(&LogName::default(), 0..=4)
        .unwrap_err();
    assert!(error.to_string().contains("another store"), "{error}");
}

#[test]
fn a86_rows_that_a_thief_of_the_role_put_there_are_no_log() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 5).unwrap();
    // He may insert: bytes that do not have their hash are refused, a gap is told, nothing is overwritten.
    let insert = |seq: i64, sealed: &str| {
        server.try_sql(
            "audit_writer",
            "audit",
            &format!(
                "INSERT INTO ai_audit.receipts SELECT log, {seq}, sealed_at, kind, hash, id, NULL, NULL, {sealed}
                 FROM ai_audit.receipts WHERE seq = 4"
            ),
        )
    };
    assert!(
        insert(5, "'\\x00'::bytea || sealed")
            .unwrap_err()
            .contains("receipts_bytes")
    );
    assert!(insert(4, "sealed").unwrap_err().contains("receipts_pkey"));
    insert(7, "sealed").unwrap();
    let error = grow(&store, &mut log, 1).unwrap_err();
    assert!(matches!(error, StoreError::HeadMoved { .. }), "{error}");
    let error = store
        .read(&LogName::default(), 0, Default::default())
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { what } if what.contains("receipt 5")),
        "{error}"
    );
}

#[test]
fn rights_are_what_was_granted_last() {
    let Some(server) = server() else { return };
    let owner = server.url("audit_owner");
    grant(&owner, &options(), "audit_eraser", Rights::Read).unwrap();
    let said = server
        .try_sql(
            "audit_eraser",
            "audit",
            "UPDATE ai_audit.receipts SET sealed = NULL",
        )
        .unwrap_err();
    assert!(said.contains("permission denied"), "{said}");
    let error = grant(&owner, &options(), "no\"body", Rights::Read).unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
    // Whoever may not read at all is told what he lacks.
    server.sql("CREATE ROLE nobody LOGIN");
    let error = crate::rig::refused(&server.url("nobody"));
    assert!(error.to_string().contains("lacks a right"), "{error}");
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grant(&owner, &options(), "audit_writer", Rights::Read).unwrap();
    let receipts = log.seal(2);
    let error = append(&store, &Head::EMPTY, &receipts).unwrap_err();
    assert!(
        error.is_refusal() && error.to_string().contains("lacks a right"),
        "{error}"
    );
}
