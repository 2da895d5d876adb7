//! A31, A32: what a crash, a power cut or a full disk leaves of a log that is being made.

use crate::{new, options, record};
use ai_audit_core::SigningKey;
use ai_audit_directory::{
    DirectoryError, InitOptions, Settings, Writer, init, read_key, write_digest_secret, write_key,
};
use std::fs;
use std::path::Path;
use std::process::Command;

const VARIABLE: &str = "AI_AUDIT_TEST_CUT_OFF";

/// The child, which may not write a byte into any file. Does nothing where it is run as a test like
/// the others.
#[test]
fn a32_child_on_a_full_disk() {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        return;
    };
    let folder = Path::new(&folder);
    let key = SigningKey::from_bytes(&[5; 32]);
    for result in [
        write_key(&folder.join("receipt.pem"), &key),
        write_digest_secret(&folder.join("digest.secret"), &[5; 32]),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(&folder.display().to_string()), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn a32_a_full_disk_leaves_no_half_key() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" cut_off::a32_child_on_a_full_disk --exact";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(VARIABLE, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a32_an_empty_key_file_does_not_keep_init_from_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir_all(&keys).unwrap();
    for name in ["receipt.pem", "digest.secret"] {
        fs::write(keys.join(name), "").unwrap();
    }
    new(folder.path(), "default");
    record(folder.path(), Settings::default(), 1).unwrap();
    // What is no key and not empty is somebody's, and stays.
    let other = tempfile::tempdir().unwrap();
    let keys = other.path().join("keys");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join("receipt.pem"), "mine").unwrap();
    assert!(
        init(
            other.path(),
            &options("default"),
            Settings::default(),
            "test"
        )
        .is_err()
    );
    assert_eq!(fs::read(keys.join("receipt.pem")).unwrap(), b"mine");
}

#[test]
fn a_key_is_never_written_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.pem");
    let key = |seed| SigningKey::from_bytes(&[seed; 32]);
    write_key(&path, &key(5)).unwrap();
    assert!(write_key(&path, &key(6)).is_err());
    let found = read_key(&path, true).unwrap().verifying_key();
    assert_eq!(found, key(5).verifying_key());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a31_init_that_died_before_the_key_line_is_finished_by_the_next() {
    for log in ["default", "acme"] {
        let folder = tempfile::tempdir().unwrap();
        let made = new(folder.path(), log);
        fs::remove_file(&made.paths.key_line).unwrap();
        // Another log is not what was begun.
        let other = InitOptions {
            name: "example.org/other".into(),
            ..options(log)
        };
        let refused = init(folder.path(), &other, Settings::default(), "test");
        assert!(matches!(refused, Err(DirectoryError::LogExists { .. })));
        let again = new(folder.path(), log);
        assert_eq!(again.key_line, made.key_line);
        assert!(again.recovery_key_made);
        let line = fs::read_to_string(&made.paths.key_line).unwrap();
        assert_eq!(line, format!("{}\n", made.key_line));
        // Once it is whole it exists.
        let refused = init(folder.path(), &options(log), Settings::default(), "test");
        assert!(matches!(refused, Err(DirectoryError::LogExists { .. })));
    }
}

#[test]
fn a31_a_writer_writes_the_key_line_that_init_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let made = [new(folder.path(), "default"), new(folder.path(), "acme")];
    for log in &made {
        fs::remove_file(&log.paths.key_line).unwrap();
    }
    drop(Writer::open(folder.path(), Settings::default(), "test").unwrap());
    for log in &made {
        let line = fs::read_to_string(&log.paths.key_line).unwrap();
        assert_eq!(line, format!("{}\n", log.key_line));
    }
}

/// The child that makes a log under strace. Does nothing where it is run as a test like the others.
#[test]
fn a31_child_that_makes_a_log() {
    if let Some(path) = std::env::var_os("AI_AUDIT_TEST_INIT") {
        new(Path::new(&path), "default");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a31_keys_are_as_durable_as_the_genesis_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (path, trace) = (folder.join("new/audit"), folder.join("trace"));
    let calls = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat";
    let done = Command::new("strace")
        .args(["-f", "-y", "-s", "4096", "-e", calls, "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["cut_off::a31_child_that_makes_a_log", "--exact"])
        .env("AI_AUDIT_TEST_INIT", &path)
        .output();
    if !done.is_ok_and(|done| done.status.success()) {
        println!("SKIPPED: what init syncs and when: strace is absent or may not trace");
        return;
    }
    let trace = fs::read_to_string(&trace).unwrap();
    let calls: Vec<&str> = trace.lines().collect();
    let synced = |path: &Path| {
        let file = format!("<{}>", path.display());
        let found = calls.iter().enumerate();
        found
            .filter(|(_, call)| call.contains("sync(") && call.contains(&file))
            .map(|(at, _)| at)
            .collect::<Vec<usize>>()
    };
    let named = |path: &Path| {
        let file = format!("\"{}\"", path.display());
        calls.iter().rposition(|call| call.contains(&file)).unwrap()
    };
    let keys = path.join("keys");
    let last_key = [
        "receipt.pem",
        "checkpoint.pem",
        "recovery.pem",
        "digest.secret",
    ]
    .map(|key| named(&keys.join(key)))
    .into_iter()
    .max()
    .unwrap();
    let wal = synced(&path.join("audit.db-wal"));
    let genesis = *wal.iter().find(|at| **at > last_key).unwrap();
    let between = |path: &Path, from: usize, to: usize| {
        let found = synced(path);
        assert!(
            found.iter().any(|at| (from..to).contains(at)),
            "{} is not synced between {from} and {to}:\n{trace}",
            path.display()
        );
    };
    between(&keys, last_key, genesis);
    between(&path, last_key, genesis);
    between(&folder.join("new"), 0, genesis);
    between(&folder, 0, genesis);
    between(&path, named(&path.join("log.pub")), calls.len());
}
