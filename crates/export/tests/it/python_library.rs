//! Fresh packages, made by the Python library itself while the test runs, whole and spoilt.

use crate::python_packages::{classes, key};
use ai_audit_export::{is_python_package, verify_python_package};
use ai_audit_import::{PythonReport, SourceTrust};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `cargo xtask python` puts the library.
fn environment() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target =
        target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("tools/python")
}

/// Runs a script of ours with the library; gives its first line, or none, said aloud, where the library
/// is not installed.
fn run(script: &str, arguments: &[&str]) -> Option<String> {
    let environment = environment();
    if !environment.join("installed.txt").is_file() {
        println!("SKIPPED: the Python library itself: run `cargo xtask python` first");
        return None;
    }
    let inside = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../import/tests/python");
    let done = Command::new(environment.join(inside))
        .args(["-B", "-s"])
        .env_remove("PYTHONPATH")
        .arg(scripts.join(script))
        .args(arguments)
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script} {arguments:?}: {wrong}");
    let said = String::from_utf8(done.stdout).unwrap();
    said.lines().next().map(str::to_owned)
}

fn seed() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    (now.unwrap().as_nanos() % 1_000_000_000).to_string()
}

fn verify(path: &Path, digits: &str, min_size: Option<u64>) -> PythonReport {
    let bytes = std::fs::read(path).unwrap();
    assert!(is_python_package(&bytes), "{}", path.display());
    let trust = SourceTrust {
        keys: vec![key(digits)],
        min_size,
    };
    verify_python_package(&bytes, &trust, |_, _| {})
}

#[test]
fn a_fresh_package_of_a_thousand_random_receipts_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.zip");
    let seed = seed();
    println!("records.py {seed} 1000 PACKAGE");
    let arguments = [&*seed, "1000", path.to_str().unwrap()];
    let Some(first) = run("records.py", &arguments) else {
        return;
    };
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    let report = verify(&path, first["key"].as_str().unwrap(), Some(1000));
    let verdict = &report.verdict;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(verdict.integrity.is_verified(), "{verdict:?}");
    assert!(verdict.attribution.is_verified(), "{verdict:?}");
    assert!(verdict.completeness.is_verified(), "{verdict:?}");
    assert_eq!(report.counts.decisions, 1000);
}

/// Spoilt with the library's own functions, by one who has its key or another.
#[test]
fn fresh_packages_that_are_spoilt_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let seed = seed();
    println!("forge.py {seed}");
    let arguments = [&*seed, folder.path().to_str().unwrap()];
    let Some(digits) = run("forge.py", &arguments) else {
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // `CLASS.what-was-done.zip`.
        let (expected, what) = name.split_once('.').unwrap();
        let report = verify(&path, &digits, None);
        if expected == "valid" {
            assert!(report.findings.is_empty(), "{what}: {:?}", report.findings);
            assert!(report.verdict.attribution.is_verified(), "{what}");
        } else {
            let found = classes(&report);
            assert!(found.contains(&expected), "{what}: {expected}, {found:?}");
        }
        seen += 1;
    }
    assert_eq!(seen, 16);
}
