//! A86: whether a store may delete is told before anything is recorded of it, and as deleting would tell it.

use crate::rig::{ROLES, WHAT, all, append, make_tables, options};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::postgres::PostgresServer;
use std::fs;

/// A server on which the role that erases has a password.
fn server() -> Option<PostgresServer> {
    let server = PostgresServer::start(WHAT, &[], |data| {
        let path = data.join("pg_hba.conf");
        let old = fs::read_to_string(&path).unwrap();
        let ours = "host all audit_eraser all scram-sha-256\n";
        fs::write(&path, format!("{ours}{old}")).unwrap();
    })?;
    server.sql(ROLES);
    server.sql("ALTER ROLE audit_eraser PASSWORD 'secret'");
    make_tables(&server);
    Some(server)
}

fn with(eraser: Option<String>, password: &str) -> Options {
    Options {
        eraser,
        eraser_password: Some(password.into()),
        ..options()
    }
}

/// What the store says when it is asked, after it was held against what deleting says and does.
fn asked(server: &PostgresServer, user: &str, options: Options) -> Result<(), StoreError> {
    let url = server.url(user);
    let store = PostgresStore::open(&url, OpenMode::ReadWrite, options).unwrap();
    let (name, gone) = (LogName::default(), [key_id(1)]);
    let there = || (all(&store), store.ciphertexts(&name, 5).unwrap());
    let before = there();
    let asked = store.may_delete(&name);
    // Asking is no deleting.
    assert_eq!(there(), before);
    let deletes = |error: Option<StoreError>| error.map(|error| error.to_string());
    let receipts = deletes(store.delete_receipts(&name, 3..=4).err());
    let beside = deletes(store.delete_ciphertexts(&name, &gone).err());
    match &asked {
        Ok(()) => assert_eq!((receipts, beside), (None, None)),
        Err(error) => {
            assert!(receipts.is_some() || beside.is_some(), "{error}");
            for secret in ["secret", "wrong-one"] {
                assert!(!error.to_string().contains(secret), "{error}");
            }
        }
    }
    asked
}

/// A server with one log of six receipts; a ciphertext stands beside the last one.
fn filled() -> Option<PostgresServer> {
    let server = server()?;
    let url = server.url("audit_writer");
    let store = PostgresStore::open(&url, OpenMode::ReadWrite, options()).unwrap();
    let mut log = TestLog::new(1);
    let mut receipts = log.seal(5);
    let beside = vec![ciphertext(1, b"text")];
    let decision = log.seal_next(&decision_with("person-7", &beside));
    receipts.push(decision.with_ciphertexts(beside));
    append(&store, &Head::EMPTY, &receipts).unwrap();
    Some(server)
}

fn says(error: &StoreError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a86_a_store_that_could_not_delete_says_so_before_anything_is_recorded() {
    let Some(server) = filled() else { return };
    let eraser = || Some(server.url("audit_eraser"));
    // Nobody is named.
    let error = asked(&server, "audit_writer", options()).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    says(&error, &["lacks a right", "Roles", "`store-eraser`"]);
    // Somebody is who does not get in.
    let error = asked(&server, "audit_writer", with(eraser(), "wrong-one")).unwrap_err();
    says(
        &error,
        &["`store-eraser`", "password authentication failed"],
    );
    // Somebody is who lacks a right: each of them counts, and none is asked for that a deletion does without.
    for (right, counts) in [
        ("UPDATE (sealed) ON ai_audit.receipts", true),
        ("UPDATE (trace_id) ON ai_audit.receipts", true),
        ("UPDATE (session_id) ON ai_audit.receipts", true),
        ("DELETE ON ai_audit.ciphertexts", true),
        ("INSERT ON ai_audit.ciphertexts", false),
    ] {
        server.sql(&format!("REVOKE {right} FROM audit_eraser"));
        // What is asked on the way, as of the log's name, is the same in both.
        let url = server.url("audit_writer");
        let options = with(eraser(), "secret");
        let store = PostgresStore::open(&url, OpenMode::ReadWrite, options).unwrap();
        let told = store.may_delete(&LogName::default());
        assert_eq!(told.is_err(), counts, "{right}: {told:?}");
        if let Err(error) = told {
            says(&error, &["permission denied", "Roles"]);
            assert!(!error.to_string().contains("without the role"), "{error}");
            let again = asked(&server, "audit_writer", with(eraser(), "secret"));
            assert_eq!(again, Err(error));
        }
        server.sql(&format!("GRANT {right} TO audit_eraser"));
    }
    // The role that reads, in the eraser's place.
    let reader = with(Some(server.url("audit_reader")), "");
    let error = asked(&server, "audit_writer", reader).unwrap_err();
    says(&error, &["permission denied"]);
    // One that takes no writes.
    server.sql("ALTER ROLE audit_eraser SET default_transaction_read_only = on");
    let error = asked(&server, "audit_writer", with(eraser(), "secret")).unwrap_err();
    says(&error, &["default_transaction_read_only"]);
    server.sql("ALTER ROLE audit_eraser RESET default_transaction_read_only");
    // Nothing was deleted in all that; now it is.
    let deleted = "SELECT count(*) FROM ai_audit.receipts WHERE sealed IS NULL";
    assert_eq!(server.sql(deleted), "0");
    asked(&server, "audit_writer", with(eraser(), "secret")).unwrap();
    assert_eq!(server.sql(deleted), "2");
}

#[test]
fn a86_the_eraser_of_another_store_may_delete_nothing() {
    let Some(server) = filled() else { return };
    let other = crate::rig::server().unwrap();
    let wrong = with(Some(other.url("audit_eraser")), "");
    let error = asked(&server, "audit_writer", wrong).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    says(&error, &["another store", "`store-eraser`"]);
    // Another schema of the same server is another store, too.
    let elsewhere = Options {
        schema: "second".into(),
        ..options()
    };
    let owner = server.url("audit_owner");
    ai_audit_store_postgres::migrate(&owner, &elsewhere).unwrap();
    let append = ai_audit_store_postgres::Rights::Append;
    ai_audit_store_postgres::grant(&owner, &elsewhere, "audit_writer", append).unwrap();
    let options = Options {
        schema: "second".into(),
        ..with(Some(server.url("audit_eraser")), "secret")
    };
    let url = server.url("audit_writer");
    let store = PostgresStore::open(&url, OpenMode::ReadWrite, options).unwrap();
    let error = store.may_delete(&LogName::default()).unwrap_err();
    says(&error, &["lacks a right on schema second"]);
}

#[test]
fn a86_who_reads_may_not_delete_and_the_owner_may() {
    let Some(server) = filled() else { return };
    let eraser = with(Some(server.url("audit_eraser")), "secret");
    let url = server.url("audit_reader");
    let reader = PostgresStore::open(&url, OpenMode::ReadOnly, eraser).unwrap();
    let told = reader.may_delete(&LogName::default());
    assert_eq!(told, Err(StoreError::ReadOnly));
    // As whoever wrote before there were roles does it.
    asked(&server, "audit_owner", options()).unwrap();
}
