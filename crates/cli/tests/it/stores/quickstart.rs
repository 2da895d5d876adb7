//! `docs/quickstarts/postgres.md`, run as it stands.

use super::server;
use crate::run::program;
use std::env;
use std::fs;
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
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(manifest.join("../../docs/quickstarts/postgres.md")).unwrap();
    let mut script = String::from("set -euo pipefail\n");
    for block in page.split("\n```sh\n").skip(1) {
        script.push_str(block.split("\n```").next().unwrap());
        script.push('\n');
    }
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(program()).parent().unwrap().to_path_buf();
    let old = env::var_os("PATH").unwrap();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&old))).unwrap();
    let mut command = Command::new("timeout");
    command.args(["300", "bash", "-c", &script]);
    let output = crate::run::clean(command, folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", "postgres")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{cried}");
    for expected in [
        "role audit_writer may append",
        "VERIFIED: integrity, attribution, completeness",
        "permission denied for table receipts",
        "older copy",
    ] {
        assert!(said.contains(expected), "{expected}: {said}\n{cried}");
    }
    assert_eq!(said.matches("VERIFIED: integrity").count(), 2, "{said}");
    assert!(!folder.path().join("audit/audit.db").exists());
}
