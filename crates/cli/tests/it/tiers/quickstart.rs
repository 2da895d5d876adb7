//! `docs/quickstarts/s3.md`, run as it stands but for the ports, which may be taken.

use crate::run::program;
use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

/// Four ports that follow each other, free as those 10,000 above.
fn ports() -> u16 {
    let own = u16::try_from(std::process::id() % 1490).unwrap();
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (0..1490)
        .map(|turn| 13_000 + (own + turn) % 1490 * 4)
        .find(|first| (*first..first + 4).all(|port| free(port) && free(port + 10_000)))
        .unwrap()
}

#[test]
fn the_quickstart_of_s3_runs_as_it_stands() {
    for program in ["weed", "curl"] {
        if Command::new(program).arg("--help").output().is_err() {
            println!("SKIPPED: the quickstart of S3: {program} is absent");
            return;
        }
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(manifest.join("../../docs/quickstarts/s3.md")).unwrap();
    let mut script =
        String::from("set -euo pipefail\ntrap 'kill ${SERVER:-} 2> /dev/null || true' EXIT\n");
    for block in page.split("\n```sh\n").skip(1) {
        script.push_str(block.split("\n```").next().unwrap());
        script.push('\n');
    }
    let first = ports();
    for (place, port) in (first..first + 4).enumerate() {
        let written = format!("933{}", 3 + place);
        assert!(script.contains(&written), "{written}");
        script = script.replace(&written, &port.to_string());
    }
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(program()).parent().unwrap().to_path_buf();
    let old = env::var_os("PATH").unwrap();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&old))).unwrap();
    let mut command = Command::new("timeout");
    command.args(["400", "bash", "-c", &script]);
    let output = crate::run::clean(command, folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{cried}");
    for expected in [
        "to s3://audit-archive/support",
        "Fetched the bytes of 1 receipts",
    ] {
        assert!(said.contains(expected), "{expected}: {said}\n{cried}");
    }
    assert_eq!(said.matches("VERIFIED: integrity").count(), 2, "{said}");
    let settings = fs::read_to_string(folder.path().join("audit/ai-audit.toml")).unwrap();
    assert!(!settings.contains("credentials"), "{settings}");
}
