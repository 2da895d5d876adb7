//! What all tests need: a store in a folder, appends, a log read as a whole.

use ai_audit_core::Decision;
use ai_audit_store::{
    FileMarks, Ledger, LedgerConfig, LogName, Record, Store, StoreError, SystemClock, Ticket,
};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
use ai_audit_testkit::Counter;
pub(crate) use ai_audit_testkit::writers::{append, whole};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A loaded machine takes its time.
pub(crate) fn options() -> ObjectOptions {
    ObjectOptions {
        timeout: Duration::from_secs(120),
        ..ObjectOptions::default()
    }
}

/// A folder on a disk in memory, where there is one: syncing is not what these tests are about.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

pub(crate) fn open(place: &Place, mode: OpenMode) -> ObjectStore {
    ObjectStore::open(place, mode, &options()).unwrap()
}

pub(crate) fn refusal(place: &Place, mode: OpenMode) -> StoreError {
    ObjectStore::open(place, mode, &options()).unwrap_err()
}

pub(crate) fn says(error: &StoreError, parts: &[&str]) {
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}

pub(crate) fn ledger(store: Arc<dyn Store>, marks: &Path) -> Ledger {
    let random = Arc::new(Counter::default());
    let mut config = LedgerConfig::new(Arc::new(SystemClock), random, "tests 1.0");
    config.marks = Some(Arc::new(FileMarks::new(marks)));
    Ledger::open(store, config).unwrap()
}

pub(crate) fn submit(ledger: &Ledger, count: usize) -> Ticket {
    let record = |n: usize| {
        let decision = Decision {
            model: format!("model {n}").into(),
            ..Decision::new()
        };
        Record::new(&decision)
    };
    let records = (0..count).map(record).collect();
    ledger.submit(&LogName::default(), records).unwrap()
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all.sort();
    all
}

/// The files of one kind of object of the default log.
pub(crate) fn objects(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let folder = folder.join("logs/default").join(kind);
    match folder.is_dir() {
        true => files(&folder),
        false => Vec::new(),
    }
}
