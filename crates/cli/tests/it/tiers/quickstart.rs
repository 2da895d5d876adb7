//! `docs/quickstarts/s3.md`, run as it stands but for the ports, which may be taken.

use crate::run::program;
use ai_audit_testkit::Quickstart;
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
    let mut page = Quickstart::new("s3");
    let first = ports();
    for (place, port) in (first..first + 4).enumerate() {
        page = page.replaced(&format!("933{}", 3 + place), &port.to_string());
    }
    let folder = tempfile::tempdir().unwrap();
    let said = page.run(folder.path(), Path::new(program()));
    for expected in [
        "to s3://audit-archive/support",
        "Fetched the bytes of 1 receipts",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(said.matches("VERIFIED: integrity").count(), 2, "{said}");
    let settings = fs::read_to_string(folder.path().join("audit/ai-audit.toml")).unwrap();
    assert!(!settings.contains("credentials"), "{settings}");
}
