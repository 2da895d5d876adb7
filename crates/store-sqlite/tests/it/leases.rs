//! Leases in a file: the contract, two connections, foreign files, A112 by who can write to it.

use ai_audit_store::{Lease, Leases, LogName, StoreError};
use ai_audit_store_sqlite::{OpenMode, SqliteLeases, SqliteStore};
use ai_audit_testkit::{leases_are_shared, leases_conform};
use std::time::Duration;

#[test]
fn leases_in_a_file_conform() {
    let folder = tempfile::tempdir().unwrap();
    leases_conform(&SqliteLeases::open(&folder.path().join("leases.db")).unwrap());
}

#[test]
fn two_connections_see_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leases.db");
    let [one, two] = [(); 2].map(|()| SqliteLeases::open(&path).unwrap());
    leases_are_shared(&one, &two);
    drop((one, two));
    let again = SqliteLeases::open(&path).unwrap();
    assert_eq!(again.leases().unwrap().len(), 1);
}

#[test]
fn a112_a_record_that_cannot_be_read_is_nobodys_and_stays_of_this_log_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leases.db");
    let leases = SqliteLeases::open(&path).unwrap();
    let [good, bad] = ["good", "bad"].map(|name| LogName::new(name).unwrap());
    let mine = Lease {
        holder: "a/1".into(),
        changes: 0,
        length: Duration::from_secs(10),
        fence: 0,
    };
    for log in [&good, &bad] {
        assert!(leases.replace_lease(log, None, &mine).unwrap());
    }
    let other = rusqlite::Connection::open(&path).unwrap();
    for change in [
        "holder = 'two words'",
        "holder = ''",
        "changes = -1",
        "changes = 4294967296",
        "length = 600001",
        "length = -9223372036854775808",
        "fence = -1",
    ] {
        let alter = format!("UPDATE leases SET {change} WHERE log = 'bad'");
        assert_eq!(other.execute(&alter, []).unwrap(), 1);
        let error = leases.lease(&bad).unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { what } if what.contains("log bad")),
            "{change}: {error}"
        );
        assert_eq!(
            leases.leases().unwrap(),
            [(good.clone(), mine.clone())],
            "{change}"
        );
        assert_eq!(leases.replace_lease(&bad, None, &mine), Ok(false));
        let back = "UPDATE leases SET holder = 'a/1', changes = 0, length = 10000, fence = 0 \
                    WHERE log = 'bad'";
        other.execute(back, []).unwrap();
        assert_eq!(leases.lease(&bad).unwrap(), Some(mine.clone()));
    }
}

#[test]
fn files_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refused = |name: &str| SqliteLeases::open(&path(name)).unwrap_err().to_string();
    drop(SqliteStore::open(&path("audit.db"), OpenMode::Create).unwrap());
    assert!(refused("audit.db").contains("another program"));
    std::fs::write(
        path("text"),
        "no database, but long enough to be one ".repeat(40),
    )
    .unwrap();
    assert!(
        refused("text").contains("no SQLite database"),
        "{}",
        refused("text")
    );
    drop(SqliteLeases::open(&path("new")).unwrap());
    let other = rusqlite::Connection::open(path("new")).unwrap();
    other.pragma_update(None, "user_version", 9).unwrap();
    assert!(refused("new").contains("version 9"), "{}", refused("new"));
}
