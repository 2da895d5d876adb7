//! `docs/quickstarts/postgres.md`, run as it stands.

use super::server;
use crate::run::program;
use ai_audit_testkit::Quickstart;
use std::path::Path;
use std::process::Command;

#[test]
fn the_quickstart_of_postgres_runs_as_it_stands() {
    let Some(server) = server("the quickstart of PostgreSQL") else {
        return;
    };
    if Command::new("psql").arg("--version").output().is_err() {
        println!("SKIPPED: the quickstart of PostgreSQL: psql is absent");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let said = Quickstart::new("postgres")
        .with("PGHOST", "127.0.0.1")
        .with("PGPORT", server.port().to_string())
        .with("PGUSER", "postgres")
        .run(folder.path(), Path::new(program()));
    for expected in [
        "role audit_writer may append",
        "VERIFIED: integrity, attribution, completeness",
        "permission denied for table receipts",
        "older copy",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(said.matches("VERIFIED: integrity").count(), 2, "{said}");
    assert!(!folder.path().join("audit/audit.db").exists());
}
