//! Tables are made once, by whoever may, and held to their version.

use crate::rig::{all, bare, grow, head, make_tables, options, reader, refused, writer};
use ai_audit_core::{Head, Kind};
use ai_audit_store::{Batch, Leases as _, LogName, Query, Store as _, StoreError};
use ai_audit_store_postgres::{Options, PostgresLeases, migrate};
use ai_audit_testkit::TestLog;

#[test]
fn of_several_that_make_the_tables_one_does_and_data_stays() {
    let Some(server) = bare() else { return };
    let owner = server.url("audit_owner");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| migrate(&owner, &options()).unwrap());
        }
    });
    make_tables(&server);
    grow(&writer(&server), &mut TestLog::new(1), 5).unwrap();
    migrate(&owner, &options()).unwrap();
    assert_eq!(
        server.sql("SELECT version FROM ai_audit.versions"),
        "1\n2\n3\n4"
    );
    assert_eq!(server.sql("SELECT count(*) FROM ai_audit.receipts"), "5");
}

#[test]
fn a_database_without_tables_and_one_of_another_version_are_refused_with_what_to_do() {
    let Some(server) = bare() else { return };
    let address = server.url("audit_writer");
    let error = refused(&address);
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert!(error.to_string().contains("migrate"), "{error}");
    // Who may not make tables makes none, and leaves nothing half made.
    let error = migrate(&server.url("audit_reader"), &options()).unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    make_tables(&server);
    server.sql("INSERT INTO ai_audit.versions VALUES (99)");
    let too_new = StoreError::TooNew {
        found: 99,
        supported: 4,
    };
    assert_eq!(refused(&address), too_new);
    assert_eq!(
        migrate(&server.url("audit_owner"), &options()),
        Err(too_new)
    );
    server.sql("DELETE FROM ai_audit.versions");
    let told = refused(&address).to_string();
    assert!(
        told.contains("version 0") && told.contains("migrate"),
        "{told}"
    );
}

/// Tables of versions 3 to 1, as earlier releases made and granted them.
#[test]
fn tables_of_earlier_versions_are_read_as_they_are_and_brought_up_before_they_are_written_to() {
    let Some(server) = bare() else { return };
    make_tables(&server);
    let (mut log, name) = (TestLog::new(1), LogName::default());
    grow(&writer(&server), &mut log, 5).unwrap();
    let receipts = all(&reader(&server));
    assert_eq!(receipts.len(), 5);
    let address = server.url("audit_writer");
    // Without what the version after each added.
    let narrower = "ALTER TABLE ai_audit.receipts DROP CONSTRAINT receipts_bytes;
        ALTER TABLE ai_audit.receipts ADD CONSTRAINT receipts_bytes CHECK (sealed IS NULL
            OR hash = sha256('\\x00'::bytea || substr(sealed, 1, octet_length(sealed) - 64)))";
    for (version, undone) in [
        (3, narrower),
        (2, "DROP TABLE ai_audit.writer"),
        (1, "DROP TABLE ai_audit.leases"),
    ] {
        server.sql(&format!(
            "{undone}; DELETE FROM ai_audit.versions WHERE version > {version}"
        ));
        let reader = reader(&server);
        assert_eq!(
            (head(&reader), all(&reader)),
            (log.head(), receipts.clone())
        );
        assert_eq!(reader.logs(), Ok(vec![name.clone()]));
        let found = reader.find(&name, &Query::Kind(Kind::GENESIS), None, 9);
        assert_eq!(found, Ok(vec![0]));
        let mut leaves = Vec::new();
        reader.hashes(&name, 0, 0..5, &mut leaves).unwrap();
        assert_eq!(leaves.len(), 5);
        assert_eq!(reader.checkpoints(&name), Ok(Vec::new()));
        assert_eq!(reader.health().unwrap().receipts, 5);
        let told = refused(&address).to_string();
        let found = format!("version {version}");
        for expected in [found.as_str(), "needs 4 to write", "store prepare"] {
            assert!(told.contains(expected), "{told}");
        }
    }
    migrate(&server.url("audit_owner"), &options()).unwrap();
    let writer = writer(&server);
    assert_eq!(head(&writer).size(), 5);
    // What is there is not read again, and new tables hold what a dump brings back, too.
    let validated = "SELECT convalidated FROM pg_constraint WHERE conname = 'receipts_bytes'";
    assert_eq!(server.sql(validated), "f");
    let fresh = Options {
        schema: "fresh".into(),
        ..options()
    };
    migrate(&server.url("audit_owner"), &fresh).unwrap();
    assert_eq!(server.sql(&format!("{validated} ORDER BY 1")), "f\nt");
    // What version 4 lets in is let in.
    let (batched, mut permitting) = (LogName::new("batched").unwrap(), TestLog::new(2));
    let genesis = permitting.seal_permitting();
    let mut receipts = vec![genesis];
    receipts.extend(permitting.seal_batch(8));
    let all = Batch {
        log: &batched,
        expected: &Head::EMPTY,
        receipts: &receipts,
    };
    writer.append(&[all]).unwrap();
    assert_eq!(writer.head(&batched), Ok(Some(permitting.head())));
    // The rights on what is new are granted as those on the rest were.
    let leases = PostgresLeases::open(&address, &options()).unwrap();
    let told = leases.leases().unwrap_err().to_string();
    assert!(told.contains("grant what it is for"), "{told}");
    make_tables(&server);
    assert_eq!(leases.leases(), Ok(Vec::new()));
}

#[test]
fn a_database_has_several_stores_in_schemas_of_their_own() {
    let Some(server) = bare() else { return };
    let owner = server.url("audit_owner");
    for schema in ["one", "two_2"] {
        let options = Options {
            schema: schema.into(),
            ..options()
        };
        migrate(&owner, &options).unwrap();
        let open = ai_audit_store_postgres::PostgresStore::open;
        let store = open(
            &owner,
            ai_audit_store_postgres::OpenMode::ReadWrite,
            options,
        )
        .unwrap();
        grow(&store, &mut TestLog::new(1), 3).unwrap();
    }
    for schema in ["", "1", "pg_x", "a b", "a;b", "A", "a\"", &"x".repeat(64)] {
        let options = Options {
            schema: schema.into(),
            ..options()
        };
        assert!(
            migrate(&owner, &options).unwrap_err().is_refusal(),
            "{schema}"
        );
    }
    assert_eq!(server.sql("SELECT count(*) FROM one.receipts"), "3");
}

#[test]
fn a_migration_keeps_nobody_waiting_behind_a_long_reader() {
    let Some(server) = bare() else { return };
    make_tables(&server);
    let store = writer(&server);
    let mut log = TestLog::new(1);
    grow(&store, &mut log, 5).unwrap();
    server.sql("DELETE FROM ai_audit.versions WHERE version > 3");
    let reading = "BEGIN; SELECT count(*) FROM ai_audit.receipts; SELECT pg_sleep(12); COMMIT";
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| server.sql(reading));
        std::thread::sleep(core::time::Duration::from_secs(2));
        let error = migrate(&server.url("audit_owner"), &options()).unwrap_err();
        assert!(error.to_string().contains("try again"), "{error}");
        grow(&store, &mut log, 1).unwrap();
        reader.join().unwrap();
    });
    migrate(&server.url("audit_owner"), &options()).unwrap();
    assert_eq!(head(&store).size(), 6);
}
