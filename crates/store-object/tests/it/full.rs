//! A99: a disk that is full.

use crate::rig::{append, open, whole};
use ai_audit_core::Head;
use ai_audit_store::{LogName, Store, StoreError};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::TestLog;
use std::path::Path;
use std::process::Command;

/// A small file system in memory, for as long as the test runs.
struct Small(tempfile::TempDir);

impl Small {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            println!("SKIPPED: a full disk below a folder: only root mounts a small one");
            return None;
        }
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn a99_a_full_disk_is_told_as_full_and_changes_nothing() {
    let Some(small) = Small::new(3) else { return };
    let filler = small.path().join("filler");
    std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
    let place = Place::Folder(small.path().join("audit"));
    let (store, name) = (open(&place, OpenMode::Create), LogName::default());
    let mut log = TestLog::new(1);
    let (held, receipts) = loop {
        let head = log.head();
        let receipts = log.seal(200);
        match append(&store, &name, &head, &receipts) {
            Ok(()) => {}
            Err(StoreError::Full { what }) => {
                println!("{what}");
                break (head, receipts);
            }
            Err(error) => panic!("{error}"),
        }
        assert!(log.head().size() < 100_000, "the disk is never full");
    };
    assert!(held.size() > 0);
    // Again and again: nothing of it is there, also for one that remembers nothing.
    for _ in 0..3 {
        let error = append(&store, &name, &held, &receipts).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert_eq!(store.head(&name).unwrap(), Some(held));
    }
    assert_eq!(whole(&open(&place, OpenMode::ReadOnly), &name), held);
    // With room it goes on where it was.
    std::fs::remove_file(&filler).unwrap();
    append(&store, &name, &held, &receipts).unwrap();
    assert_eq!(whole(&store, &name), log.head());
    let found: Head = store.head(&name).unwrap().unwrap();
    assert_eq!(found, log.head());
}
