//! A32: a disk that is full, and one that is slow.

use crate::rig::{append, grow, head, server, wait_until, writer};
use ai_audit_store::StoreError;
use ai_audit_testkit::TestLog;
use ai_audit_testkit::postgres::{give_to_postgres, is_root};
use std::path::Path;
use std::process::Command;

/// A small file system in memory, for as long as the test runs.
struct Small(tempfile::TempDir);

impl Small {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(folder.path())
                .status()
                .is_ok_and(|status| status.success());
        if !mounted {
            println!("SKIPPED: a full disk below PostgreSQL: only root mounts a small one");
            return None;
        }
        give_to_postgres(folder.path());
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
fn a32_a_full_disk_is_told_as_full_and_changes_nothing() {
    let Some(small) = Small::new(12) else { return };
    let Some(server) = server() else { return };
    server.sql(&format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        small.path().display()
    ));
    server.sql(
        "ALTER TABLE ai_audit.receipts SET TABLESPACE small;
         ALTER INDEX ai_audit.receipts_pkey SET TABLESPACE small;",
    );
    let (store, mut log) = (writer(&server), TestLog::new(1));
    let mut held = log.head();
    let error = loop {
        match grow(&store, &mut log, 500) {
            Ok(()) => held = log.head(),
            Err(error) => break error,
        }
        assert!(held.size() < 100_000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(head(&store), held);
    // It stays so, and nothing of it is half there.
    let mut again = TestLog::new(1);
    again.seal(held.size());
    let receipts = again.seal(500);
    assert!(matches!(
        append(&store, &held, &receipts),
        Err(StoreError::Full { .. })
    ));
    assert_eq!(crate::rig::all(&store).len() as u64, held.size());
    // With room again it goes on where it was.
    server.sql("ALTER TABLE ai_audit.receipts SET TABLESPACE pg_default");
    append(&store, &held, &receipts).unwrap();
    assert_eq!(head(&store), again.head());
    drop(server);
}

/// A full disk under the journal stops the whole server, in the middle of whatever it did.
#[test]
fn a32_a_full_disk_under_the_journal_loses_nothing_that_was_acknowledged() {
    let Some(small) = Small::new(72) else { return };
    let settings = [
        "min_wal_size=32MB",
        "max_wal_size=1GB",
        "checkpoint_timeout=1h",
    ];
    let Some(mut server) =
        ai_audit_testkit::postgres::PostgresServer::start(crate::rig::WHAT, &settings, |data| {
            let wal = small.path().join("wal");
            let copied = Command::new("cp")
                .arg("-a")
                .arg(data.join("pg_wal"))
                .arg(&wal)
                .status();
            assert!(copied.unwrap().success());
            std::fs::remove_dir_all(data.join("pg_wal")).unwrap();
            std::os::unix::fs::symlink(&wal, data.join("pg_wal")).unwrap();
        })
    else {
        return;
    };
    server.sql(crate::rig::ROLES);
    crate::rig::make_tables(&server);
    let (store, mut log) = (writer(&server), TestLog::new(1));
    let mut held = log.head();
    loop {
        match grow(&store, &mut log, 2_000) {
            Ok(()) => held = log.head(),
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Full { .. } | StoreError::Io { .. }),
                    "{error}"
                );
                break;
            }
        }
        assert!(held.size() < 300_000, "the journal is never full");
    }
    // More room, and a server that is started again where it stopped by itself.
    let grown = Command::new("mount")
        .args(["-o", "remount,size=400m"])
        .arg(small.path())
        .status();
    assert!(grown.unwrap().success());
    server.kill();
    server.run();
    let mut found = None;
    wait_until("it answers again", || {
        found = ai_audit_store::Store::head(&store, &Default::default())
            .ok()
            .flatten();
        found.is_some()
    });
    let found = found.unwrap();
    assert!(
        [held.size(), log.head().size()].contains(&found.size()),
        "{found:?}, {held:?}"
    );
    let mut again = TestLog::new(1);
    again.seal(found.size());
    assert_eq!(again.head(), found);
    grow(&store, &mut again, 20).unwrap();
    drop(server);
}

/// A commit that waits for its disk is waited for, and acknowledged when it is there.
#[test]
fn a32_a_slow_commit_is_waited_for() {
    let Some(server) = server() else { return };
    // Half a second before each commit is flushed: what a slow disk does.
    server.sql("ALTER SYSTEM SET commit_delay = 100000");
    server.sql("ALTER SYSTEM SET commit_siblings = 0");
    server.sql("SELECT pg_reload_conf()");
    let (store, mut log) = (writer(&server), TestLog::new(1));
    let began = std::time::Instant::now();
    for _ in 0..5 {
        grow(&store, &mut log, 3).unwrap();
        assert_eq!(head(&store), log.head());
    }
    assert!(began.elapsed().as_millis() >= 400, "{:?}", began.elapsed());
}
