//! What the Python library itself wrote, where it is installed.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where `cargo xtask python` puts it, under the folder of everything that is built.
const PYTHON: &str = "tools/python/bin/python";

/// Runs a script with the library and gives its lines. None, said aloud, where it is not installed.
pub(crate) fn lines(script: &str, arguments: &[&str]) -> Option<Vec<String>> {
    let Some(python) = python() else {
        println!(
            "SKIPPED: servers written by the Python library: cargo xtask python puts it there"
        );
        return None;
    };
    let mut child = Command::new(python)
        .arg("-")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(RECEIPTS.as_bytes()).unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    Some(text.lines().map(Into::into).collect())
}

/// The tests' own program lies in the folder of everything that is built.
fn python() -> Option<PathBuf> {
    let program = std::env::current_exe().unwrap();
    let mut found = program.ancestors().map(|folder| folder.join(PYTHON));
    found.find(|path| path.is_file())
}

/// Receipts of three tenants, with what a server could change: quotes, floats at the edges, times of whole
/// seconds, texts of all planes.
const RECEIPTS: &str = r#"
import asyncio, sys
from datetime import datetime, timedelta, timezone
import nacl.signing, orjson
from ai_audit.models import CheckRecord, DecisionReceipt

key = nacl.signing.SigningKey(bytes(32))
begin = datetime(2026, 3, 1, tzinfo=timezone.utc)

def receipts():
    scores = [1.0, 0.0, 1e-7, 1e16, 1e22, 5e-324, 0.1 + 0.2, -2.5]
    for n in range(200):
        yield DecisionReceipt(
            tenant_id=["acme", "acme:eu", "*"][n % 3],
            timestamp=begin + timedelta(microseconds=500_000 * (n // 2)),
            session_id=f"session {n % 7}" if n % 5 else "",
            trace_id=f"trace-{n % 11}",
            input_c14n="\u00e9\U0001f600 \"quoted\" \\ \n \x01 /",
            checks=[CheckRecord(name=f"check {n}", score=scores[n % 8], threshold=0.5, fired=n % 2 == 0,
                                detail={"z": {"b": [1, 2.0, None, True], "": "\u00fc"}, "a": 10**n % 2**63})],
        )

def line(receipt):
    return orjson.dumps(receipt.model_dump(mode="json")).decode()
"#;
