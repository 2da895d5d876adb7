//! A87: servers that would lose what they acknowledged, or are none to write to.

use crate::rig::{append, grow, head, refused, server, writer};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::postgres::PostgresServer;

fn alter(server: &PostgresServer, setting: &str, value: &str) {
    server.sql(&format!("ALTER SYSTEM SET {setting} = '{value}'"));
    server.sql("SELECT pg_reload_conf()");
    crate::rig::wait_until("the setting holds", || {
        server.sql(&format!("SHOW {setting}")) == value
    });
}

#[test]
fn a87_a_server_that_would_lose_commits_is_refused_when_the_store_is_opened() {
    let Some(server) = server() else { return };
    let address = server.url("audit_writer");
    for (setting, values) in [
        ("fsync", &["off"][..]),
        ("full_page_writes", &["off"]),
        ("synchronous_commit", &["off", "local", "remote_write"]),
        ("default_transaction_read_only", &["on"]),
    ] {
        for value in values {
            alter(&server, setting, value);
            let error = refused(&address);
            let told = error.to_string();
            assert!(matches!(error, StoreError::Invalid { .. }), "{told}");
            assert!(told.contains(&format!("{setting} is {value}")), "{told}");
        }
        let good = if setting.starts_with("default") {
            "off"
        } else {
            "on"
        };
        alter(&server, setting, good);
    }
    // For the role alone: what holds is what this connection has.
    server.sql("ALTER ROLE audit_writer SET synchronous_commit = off");
    assert!(
        refused(&address)
            .to_string()
            .contains("synchronous_commit is off")
    );
    server.sql("ALTER ROLE audit_writer SET synchronous_commit = remote_apply");
    writer(&server);
}

#[test]
fn a87_a_setting_changed_under_a_running_writer_is_refused_at_the_next_append() {
    let Some(server) = server() else { return };
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 20).unwrap();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        alter(&server, setting, "off");
        let kept = log.head();
        let receipts = log.seal(3);
        // A reload reaches each process by itself.
        let mut told = None;
        crate::rig::wait_until("it is refused", || {
            let expected = head(&store);
            match append(&store, &expected, &receipts) {
                Err(error) => {
                    told = Some(error);
                    true
                }
                Ok(()) => {
                    panic!("{setting}: it was taken, the reload had been seen by another session")
                }
            }
        });
        let told = told.unwrap();
        assert!(told.is_refusal(), "{told}");
        assert!(
            told.to_string().contains(&format!("{setting} is off")),
            "{told}"
        );
        let note = "example.org/log\n5\nroot\n\n\u{2014} log AAAAAAAA\n";
        let error = store.put_checkpoint(&LogName::default(), TreeSize::new(5), note);
        assert!(error.unwrap_err().to_string().contains(setting));
        assert_eq!(head(&store), kept);
        alter(&server, setting, "on");
        crate::rig::wait_until("it is taken again", || {
            append(&store, &kept, &receipts).is_ok()
        });
    }
    assert_eq!(head(&store), log.head());
}

#[test]
fn a87_tables_that_a_crash_empties_are_refused() {
    let Some(server) = server() else { return };
    server.sql("ALTER TABLE ai_audit.nodes SET UNLOGGED");
    let told = refused(&server.url("audit_writer")).to_string();
    assert!(told.contains("nodes is unlogged"), "{told}");
    server.sql("ALTER TABLE ai_audit.nodes SET LOGGED");
    writer(&server);
}

/// Somebody who may make objects in the database puts his own before ours, or hides rows.
#[test]
fn a87_objects_of_others_are_not_taken_for_ours() {
    let Some(server) = server() else { return };
    server.sql(
        "CREATE TABLE public.receipts (seq int); CREATE TABLE public.logs (name text);
         CREATE FUNCTION public.octet_length(bytea) RETURNS int LANGUAGE sql AS 'SELECT 0';
         CREATE SCHEMA audit_writer AUTHORIZATION audit_writer;
         CREATE TABLE audit_writer.receipts (seq int);",
    );
    let (store, mut log) = (writer(&server), TestLog::new(1));
    grow(&store, &mut log, 20).unwrap();
    assert_eq!(server.sql("SELECT count(*) FROM ai_audit.receipts"), "20");
    server.sql(
        "ALTER TABLE ai_audit.receipts ENABLE ROW LEVEL SECURITY;
         CREATE POLICY few ON ai_audit.receipts USING (seq < 10);",
    );
    let error = crate::rig::reader(&server)
        .head(&LogName::default())
        .unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
}
