//! Compacting says that deleted bytes are out of the tables' files only where they are.

use crate::rig::{ROLES, WHAT, append, make_tables, options, server, wait_until, writer};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Sealed, Store, StoreError};
use ai_audit_store_postgres::compact;
use ai_audit_testkit::TestLog;
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::postgres::PostgresServer;
use std::collections::HashSet;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What stands beside the last receipt: looked for in the file of the ciphertexts.
const TEXT: &[u8] = b"a ciphertext that is looked for in the file of its table, sixty-four";

/// A log of receipts, of which the first ones are deleted, and the ciphertext beside the last one.
fn deleted(server: &PostgresServer) -> Vec<Sealed> {
    let (store, mut log) = (writer(server), TestLog::new(1));
    let mut receipts = log.seal(40);
    let beside = vec![ciphertext(1, TEXT)];
    let decision = log.seal_next(&decision_with("person-7", &beside));
    receipts.push(decision.with_ciphertexts(beside));
    append(&store, &Head::EMPTY, &receipts).unwrap();
    receipts
}

fn delete(server: &PostgresServer) {
    let (store, name) = (writer(server), LogName::default());
    assert_eq!(store.delete_receipts(&name, 0..=29), Ok(28));
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]), Ok(1));
}

/// How many of the receipts, and of the one ciphertext, are in the files of their tables.
fn on_disk(server: &PostgresServer, receipts: &[Sealed]) -> (usize, usize) {
    // What is in the server's memory alone is in no file yet.
    server.sql("CHECKPOINT");
    let bytes = |table: &str| {
        let file = server.sql(&format!("SELECT pg_relation_filepath('ai_audit.{table}')"));
        std::fs::read(server.data().join(file)).unwrap()
    };
    let tails: HashSet<&[u8]> = receipts
        .iter()
        .map(|sealed| &sealed.as_bytes()[sealed.as_bytes().len() - 64..])
        .collect();
    let (in_receipts, in_ciphertexts) = (bytes("receipts"), bytes("ciphertexts"));
    let found: HashSet<&[u8]> = in_receipts
        .windows(64)
        .filter(|window| tails.contains(window))
        .collect();
    let texts = in_ciphertexts
        .windows(TEXT.len())
        .filter(|window| *window == TEXT);
    (found.len(), texts.count())
}

fn files(server: &PostgresServer) -> String {
    server.sql(
        "SELECT pg_relation_filepath('ai_audit.receipts'), pg_relation_filepath('ai_audit.ciphertexts')",
    )
}

fn says(error: &StoreError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// A session that is left open in the middle of a transaction, until it is dropped.
struct Session {
    child: Child,
    _input: ChildStdin,
    pid: String,
}

impl Session {
    fn begin(server: &PostgresServer, statements: &str) -> Self {
        Self::begin_at(server, &server.url("postgres"), statements)
    }

    fn begin_at(server: &PostgresServer, url: &str, statements: &str) -> Self {
        use std::io::Write as _;
        let name = "left-open";
        let mut child = Command::new("psql")
            .arg(format!("{url}?application_name={name}"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{statements}").unwrap();
        input.flush().unwrap();
        // Not by the view, which a test changes.
        let asked = format!(
            "SELECT pid FROM pg_stat_get_activity(NULL) WHERE application_name = '{name}'
             AND state = 'idle in transaction' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"
        );
        wait_until("the session is in its transaction", || {
            !server.sql(&asked).is_empty()
        });
        let pid = server.sql(&asked);
        Self {
            child,
            _input: input,
            pid,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn who_does_not_own_the_tables_is_refused_and_told_who_does() {
    let Some(server) = server() else { return };
    let receipts = deleted(&server);
    delete(&server);
    let before = files(&server);
    for role in ["audit_writer", "audit_eraser", "audit_reader"] {
        let error = compact(&server.url(role), &options()).unwrap_err();
        assert!(error.is_refusal(), "{error}");
        let whose = format!("and role {role} may not");
        says(&error, &["owned by role audit_owner", &whose]);
    }
    // One table that is somebody else's is enough.
    server.sql("CREATE ROLE another; ALTER TABLE ai_audit.ciphertexts OWNER TO another");
    let error = compact(&server.url("audit_owner"), &options()).unwrap_err();
    says(&error, &["table ciphertexts is owned by role another"]);
    assert_eq!(files(&server), before);
    assert_eq!(on_disk(&server, &receipts), (41, 1));
    // Who has the owner's role has his rights, and so has who may do everything.
    server.sql("GRANT another TO audit_owner");
    compact(&server.url("audit_owner"), &options()).unwrap();
    assert_eq!(on_disk(&server, &receipts), (13, 0));
    let before = files(&server);
    compact(&server.url("postgres"), &options()).unwrap();
    assert_ne!(files(&server), before);
}

/// A dump does the same, and a service that hangs in the middle of something.
#[test]
fn a_session_that_sees_deleted_rows_keeps_them_and_is_named() {
    let Some(server) = server() else { return };
    let receipts = deleted(&server);
    let seeing = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ai_audit.receipts;";
    let owner = server.url("audit_owner");
    // One looks at what was there; the other has written, and others after it, so that it may see what they deleted.
    for begun in [seeing, "BEGIN; CREATE TABLE ai_audit.mine ();"] {
        let session = Session::begin(&server, begun);
        match begun == seeing {
            true => delete(&server),
            false => drop(server.sql("SELECT pg_current_xact_id()")),
        }
        let before = files(&server);
        let error = compact(&owner, &options()).unwrap_err();
        let process = format!("process {} of role postgres", session.pid);
        says(&error, &[&process, "compact again", "nothing was written"]);
        assert!(!error.is_refusal(), "{error}");
        assert_eq!(files(&server), before);
        assert_eq!(on_disk(&server, &receipts), (41, 1));
        drop(session);
    }
    compact(&owner, &options()).unwrap();
    assert_eq!(on_disk(&server, &receipts), (13, 0));
    // One of another database looks at nothing here.
    let elsewhere = server.url("postgres").replace("/audit", "/postgres");
    let seeing = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;";
    let session = Session::begin_at(&server, &elsewhere, seeing);
    let before = files(&server);
    compact(&owner, &options()).unwrap();
    assert_ne!(files(&server), before);
    drop(session);
}

/// Where nobody is known to see anything, what the server went by tells all the same.
#[test]
fn a_session_that_is_not_shown_keeps_nothing_unnoticed() {
    let Some(server) = server() else { return };
    let receipts = deleted(&server);
    server.sql(
        "SET allow_system_table_mods = on; ALTER VIEW pg_catalog.pg_stat_activity RENAME TO all_activity;
         CREATE VIEW pg_catalog.pg_stat_activity AS
         SELECT * FROM pg_catalog.all_activity WHERE application_name <> 'left-open';
         GRANT SELECT ON pg_catalog.pg_stat_activity TO public",
    );
    // Of another table: with a lock on ours the server would wait.
    let seeing = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ai_audit.nodes;";
    let session = Session::begin(&server, seeing);
    delete(&server);
    let error = compact(&server.url("audit_owner"), &options()).unwrap_err();
    says(
        &error,
        &[
            "table receipts was written anew with deleted rows",
            "does not show",
        ],
    );
    assert_eq!(on_disk(&server, &receipts), (41, 1));
    drop(session);
    compact(&server.url("audit_owner"), &options()).unwrap();
    assert_eq!(on_disk(&server, &receipts), (13, 0));
}

/// Whoever is short is waited for.
#[test]
fn a_session_that_ends_in_time_keeps_nothing() {
    let Some(server) = server() else { return };
    let receipts = deleted(&server);
    let seeing = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ai_audit.receipts;";
    let session = Session::begin(&server, seeing);
    delete(&server);
    std::thread::scope(|scope| {
        let compacted = scope.spawn(|| compact(&server.url("audit_owner"), &options()));
        std::thread::sleep(core::time::Duration::from_millis(500));
        drop(session);
        compacted.join().unwrap().unwrap();
    });
    assert_eq!(on_disk(&server, &receipts), (13, 0));
}

#[test]
fn what_else_keeps_deleted_rows_is_named() {
    let settings = ["max_prepared_transactions=2", "wal_level=logical"];
    let Some(server) = PostgresServer::start(WHAT, &settings, |_| ()) else {
        return;
    };
    server.sql(ROLES);
    make_tables(&server);
    let receipts = deleted(&server);
    let owner = server.url("audit_owner");
    // This one keeps rows of catalogs, and none of ours.
    server.sql("SELECT pg_create_logical_replication_slot('logical', 'test_decoding')");
    server.sql("BEGIN; CREATE TABLE public.forgotten (); PREPARE TRANSACTION 'forgotten';");
    delete(&server);
    let error = compact(&owner, &options()).unwrap_err();
    says(
        &error,
        &["prepared transaction 'forgotten' of role postgres"],
    );
    assert!(!error.to_string().contains("slot logical"), "{error}");
    assert_eq!(on_disk(&server, &receipts), (41, 1));
    server.sql("ROLLBACK PREPARED 'forgotten'");
    compact(&owner, &options()).unwrap();
    assert_eq!(on_disk(&server, &receipts), (13, 0));
}
