//! `docs/quickstarts/vault.md`, run as it stands but for the port, which may be taken.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The blocks of shell of a page, one after the other.
fn shell_of(page: &str) -> String {
    let mut text =
        String::from("set -euo pipefail\ntrap 'kill ${SERVER:-} 2> /dev/null || true' EXIT\n");
    for block in page.split("\n```sh\n").skip(1) {
        text.push_str(block.split("\n```").next().unwrap());
        text.push('\n');
    }
    text
}

#[test]
fn the_quickstart_runs_as_it_stands() {
    if Command::new("bao").arg("version").output().is_err() {
        println!("SKIPPED: the quickstart of Vault: bao is absent");
        return;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(manifest.join("../../docs/quickstarts/vault.md")).unwrap();
    let port = std::iter::repeat_with(crate::servers::free_port)
        .find_map(|port| port)
        .unwrap();
    let script = shell_of(&page);
    assert!(script.contains("127.0.0.1:8200"));
    let script = script.replace("127.0.0.1:8200", &format!("127.0.0.1:{port}"));
    // Where cargo puts the examples that it builds with the tests.
    let deps = env::current_exe().unwrap();
    let examples = deps.parent().unwrap().parent().unwrap().join("examples");
    assert!(examples.join("receipts-by-vault").exists());
    let old = env::var_os("PATH").unwrap();
    let path = env::join_paths([examples].into_iter().chain(env::split_paths(&old))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // What waits for a server that never comes would wait for ever.
    let output = Command::new("timeout")
        .args(["300", "bash", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{cried}");
    for expected in ["receipt 0: ", "receipt 1: ", "not signed by the pinned key"] {
        assert!(said.contains(expected), "{said}");
    }
}
