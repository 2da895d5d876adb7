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
fn a31_init_that_died_before_the_genesis_is_repeated_in_the_same_place_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    // As a run leaves it that was cut off right before it: keys, and the mark of where.
    let made = new(&path, "default");
    for left in [&made.paths.key_line, &path.join("audit.db")] {
        fs::remove_file(left).unwrap();
    }
    let mark = fs::read_to_string(&made.paths.begun).unwrap();
    assert!(mark.ends_with("\naudit.db\n"), "{mark}");
    fs::write(
        &made.paths.begun,
        "postgres://10.0.0.1:5432/audit ai_audit\n",
    )
    .unwrap();
    let again = || init(&path, &options("default"), Settings::default(), "test");
    let error = again().unwrap_err();
    assert!(
        matches!(&error, DirectoryError::BegunElsewhere { there, here, .. }
            if there.contains("10.0.0.1") && here == "audit.db"),
        "{error}"
    );
    // Nor is another one made beside it, in a database of which nothing else in the directory knows.
    let beside = init(&path, &options("acme"), Settings::default(), "test");
    assert!(matches!(beside, Err(DirectoryError::BegunElsewhere { .. })));
    assert!(!path.join("audit.db").exists());
    // Also where there is a database, of another log.
    new(&folder.path().join("other"), "acme");
    for moved in ["audit.db", "acme"] {
        fs::rename(folder.path().join("other").join(moved), path.join(moved)).unwrap();
    }
    assert!(matches!(
        again(),
        Err(DirectoryError::BegunElsewhere { .. })
    ));
    fs::write(&made.paths.begun, mark).unwrap();
    let other = again().unwrap();
    // The keys are those that were there; the salt is another.
    assert_eq!(other.key_line.key(), made.key_line.key());
    assert_ne!(other.key_line, made.key_line);
    record(&path, Settings::default(), 1).unwrap();
}

#[test]
fn a_log_that_was_made_and_is_gone_is_not_made_again() {
    for log in ["default", "acme"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let made = new(&path, log);
        let line = fs::read(&made.paths.key_line).unwrap();
        fs::remove_file(path.join("audit.db")).unwrap();
        for asked in ["default", "acme"] {
            let refused = init(&path, &options(asked), Settings::default(), "test");
            assert!(matches!(refused, Err(DirectoryError::NotHere { .. })));
            assert!(!path.join("audit.db").exists());
        }
        assert_eq!(fs::read(&made.paths.key_line).unwrap(), line);
    }
}

#[test]
fn init_finishes_no_log_whose_keys_are_not_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let made = new(folder.path(), "default");
    fs::remove_file(&made.paths.key_line).unwrap();
    let again = |options: &InitOptions| init(folder.path(), options, Settings::default(), "test");
    for file in [&made.paths.receipt_key, &made.paths.checkpoint_key] {
        let own = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        let absent = again(&options("default")).unwrap_err().to_string();
        assert!(absent.contains("the one at hand is none"), "{absent}");
        write_key(file, &SigningKey::from_bytes(&[5; 32])).unwrap();
        let error = again(&options("default")).unwrap_err();
        assert!(matches!(error, DirectoryError::OtherKeys { .. }), "{error}");
        assert!(!made.paths.key_line.exists());
        fs::write(file, own).unwrap();
    }
    // Nor one that was begun with other keys than this run is told of.
    let told = InitOptions {
        recovery_key: Some(SigningKey::from_bytes(&[5; 32]).verifying_key()),
        ..options("default")
    };
    assert!(matches!(
        again(&told),
        Err(DirectoryError::OtherKeys { .. })
    ));
    assert!(again(&options("default")).unwrap().recovery_key_made);
}

#[test]
fn a_key_that_is_given_is_not_passed_over_for_one_that_a_failed_run_left() {
    let folder = tempfile::tempdir().unwrap();
    let (path, given) = (folder.path().join("audit"), folder.path().join("given.pem"));
    write_key(&given, &SigningKey::from_bytes(&[5; 32])).unwrap();
    let keys = path.join("keys");
    fs::create_dir_all(&keys).unwrap();
    write_key(&keys.join("receipt.pem"), &SigningKey::from_bytes(&[6; 32])).unwrap();
    let told = InitOptions {
        receipt_key: Some(given),
        ..options("default")
    };
    let error = init(&path, &told, Settings::default(), "test").unwrap_err();
    assert!(error.to_string().contains("is there already"), "{error}");
    fs::remove_file(keys.join("receipt.pem")).unwrap();
    init(&path, &told, Settings::default(), "test").unwrap();
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
