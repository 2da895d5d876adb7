//! The key of a bucket with what is old: read from its file when the bucket is asked, and again where it is taken no more.

use crate::{new, record};
use ai_audit_core::Decision;
use ai_audit_directory::{BucketAddress, DirectoryError, Settings, Writer};
use ai_audit_store::{LogName, Record, StoreError, TierPolicy};
use ai_audit_testkit::{Endpoint, Manner};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Writes a file with a key for a server.
fn write_key(file: &Path, id: &str, endpoint: &Endpoint) {
    let server = endpoint.address();
    let text = format!(
        "[default]\naws_access_key_id = {id}\naws_secret_access_key = hunter2\nendpoint_url = {server}\n"
    );
    fs::write(file, text).unwrap();
}

/// A directory whose settings name a bucket of the server, and a key's file.
fn settings(endpoint: &Endpoint, file: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.cold.bucket = Some(BucketAddress::parse("s3://audit/log").unwrap());
    settings.cold.endpoint = Some(endpoint.address());
    settings.cold.credentials = Some(file.to_path_buf());
    settings
}

const ALL: TierPolicy = TierPolicy {
    age: Duration::ZERO,
    keep: 0,
};

#[test]
fn a_key_that_was_changed_works_without_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (
        folder.path().join("audit"),
        folder.path().join("credentials"),
    );
    new(&path, "default");
    let (endpoint, log) = (Endpoint::new(Manner::GOOD), LogName::default());
    let settings = settings(&endpoint, &file);
    // Nothing cold is needed: that there is no key keeps nobody from recording and reading.
    record(&path, settings.clone(), 5).unwrap();
    let writer = Writer::open(&path, settings, "test").unwrap();
    writer.seal_epoch(&log).unwrap();
    let refused = writer.move_epochs(&log, &ALL).unwrap_err();
    assert!(
        matches!(&refused, DirectoryError::Store(error) if !error.is_refusal()),
        "{refused}"
    );
    assert!(refused.to_string().contains("credentials"), "{refused}");
    assert!(writer.make_cold_store(false).is_err());
    write_key(&file, "FIRST", &endpoint);
    endpoint.take_only("FIRST");
    writer.make_cold_store(false).unwrap();
    assert_eq!(writer.move_epochs(&log, &ALL).unwrap().freed, 5);
    // Genesis, start, stop, start; then what was recorded.
    let read = || writer.directory().receipt(&log, 4);
    let before = read().unwrap();
    // The server takes another key from now on, and the file has the old one.
    endpoint.take_only("SECOND");
    let denied = read().unwrap_err();
    assert!(
        matches!(denied, DirectoryError::Store(StoreError::Denied { .. })),
        "{denied}"
    );
    assert!(!denied.to_string().contains("hunter2"), "{denied}");
    let submit = || {
        let records = vec![Record::new(&Decision::new())];
        let ticket = writer.ledger().submit(&log, records).unwrap();
        ticket.wait().unwrap();
    };
    submit();
    write_key(&file, "SECOND", &endpoint);
    assert_eq!(read().unwrap(), before);
    // And once more, where the file was changed before anybody noticed.
    write_key(&file, "THIRD", &endpoint);
    endpoint.take_only("THIRD");
    assert_eq!(read().unwrap(), before);
    writer.seal_epoch(&log).unwrap();
    assert_eq!(writer.move_epochs(&log, &ALL).unwrap().freed, 1);
    assert!(writer.directory().cold_health().unwrap().is_some());
    // It is taken no more, and the file is gone: what was under way then may be half done, and is not told as refused.
    endpoint.take_only("FOURTH");
    fs::remove_file(&file).unwrap();
    let denied = read().unwrap_err();
    assert!(
        matches!(denied, DirectoryError::Store(StoreError::Denied { .. })),
        "{denied}"
    );
    assert!(denied.to_string().contains("credentials"), "{denied}");
    writer.close("done").unwrap();
}
