//! The independent verifier that travels with packages agrees with ours.

use crate::files::{get, unpack};
use crate::logs::Log;
use ai_audit_export::Selection;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `verify.py` on an unpacked package; none where there is no Python.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let Ok(output) = Command::new("python3")
        .arg("verify.py")
        .arg(".")
        .args(arguments)
        .current_dir(folder)
        .output()
    else {
        println!("SKIPPED: verify.py: python3 is absent");
        return None;
    };
    Some(output)
}

#[test]
fn verify_py_agrees() {
    let log = Log::of(1, 12);
    let folder = tempfile::tempdir().unwrap();
    let mut files = unpack(&log.package(Selection::All, true));
    let write = |files: &crate::files::Files| {
        for (name, contents) in files {
            std::fs::write(folder.path().join(name), contents).unwrap();
        }
    };
    write(&files);
    std::fs::write(folder.path().join("log.pub"), log.key_line()).unwrap();
    std::fs::write(
        folder.path().join("kept.note"),
        log.checkpoint().to_string(),
    )
    .unwrap();
    let with = ["--key", "log.pub", "--checkpoint", "kept.note"];
    let Some(output) = run(folder.path(), &with) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        run(folder.path(), &with[..2]).unwrap().status.code(),
        Some(3)
    );
    assert_eq!(run(folder.path(), &[]).unwrap().status.code(), Some(3));
    get(&mut files, "receipts.bin")[600] ^= 1;
    write(&files);
    assert_eq!(run(folder.path(), &with).unwrap().status.code(), Some(1));
}

#[test]
fn the_shipped_verifier_is_the_published_one() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/verify_example.py");
    if let Ok(text) = std::fs::read_to_string(published) {
        assert_eq!(text, include_str!("../../assets/verify.py"));
    }
}
