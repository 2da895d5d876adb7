//! Who may read: a reader that may not write, a file for its owner alone, errors that name files.
#![cfg(unix)]

use ai_audit_core::Head;
use ai_audit_store::{Batch, LogName, ReadLimit, Store};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::TestLog;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const VARIABLE: &str = "AI_AUDIT_TEST_ACCESS";

/// The child: reads the file that it is told and prints what it finds. Does nothing where it is run
/// as a test like the others.
#[test]
fn access_child() {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    match SqliteStore::open(Path::new(&path), OpenMode::ReadOnly) {
        Ok(store) => {
            let all = store.read(&LogName::default(), 0, ReadLimit::default());
            store.check_file().unwrap();
            println!("READ {}", all.unwrap().len());
        }
        Err(error) => println!("ERROR {error}"),
    }
}

/// What a child says that may do no more than the files' modes allow; none where the tests run as
/// somebody whom modes do not stop, and nothing takes that away.
fn child(path: &Path) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let almighty =
        fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"));
    let mut command = Command::new("setpriv");
    if almighty {
        command
            .args(["--bounding-set=-all", "--inh-caps=-all", "--"])
            .arg(program);
    } else {
        command = Command::new(program);
    }
    let output = command
        .args(["access::access_child", "--exact", "--nocapture"])
        .env(VARIABLE, path)
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: reading without write access: the tests run as root, setpriv is absent");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| {
        let start = line.find("READ ").or_else(|| line.find("ERROR "))?;
        Some(line[start..].to_owned())
    });
    Some(said.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))))
}

fn append(store: &SqliteStore, log: &mut TestLog, count: u64) {
    let expected: Head = log.head();
    let receipts = log.seal(count);
    let batch = Batch {
        log: &LogName::default(),
        expected: &expected,
        receipts: &receipts,
    };
    store.append(&[batch]).unwrap();
}

/// A folder whose file nobody may change.
fn read_only(folder: &Path, path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    (folder, path)
}

#[test]
fn a_log_that_was_closed_is_read_without_write_access() {
    let (folder, path) = place();
    append(
        &SqliteStore::open(&path, OpenMode::Create).unwrap(),
        &mut TestLog::new(1),
        20,
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "it was closed in order"
    );
    read_only(folder.path(), &path);
    let said = child(&path);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(said.is_none_or(|said| said == "READ 20"));
}

#[test]
fn a_log_that_is_being_written_is_read_without_write_access() {
    let (folder, path) = place();
    let writer = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let mut log = TestLog::new(1);
    append(&writer, &mut log, 20);
    append(&writer, &mut log, 5);
    read_only(folder.path(), &path);
    let said = child(&path);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(said.is_none_or(|said| said == "READ 25"));
}

#[test]
fn what_may_not_be_read_is_named_with_the_access_it_needs() {
    let (folder, path) = place();
    let writer = SqliteStore::open(&path, OpenMode::Create).unwrap();
    append(&writer, &mut TestLog::new(1), 20);
    // The receipts are still in the write-ahead log, which is not readable: the file without it
    // would be an older state.
    let wal = folder.path().join("audit.db-wal");
    fs::set_permissions(&wal, Permissions::from_mode(0o000)).unwrap();
    let shown = path.display().to_string();
    if let Some(said) = child(&path) {
        assert!(
            said.starts_with("ERROR ") && said.contains(&shown),
            "{said}"
        );
        assert!(
            said.contains(&format!("read access to {shown}-wal")),
            "{said}"
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    if let Some(said) = child(&path) {
        assert!(
            said.contains(&shown) && said.contains("ermission denied"),
            "{said}"
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o000)).unwrap();
    let said = child(&path);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    if let Some(said) = said {
        assert!(
            said.contains(&shown) && said.contains("ermission denied"),
            "{said}"
        );
    }
}

#[test]
fn the_file_and_those_beside_it_are_for_their_owner_alone() {
    let (folder, path) = place();
    let writer = SqliteStore::open(&path, OpenMode::Create).unwrap();
    append(&writer, &mut TestLog::new(1), 20);
    let mut files = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        files += 1;
    }
    assert_eq!(files, 3, "database, write-ahead log, its index");
}
