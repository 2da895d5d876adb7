//! `docs/quickstarts/vault.md`, run as it stands but for the port, which may be taken.

use ai_audit_testkit::Quickstart;
use std::env;
use std::process::Command;

#[test]
fn the_quickstart_runs_as_it_stands() {
    if Command::new("bao").arg("version").output().is_err() {
        println!("SKIPPED: the quickstart of Vault: bao is absent");
        return;
    }
    let port = std::iter::repeat_with(crate::servers::free_port)
        .find_map(|port| port)
        .unwrap();
    // Where cargo puts the examples that it builds with the tests.
    let deps = env::current_exe().unwrap();
    let examples = deps.parent().unwrap().parent().unwrap().join("examples");
    let folder = tempfile::tempdir().unwrap();
    let said = Quickstart::new("vault")
        .replaced("127.0.0.1:8200", &format!("127.0.0.1:{port}"))
        .run(folder.path(), &examples.join("receipts-by-vault"));
    for expected in ["receipt 0: ", "receipt 1: ", "not signed by the pinned key"] {
        assert!(said.contains(expected), "{said}");
    }
}
