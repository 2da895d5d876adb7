//! A server with the roles of a real one, and logs to append to it.

use ai_audit_core::Head;
use ai_audit_store::{Batch, LogName, ReadLimit, Sealed, Store, StoreError};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, Rights, grant, migrate};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::postgres::PostgresServer;
use core::time::Duration;

/// What is not tested without a server.
pub(crate) const WHAT: &str = "the PostgreSQL store";

/// Roles that may log in.
pub(crate) const ROLES: &str = "CREATE ROLE audit_owner LOGIN; CREATE ROLE audit_writer LOGIN;
    CREATE ROLE audit_eraser LOGIN; CREATE ROLE audit_reader LOGIN;
    GRANT CREATE ON DATABASE audit TO audit_owner;";

/// A server without tables; none where there is none.
pub(crate) fn bare() -> Option<PostgresServer> {
    let server = PostgresServer::start(WHAT, &[], |_| ())?;
    server.sql(ROLES);
    Some(server)
}

/// A server with tables, and with the rights of each role.
pub(crate) fn server() -> Option<PostgresServer> {
    let server = bare()?;
    make_tables(&server);
    Some(server)
}

pub(crate) fn make_tables(server: &PostgresServer) {
    let (owner, options) = (server.url("audit_owner"), options());
    migrate(&owner, &options).unwrap();
    for (role, rights) in [
        ("audit_writer", Rights::Append),
        ("audit_eraser", Rights::Erase),
        ("audit_reader", Rights::Read),
    ] {
        grant(&owner, &options, role, rights).unwrap();
    }
}

pub(crate) fn options() -> Options {
    Options {
        timeout: Duration::from_secs(60),
        ..Options::default()
    }
}

/// As the role that appends, with the one that erases beside it.
pub(crate) fn writer(server: &PostgresServer) -> PostgresStore {
    writer_at(server, &server.url("audit_writer"), options())
}

pub(crate) fn writer_at(server: &PostgresServer, address: &str, options: Options) -> PostgresStore {
    let mut options = options;
    options.eraser = Some(server.url("audit_eraser"));
    PostgresStore::open(address, OpenMode::ReadWrite, options).unwrap()
}

pub(crate) fn reader(server: &PostgresServer) -> PostgresStore {
    PostgresStore::open(&server.url("audit_reader"), OpenMode::ReadOnly, options()).unwrap()
}

/// Why a server is not written to.
pub(crate) fn refused(address: &str) -> StoreError {
    PostgresStore::open(address, OpenMode::ReadWrite, options()).unwrap_err()
}

pub(crate) fn append(
    store: &dyn Store,
    expected: &Head,
    receipts: &[Sealed],
) -> Result<(), StoreError> {
    store.append(&[Batch {
        log: &LogName::default(),
        expected,
        receipts,
    }])
}

/// Seals as many more and appends them.
pub(crate) fn grow(store: &dyn Store, log: &mut TestLog, count: u64) -> Result<(), StoreError> {
    let expected = log.head();
    let receipts = log.seal(count);
    append(store, &expected, &receipts)
}

/// Where the log ends.
pub(crate) fn head(store: &dyn Store) -> Head {
    let head = store.head(&LogName::default()).unwrap();
    head.unwrap_or(Head::EMPTY)
}

/// Waits until something is so: a loaded machine takes its time.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The bytes of the log's receipts from the first to the last, of which none is missing.
pub(crate) fn all(store: &dyn Store) -> Vec<Vec<u8>> {
    let (mut all, limit) = (Vec::new(), ReadLimit::default());
    loop {
        let from = all.len() as u64;
        let more = store.read(&LogName::default(), from, limit).unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more.into_iter().map(|one| one.into_sealed().unwrap()));
    }
}
