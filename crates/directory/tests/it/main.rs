//! Log directories through the public interface: keys, locks, copies.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod a123_accounts;
mod a125_tail;
mod a31_kill;
mod archives;
mod checkpoints;
mod ciphertexts;
#[cfg(feature = "s3")]
mod cold_keys;
mod cut_off;
mod epochs;
mod grown;
mod keys;
mod lazy;
mod monitors;
mod picked;
mod reports;
mod running;
mod subject_keys;
mod tile_folders;

use ai_audit_core::{Decision, Question, SigningKey};
use ai_audit_directory::{
    DirectoryError, InitOptions, Initialized, LogDirectory, Settings, Writer, init, read_key,
    write_key,
};
use ai_audit_store::{LogName, Record, StoreReader};
use ai_audit_verify::{LogVerifier, Observed, Observer, Pin, TrustPolicy, verify_source};
use std::fs;
use std::path::Path;

fn options(log: &str) -> InitOptions {
    InitOptions {
        log: LogName::new(log).unwrap(),
        name: format!("example.org/{log}"),
        tenant: "acme".into(),
        policy: vec![("retention".into(), "7y".into())],
        ..InitOptions::new("")
    }
}

fn new(path: &Path, log: &str) -> Initialized {
    init(path, &options(log), Settings::default(), "test").unwrap()
}

fn record(path: &Path, settings: Settings, count: usize) -> Result<(), DirectoryError> {
    let writer = Writer::open(path, settings, "test")?;
    writer.attach(&LogName::default())?;
    let records = (0..count).map(|_| Record::new(&Decision::new())).collect();
    writer
        .ledger()
        .submit(&LogName::default(), records)
        .unwrap()
        .wait()
        .unwrap();
    writer.close("done")
}

#[test]
fn a_log_is_opened_written_and_verified_with_its_key_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let made = new(&path, "default");
    assert!(made.recovery_key_made);
    let line = fs::read_to_string(path.join("log.pub")).unwrap();
    assert_eq!(line, format!("{}\n", made.key_line));
    record(&path, Settings::default(), 3).unwrap();
    let directory = LogDirectory::open(&path, Settings::default()).unwrap();
    let policy = TrustPolicy::new().pin(Pin::parse(&line).unwrap());
    let mut source = StoreReader::new(directory.store(), &LogName::default()).unwrap();
    let report = verify_source(LogVerifier::new(&policy), &mut source, |_| {}).unwrap();
    assert!(report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified());
    // Genesis, start, stop; start, three decisions, stop.
    assert_eq!(report.receipts, 8);
    assert_eq!(report.exit(&[Question::Integrity]).code(), 0);
    // Who looks on sees each of them, and none as verified without the key line.
    for (policy, verified) in [(policy, 8), (TrustPolicy::new(), 0)] {
        let mut count = Count::default();
        let log = LogName::default();
        let observed = directory.observe(&log, &policy, &mut count).unwrap();
        let plain = directory.verify(&log, &policy).unwrap();
        assert_eq!(format!("{observed:?}"), format!("{plain:?}"));
        assert_eq!((count.verified, count.last), (verified, (8, 8)));
    }
}

/// Counts what is verified, and keeps the progress.
#[derive(Default)]
struct Count {
    verified: u64,
    last: (u64, u64),
}

impl Observer for Count {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.verified += u64::from(matches!(seen, Observed::Verified { .. }));
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.last = (done, total);
    }
}

#[test]
fn several_logs_have_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let first = new(folder.path(), "default");
    let second = new(folder.path(), "acme");
    assert_ne!(first.key_line, second.key_line);
    assert!(
        folder.path().join("acme/log.pub").is_file()
            && folder.path().join("acme/keys/receipt.pem").is_file()
    );
    assert!(matches!(
        init(folder.path(), &options("acme"), Settings::default(), "test"),
        Err(DirectoryError::LogExists { .. })
    ));
    assert!(init(folder.path(), &options("keys"), Settings::default(), "test").is_err());
    let writer = Writer::open(folder.path(), Settings::default(), "test").unwrap();
    let made = writer
        .create_tenant_log(LogName::new("other").unwrap())
        .unwrap();
    assert!(
        made.key_line
            .name()
            .starts_with("example.org/default/other/")
    );
    assert_eq!(writer.directory().logs().unwrap().len(), 3);
    let other = made.log;
    writer
        .ledger()
        .submit(&other, vec![Record::new(&Decision::new())])
        .unwrap()
        .wait()
        .unwrap();
}

#[test]
fn an_interrupted_init_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir_all(&keys).unwrap();
    let key = SigningKey::from_bytes(&[5; 32]);
    write_key(&keys.join("receipt.pem"), &key).unwrap();
    new(folder.path(), "default");
    assert_eq!(
        read_key(&keys.join("receipt.pem"), true)
            .unwrap()
            .verifying_key(),
        key.verifying_key()
    );
    record(folder.path(), Settings::default(), 1).unwrap();
}

#[test]
#[cfg(unix)]
fn key_files_are_private_and_openssl_reads_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "default");
    for name in [
        "receipt.pem",
        "checkpoint.pem",
        "recovery.pem",
        "digest.secret",
    ] {
        let mode = fs::metadata(folder.path().join("keys").join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let path = folder.path().join("keys/receipt.pem");
    let key = read_key(&path, true).unwrap();
    match std::process::Command::new("openssl")
        .args(["pkey", "-noout", "-text", "-in"])
        .arg(&path)
        .output()
    {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).replace([':', ' ', '\n'], "");
            assert!(
                text.contains(&key.verifying_key().to_string()),
                "{output:?}"
            );
        }
        Err(_) => println!("SKIPPED: keys read by OpenSSL: openssl is absent"),
    }
    // Others can read it: refused in production, and named.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let production = Settings {
        production: true,
        ..Settings::default()
    };
    let error = record(folder.path(), production, 1)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("receipt.pem") && error.contains("chmod 600"),
        "{error}"
    );
    record(folder.path(), Settings::default(), 1).unwrap();
}

#[test]
#[cfg(unix)]
fn production_refuses_a_database_that_everybody_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let production = Settings {
        production: true,
        ..Settings::default()
    };
    init(
        folder.path(),
        &options("default"),
        production.clone(),
        "test",
    )
    .unwrap();
    let path = folder.path().join("audit.db");
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(found, 0o600, "as it is made");
    mode(0o640);
    record(folder.path(), production.clone(), 1).unwrap();
    for open_to in [0o644, 0o660, 0o604] {
        mode(open_to);
        for error in [
            record(folder.path(), production.clone(), 1).unwrap_err(),
            LogDirectory::open(folder.path(), production.clone()).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                error.contains("audit.db") && error.contains("chmod 600"),
                "{error}"
            );
        }
    }
    record(folder.path(), Settings::default(), 1).unwrap();
}

#[test]
fn wrong_key_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "default");
    let path = folder.path().join("keys/receipt.pem");
    for text in [
        "",
        "no key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        fs::write(&path, text).unwrap();
        let error = record(folder.path(), Settings::default(), 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("receipt.pem"), "{error}");
    }
    // Another log's key does not become this one's.
    fs::remove_file(&path).unwrap();
    write_key(&path, &SigningKey::from_bytes(&[5; 32])).unwrap();
    let error = record(folder.path(), Settings::default(), 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("key"), "{error}");
}

#[test]
fn a_wrong_directory_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let error = LogDirectory::open(folder.path(), Settings::default()).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().contains("ai-audit init"),
        "{error}"
    );
    fs::write(folder.path().join("audit.db"), "x".repeat(5000)).unwrap();
    assert!(
        LogDirectory::open(folder.path(), Settings::default())
            .unwrap_err()
            .is_usage()
    );
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(
        init(
            &folder.path().join("file"),
            &options("default"),
            Settings::default(),
            "test"
        )
        .is_err()
    );
}

#[test]
fn a33_a_second_writer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "default");
    let first = Writer::open(folder.path(), Settings::default(), "test").unwrap();
    let error = Writer::open(folder.path(), Settings::default(), "test")
        .unwrap_err()
        .to_string();
    assert!(error.contains("locked by another writer"), "{error}");
    drop(first);
    record(folder.path(), Settings::default(), 1).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a33_a_restored_or_copied_directory_is_behind_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("audit"), folder.path().join("backup"));
    let marked = Settings {
        high_water_marks: Some(folder.path().join("marks")),
        ..Settings::default()
    };
    init(&path, &options("default"), marked.clone(), "test").unwrap();
    record(&path, marked.clone(), 2).unwrap();
    copy(&path, &backup);
    record(&path, marked.clone(), 2).unwrap();
    // The copy is older than the mark.
    let error = record(&backup, marked.clone(), 1).unwrap_err().to_string();
    assert!(error.contains("older copy"), "{error}");
    // Written on without the marks, it is as long and says something else.
    record(&backup, Settings::default(), 4).unwrap();
    let error = record(&backup, marked.clone(), 1).unwrap_err().to_string();
    assert!(error.contains("copy that was written on"), "{error}");
    record(&path, marked, 1).unwrap();
}

#[test]
fn readers_need_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "default");
    let writer = Writer::open(folder.path(), Settings::default(), "test").unwrap();
    let directory = LogDirectory::open(folder.path(), Settings::default()).unwrap();
    let before = directory.head(&LogName::default()).unwrap().size();
    let records = vec![Record::new(&Decision::new())];
    writer
        .ledger()
        .submit(&LogName::default(), records)
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(
        directory.head(&LogName::default()).unwrap().size(),
        before + 2,
        "a start receipt and the record"
    );
    assert!(!directory.store().health().unwrap().writable);
    let note = writer.checkpoint(&LogName::default()).unwrap();
    assert!(note.starts_with("example.org/default/"));
    let missing = LogName::new("missing").unwrap();
    let error = directory.head(&missing).unwrap_err().to_string();
    assert!(error.contains("it has default"), "{error}");
}
