//! The library's two tables.

use ai_audit_import_servers::RemarkKind;

use super::server::{Server, TABLES, quoted};
use crate::servers::{Receipt, all, open, remarks};

fn seal(server: &Server, id: &str, at: f64, tenant: &str) {
    let at = Receipt::new("", "", at).timestamp();
    let payload = format!(r#"{{"batch_id":"{id}","tenant_id":"{tenant}","timestamp":"{at}"}}"#);
    server.sql(&format!(
        "INSERT INTO ai_audit_batch_seals VALUES ({}, {}, {})",
        quoted(id),
        quoted(&at),
        quoted(&payload)
    ));
}

/// One member of every record.
fn ids(records: &[String], member: &str) -> Vec<String> {
    let of = |json: &String| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        json[member].as_str().unwrap().to_string()
    };
    records.iter().map(of).collect()
}

#[test]
fn receipts_come_before_seals_each_in_the_order_of_their_times_then_of_their_ids() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    server.write(&[
        Receipt::new("acme", "b", 2.0),
        Receipt::new("acme", "B", 2.0),
        Receipt::new("acme:eu", "%_*' OR 1=1 --", 1.5),
        Receipt::new("", "é", 0.000_001),
        Receipt::new("acme", "a", 0.0),
    ]);
    seal(&server, "s2", 0.5, "acme");
    seal(&server, "s1", 0.1, "other");
    seal(&server, "s3", 0.2, "");
    let mut source = open(&server.url("postgres"));
    assert_eq!(
        source.name(),
        format!("postgres://127.0.0.1:{}/audit", server.port())
    );
    assert_eq!(source.form(), "postgres");
    let named = |name: &str, count| (name.to_string(), count);
    let tenants = source.tenants().unwrap();
    assert_eq!(
        tenants,
        [
            named("", 2),
            named("acme", 4),
            named("acme:eu", 1),
            named("other", 1)
        ]
    );
    let (records, found) = all(&mut source, None);
    assert_eq!(records.len(), 8);
    assert_eq!(
        ids(&records[..5], "receipt_id"),
        ["a", "é", "%_*' OR 1=1 --", "B", "b"]
    );
    assert_eq!(ids(&records[5..], "batch_id"), ["s1", "s3", "s2"]);
    assert_eq!(
        (found.remarks.len(), found.tips.len(), found.expiry),
        (0, 0, None)
    );
    for (tenant, count) in tenants {
        let (records, _) = all(&mut source, Some(&tenant));
        assert_eq!(records.len() as u64, count, "{tenant}");
        assert!(ids(&records, "tenant_id").iter().all(|id| *id == tenant));
    }
    assert_eq!(all(&mut source, Some("' OR true --")).0, [""; 0]);
}

#[test]
fn a_text_comes_as_the_server_has_it() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    let text = r#"{"tenant_id":"t","receipt_id":"r","a":{"z":"q\"u\\o\n\u0001\u00e9\ud83d\ude00'","":1e22},"score":1.0,"b":-0.0,"n":null}"#;
    let insert = |id: &str, text: &str| {
        server.sql(&format!(
            "INSERT INTO ai_audit_receipts VALUES ({}, 't', '2026-01-01Z', {})",
            quoted(id),
            quoted(text)
        ));
    };
    insert("r", text);
    // Nothing that the library writes, but the column takes it.
    insert("s", "[1, \"receipt_id\"]");
    insert("t", "\"receipt_id\"");
    let (records, found) = all(&mut open(&server.url("postgres")), None);
    let expected = r#"{"a": {"": 10000000000000000000000, "z": "q\"u\\o\n\u0001é😀'"}, "b": 0.0, "n": null, "score": 1.0, "tenant_id": "t", "receipt_id": "r"}"#;
    assert_eq!(records, [expected, "[1, \"receipt_id\"]", "\"receipt_id\""]);
    assert_eq!(
        remarks(&found),
        [(RemarkKind::Misplaced, Some("t"), 2, vec!["s", "t"])]
    );
}

/// `jsonb` has no text without a value, but a table's owner can drop `NOT NULL`.
#[test]
fn rows_without_a_payload_are_missing() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    server.write(&[Receipt::new("acme", "r1", 1.0)]);
    server.sql(
        "ALTER TABLE ai_audit_receipts ALTER payload DROP NOT NULL;
         INSERT INTO ai_audit_receipts VALUES ('r2', 'acme', '2026-05-01Z', NULL),
                                              ('r3', 'acme', '2026-05-02Z', 'null');",
    );
    let (records, found) = all(&mut open(&server.url("postgres")), None);
    assert_eq!(records.len(), 2);
    assert_eq!(
        records[1], "null",
        "no receipt, but something that was kept"
    );
    assert_eq!(
        remarks(&found),
        [
            (RemarkKind::Blank, Some("acme"), 1, vec!["r2"]),
            (RemarkKind::Misplaced, Some("acme"), 2, vec!["r2", "r3"]),
        ]
    );
    assert!(found.is_incomplete());
}

#[test]
fn rows_that_say_something_else_than_their_record_are_told_and_long_ones_left_out() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    server.write(&[
        Receipt::new("acme", "r1", 1.0),
        Receipt::new("acme", "r2", 2.0),
    ]);
    server.sql(
        "UPDATE ai_audit_receipts SET tenant_id = 'other' WHERE receipt_id = 'r2';
         INSERT INTO ai_audit_receipts VALUES ('long', 'acme', now(), jsonb_build_object(
             'receipt_id', 'long', 'tenant_id', 'acme', 'x', repeat('x', 20 * 1024 * 1024)));
         INSERT INTO ai_audit_batch_seals VALUES ('b1', now(), '{\"batch_id\": \"b2\"}');",
    );
    let mut source = open(&server.url("postgres"));
    let (records, found) = all(&mut source, None);
    assert_eq!(records.len(), 3);
    assert_eq!(
        remarks(&found),
        [
            (RemarkKind::TooLong, Some("acme"), 1, vec!["long"]),
            (RemarkKind::Misplaced, Some(""), 1, vec!["b1"]),
            (RemarkKind::Misplaced, Some("other"), 1, vec!["r2"]),
        ]
    );
    assert!(found.is_incomplete());
    // One of the longest that are read, to the byte.
    server.sql(
        "DELETE FROM ai_audit_receipts;
         INSERT INTO ai_audit_receipts SELECT 'r', 'acme', now(), jsonb_build_object(
             'receipt_id', 'r', 'tenant_id', 'acme', 'x', repeat('x', 16777216 - 51 + n))
             FROM generate_series(0, 0) n;",
    );
    let length: usize = server
        .sql("SELECT octet_length(payload::text) FROM ai_audit_receipts")
        .parse()
        .unwrap();
    let (records, _) = all(&mut open(&server.url("postgres")), Some("acme"));
    assert_eq!(
        records.iter().map(String::len).collect::<Vec<_>>(),
        [length]
    );
    assert!((16 << 20) - length < 64, "{length}");
}

#[test]
fn one_state_is_read_whatever_is_written_meanwhile() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(TABLES);
    server.write(&[Receipt::new("acme", "r1", 1.0)]);
    let mut source = open(&server.url("postgres"));
    assert_eq!(source.tenants().unwrap()[0].1, 1);
    server.write(&[Receipt::new("acme", "r0", 0.5)]);
    seal(&server, "s1", 0.1, "acme");
    assert_eq!(all(&mut source, None).0.len(), 1);
    assert_eq!(all(&mut open(&server.url("postgres")), None).0.len(), 3);
}

#[test]
fn the_second_table_may_be_missing_and_both_may_be_in_another_schema() {
    let Some(server) = Server::start() else {
        return;
    };
    server.sql(&format!(
        "CREATE SCHEMA old; SET search_path = old; {TABLES}"
    ));
    server.sql(
        "DROP TABLE old.ai_audit_batch_seals;
         INSERT INTO old.ai_audit_receipts VALUES ('r', 't', now(), '{}')",
    );
    let url = format!("{}?options=-c%20search_path%3Dold", server.url("postgres"));
    let mut source = open(&url);
    assert_eq!(source.tenants().unwrap(), [("t".to_string(), 1)]);
    assert_eq!(all(&mut source, None).0, ["{}"]);
}
