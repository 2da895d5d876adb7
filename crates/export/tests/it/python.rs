//! The independent verifier that travels with packages agrees with ours.

use crate::files::{Files, unpack};
use crate::logs::{Auditor, Log};
use ai_audit_core::{Question, Status};
use ai_audit_export::Selection;
use ai_audit_verify::Report;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Once;

/// Runs `verify.py`; none where there is no Python.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Option<Output> {
    static SAID: Once = Once::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/verify.py");
    let output = Command::new("python3")
        // Python would leave its own files in the folder.
        .arg("-B")
        .arg(script)
        .args(arguments)
        .current_dir(folder)
        .output();
    if output.is_err() {
        SAID.call_once(|| println!("SKIPPED: verify.py: python3 is absent"));
    }
    output.ok()
}

/// The answers of the independent verifier, each as its words, and its exit code. Of erasures it says
/// something where they fail, or when it was asked.
pub(crate) fn answers(files: &Files, auditor: &Auditor) -> Option<([String; 4], i32, String)> {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package");
    std::fs::create_dir(&package).unwrap();
    for (name, contents) in files {
        std::fs::write(package.join(name), contents).unwrap();
    }
    let mut arguments: Vec<String> = vec!["package".into()];
    let mut bring = |option: &str, number: usize, text: &str| {
        let name = format!("{}{number}", option.trim_start_matches('-'));
        std::fs::write(folder.path().join(&name), text).unwrap();
        arguments.extend([option.to_string(), name]);
    };
    for (number, key) in auditor.keys.iter().enumerate() {
        bring("--key", number, key);
    }
    for (number, note) in auditor.checkpoints.iter().enumerate() {
        bring("--checkpoint", number, note);
    }
    for (number, revocation) in auditor.revocations.iter().enumerate() {
        bring("--revocation", number, revocation);
    }
    if let Some(size) = auditor.size {
        arguments.extend(["--size".into(), size.to_string()]);
    }
    if let Some(subject) = auditor.subject {
        arguments.extend(["--subject".into(), subject.into()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = run(folder.path(), &arguments)?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = ["integrity", "attribution", "completeness", "erasure"].map(|question| {
        let line = said.lines().find(|line| line.starts_with(question));
        let words = line.and_then(|line| line[question.len()..].split(':').next());
        words.unwrap_or("nothing").trim().to_lowercase()
    });
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Some((words, output.status.code().unwrap(), said))
}

/// Both verifiers give the same answers and the same exit code.
pub(crate) fn agrees(files: &Files, auditor: &Auditor, report: &Report) {
    let Some((found, code, said)) = answers(files, auditor) else {
        return;
    };
    let word = |status: &Status| match status {
        Status::Verified => "verified",
        Status::Failed { .. } => "failed",
        Status::Unverified { .. } => "unverified",
        Status::NotApplicable => "not applicable",
    };
    let verdict = &report.verdict;
    let erasure = match auditor.subject {
        None if !verdict.erasure.is_failed() => "nothing",
        _ => word(&verdict.erasure),
    };
    let ours = [
        word(&verdict.integrity),
        word(&verdict.attribution),
        word(&verdict.completeness),
        erasure,
    ];
    assert_eq!(found, ours, "verify.py says:\n{said}\nwe say: {report:#?}");
    let exit = report.exit(&Question::DEFAULT).code();
    assert_eq!(
        code,
        i32::from(exit),
        "verify.py says:\n{said}\nwe say: {report:#?}"
    );
}

#[test]
fn a42_a_folder_that_holds_vectors_is_evidence_all_the_same() {
    let (log, other) = (Log::of(1, 4), Log::of(2, 4));
    let folder = tempfile::tempdir().unwrap();
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/vectors");
    let Ok(vectors) = std::fs::read(spec.join("vectors.json")) else {
        println!("SKIPPED: the vectors are absent");
        return;
    };
    // What the program would have found to be in order, whoever made it.
    for name in ["receipts.bin", "checkpoint.note", "batches.json"] {
        std::fs::copy(spec.join(name), folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("vectors.json"), &vectors).unwrap();
    std::fs::write(folder.path().join("log.pub"), log.key_line()).unwrap();
    let Some(output) = run(folder.path(), &[".", "--key", "log.pub"]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let with = |arguments: &[&str]| run(folder.path(), arguments).unwrap().status.code();
    assert_eq!(with(&["vectors.json", "--key", "log.pub"]), Some(1));
    assert_eq!(with(&["--vectors", "."]), Some(0));
    for option in [
        ["--key", "log.pub"],
        ["--size", "3"],
        ["--checkpoint", "checkpoint.note"],
    ] {
        assert_eq!(with(&["--vectors", ".", option[0], option[1]]), Some(2));
    }
    // Beside a package's own files it is one that no package has.
    let mut files = unpack(&other.package(Selection::All, true));
    files.push(("vectors.json".into(), vectors));
    let (_, code, said) = answers(&files, &other.policy()).unwrap();
    assert!(code == 1 && said.contains("vectors.json"), "{said}");
}

#[test]
fn the_auditors_own_files_may_lie_in_the_folder() {
    let log = Log::of(1, 4);
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in unpack(&log.package(Selection::All, true)) {
        std::fs::write(folder.path().join(name), contents).unwrap();
    }
    std::fs::write(folder.path().join("log.pub"), log.key_line()).unwrap();
    std::fs::write(
        folder.path().join("kept.note"),
        log.checkpoint().to_string(),
    )
    .unwrap();
    let with = ["--key", "log.pub", "--checkpoint", "kept.note"];
    let Some(output) = run(folder.path(), &[&["."], &with[..]].concat()) else {
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Without being named it is somebody's.
    let output = run(folder.path(), &[".", "--key", "log.pub"]).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // A receipts file alone has no manifest.
    let output = run(folder.path(), &[&["receipts.bin"], &with[..]].concat()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn the_shipped_verifier_is_the_published_one() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/verify_example.py");
    if let Ok(text) = std::fs::read_to_string(published) {
        assert_eq!(text, include_str!("../../assets/verify.py"));
    }
}

/// Evidence that was not unpacked is not told as evidence that was changed.
#[test]
fn a_package_that_was_not_unpacked_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let package = Log::of(1, 4).package(Selection::All, false);
    std::fs::write(folder.path().join("package.zip"), package).unwrap();
    let Some(output) = run(folder.path(), &["package.zip"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("unpack it"), "{said}");
    assert!(output.stdout.is_empty());
}
