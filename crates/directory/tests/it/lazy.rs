//! Logs are attached when they are needed: no tenant blocks another or writes into another's log.

use crate::{copy, new, options, record};
use ai_audit_core::Decision;
use ai_audit_directory::{LogDirectory, Settings, Writer, init};
use ai_audit_store::{LogName, Record, SubmitError};
use std::fs;
use std::path::Path;

fn size(path: &Path, log: &str) -> u64 {
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    directory.head(&LogName::new(log).unwrap()).unwrap().size()
}

fn one() -> Vec<Record> {
    vec![Record::new(&Decision::new())]
}

#[test]
fn a_tenant_whose_key_is_missing_blocks_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    new(path, "default");
    let acme = new(path, "acme");
    fs::remove_file(&acme.paths.receipt_key).unwrap();
    record(path, Settings::default(), 2).unwrap();
    let writer = Writer::open(path, Settings::default(), "test").unwrap();
    let error = writer.ledger().submit(&acme.log, one()).unwrap_err();
    assert!(matches!(error, SubmitError::Attach(_)), "{error}");
    assert!(
        error.to_string().contains("acme/keys/receipt.pem"),
        "{error}"
    );
    let error = writer.attach(&acme.log).unwrap_err().to_string();
    assert!(error.contains("acme/keys/receipt.pem"), "{error}");
    let missing = LogName::new("missing").unwrap();
    let error = writer.ledger().submit(&missing, one()).unwrap_err();
    assert!(
        error.to_string().contains("it has acme, default"),
        "{error}"
    );
    writer.close("done").unwrap();
}

#[test]
fn a_record_for_one_log_writes_nothing_into_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for log in ["default", "acme"] {
        new(path, log);
    }
    assert_eq!((size(path, "default"), size(path, "acme")), (3, 3));
    record(path, Settings::default(), 1).unwrap();
    assert_eq!((size(path, "default"), size(path, "acme")), (6, 3));
    drop(Writer::open(path, Settings::default(), "test").unwrap());
    assert_eq!((size(path, "default"), size(path, "acme")), (6, 3));
    // Everything that needs a log attaches it.
    let acme = LogName::new("acme").unwrap();
    let writer = Writer::open(path, Settings::default(), "test").unwrap();
    assert!(writer.checkpoint(&acme).unwrap().contains("\n4\n"));
    writer.close("done").unwrap();
    let writer = Writer::open(path, Settings::default(), "test").unwrap();
    writer.rotate_key(&acme, "test").unwrap();
    writer.close("done").unwrap();
    assert_eq!((size(path, "default"), size(path, "acme")), (6, 8));
}

#[test]
fn producers_that_come_at_once_attach_a_log_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let log = new(path, "default").log;
    let writer = Writer::open(path, Settings::default(), "test").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| writer.ledger().submit(&log, one()).unwrap().wait().unwrap());
        }
    });
    writer.close("done").unwrap();
    assert_eq!(size(path, "default"), 3 + 1 + 8 + 1, "one start, one stop");
}

#[test]
fn a33_a_restored_log_is_refused_before_its_first_record_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("audit"), folder.path().join("backup"));
    let marked = Settings {
        high_water_marks: Some(folder.path().join("marks")),
        ..Settings::default()
    };
    init(&path, &options("default"), marked.clone(), "test").unwrap();
    copy(&path, &backup);
    record(&path, marked.clone(), 2).unwrap();
    let writer = Writer::open(&backup, marked, "test").unwrap();
    for _ in 0..2 {
        let refused = writer.ledger().submit(&LogName::default(), one());
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("older copy"), "{error}");
    }
    let (_, collected) = writer.ledger().collect(&LogName::default(), || {
        ai_audit_store::collect(Record::new(&Decision::new())).unwrap();
    });
    assert!(matches!(collected, Err(SubmitError::Attach(_))));
    assert!(writer.checkpoint(&LogName::default()).is_err());
    writer.close("done").unwrap();
    assert_eq!(size(&backup, "default"), 3, "nothing was written");
}
