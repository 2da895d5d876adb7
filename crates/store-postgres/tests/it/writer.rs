//! Where the writer is reached: said with its lock, gone with its connection, and nothing that a stale row can say.

use crate::rig::{options, server, wait_until};
use ai_audit_store::{Store as _, StoreError};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, WriterFinder};
use ai_audit_testkit::postgres::PostgresServer;

/// Whether the lock was held without a break.
fn alone(store: &PostgresStore) -> Result<bool, StoreError> {
    let looked = store.is_alone_since_opened()?;
    assert_eq!(looked.trouble, None);
    Ok(looked.since_opened)
}

/// As whoever has the password of the role that appends.
fn say(server: &PostgresServer, what: &str) {
    let statement = format!("UPDATE ai_audit.writer SET {what}");
    server.try_sql("audit_writer", "audit", &statement).unwrap();
}

#[test]
fn the_writer_is_found_while_it_holds_the_lock_and_no_longer() {
    let Some(mut server) = server() else { return };
    let address = server.url("audit_writer");
    let finder = WriterFinder::new(&address, &options()).unwrap();
    let open = |said: Option<&str>| {
        let options = Options {
            sole_writer: true,
            advertise: said.map(Into::into),
            ..options()
        };
        PostgresStore::open(&address, OpenMode::ReadWrite, options)
    };
    assert_eq!(finder.find(), Ok(None));
    let first = open(Some("https://a.example")).unwrap();
    assert_eq!(finder.find(), Ok(Some("https://a.example".into())));
    // Who is refused the lock says nothing.
    let refused = open(Some("https://b.example")).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    assert_eq!(finder.find(), Ok(Some("https://a.example".into())));
    // Nor does a row that names a session without the lock, which is there all the while.
    let named = format!("{address}?application_name=thief");
    let thief = PostgresStore::open(&named, OpenMode::ReadWrite, options()).unwrap();
    let sessions = "FROM pg_stat_activity WHERE application_name = 'thief'";
    say(
        &server,
        &format!(
            "(address, pid, since) = (SELECT 'https://thief.example', pid, (extract(epoch FROM backend_start) * 1000000)::bigint {sessions} LIMIT 1)"
        ),
    );
    let is_named =
        format!("SELECT count(*) FROM ai_audit.writer WHERE pid IN (SELECT pid {sessions})");
    assert_eq!(server.sql(&is_named), "1");
    assert_eq!(finder.find(), Ok(None));
    // The writer puts it right when it looks.
    assert_eq!(alone(&first), Ok(true));
    assert_eq!(finder.find(), Ok(Some("https://a.example".into())));
    // One who has no lock knows of nothing.
    assert_eq!(alone(&thief), Ok(false));
    drop(thief);
    drop(first);
    // One that says nothing is not found under the address of the one before.
    let second = open(None).unwrap();
    assert_eq!(finder.find(), Ok(None));
    drop(second);
    let third = open(Some("https://c.example")).unwrap();
    assert_eq!(finder.find(), Ok(Some("https://c.example".into())));
    // With each new connection it is said anew.
    server.kill();
    server.run();
    wait_until("the writer is there again", || {
        third.health().is_ok() && finder.find() == Ok(Some("https://c.example".into()))
    });
    drop(third);
    wait_until("its session is over", || finder.find() == Ok(None));
    for wrong in [String::new(), "x".repeat(513)] {
        let error = open(Some(&wrong)).unwrap_err();
        assert!(error.is_refusal(), "{error}");
    }
}

/// Whoever has the password of the role that appends locks the row, or ends the writer's session.
#[test]
fn a_row_that_somebody_holds_costs_no_lock_and_a_session_that_was_ended_is_known() {
    let Some(server) = server() else { return };
    let address = server.url("audit_writer");
    let open = || {
        let options = Options {
            sole_writer: true,
            advertise: Some("https://a.example".into()),
            ..options()
        };
        PostgresStore::open(&address, OpenMode::ReadWrite, options)
    };
    let finder = WriterFinder::new(&address, &options()).unwrap();
    drop(open().unwrap());
    let holder = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    std::thread::scope(|scope| {
        let holds = scope.spawn(|| {
            server.try_sql(
                "audit_writer",
                "audit",
                "BEGIN; UPDATE ai_audit.writer SET address = 'x'; SELECT pg_sleep(300); COMMIT",
            )
        });
        wait_until("the row is held", || {
            server.sql(&format!("SELECT count(*) {holder}")) != "0"
        });
        let store = open().unwrap();
        assert_eq!(finder.find(), Ok(None));
        // It has the lock, and complains.
        assert!(matches!(open(), Err(StoreError::Locked { .. })));
        let looked = store.is_alone_since_opened().unwrap();
        assert!(looked.since_opened);
        let trouble = looked.trouble.unwrap().to_string();
        assert!(trouble.contains("lock timeout"), "{trouble}");
        // Who holds the row hides nothing of the lock: that another one has it by now,
        let end_sessions = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        server.sql(end_sessions);
        let mut other = None;
        wait_until("another one has the lock", || {
            other = open().ok();
            other.is_some()
        });
        let lost = store.is_alone_since_opened();
        assert!(matches!(lost, Err(StoreError::Locked { .. })), "{lost:?}");
        drop(other);
        // or that somebody had it for a while.
        let mut looked = None;
        wait_until("the lock is held again", || {
            looked = store.is_alone_since_opened().ok();
            looked.is_some()
        });
        let looked = looked.unwrap();
        assert!(!looked.since_opened);
        let trouble = looked.trouble.unwrap().to_string();
        assert!(trouble.contains("lock timeout"), "{trouble}");
        server.sql(&format!("SELECT pg_terminate_backend(pid) {holder}"));
        // It was ended, and says so.
        let _ = holds.join();
        assert_eq!(alone(&store), Ok(false));
        assert_eq!(finder.find(), Ok(Some("https://a.example".into())));
        // Its connection is made anew, and so is what it says.
        server.sql(end_sessions);
        wait_until("its session was ended, and it found out", || {
            finder.find() == Ok(None) && alone(&store) == Ok(false)
        });
        assert_eq!(finder.find(), Ok(Some("https://a.example".into())));
    });
}
