//! A monitor's folder: what it keeps survives, and is verified again each time.

use crate::{new, record};
use ai_audit_directory::{DirectoryError, LogDirectory, MonitorFolder, MonitorSource, Settings};
use ai_audit_note::VKey;
use ai_audit_store::LogName;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Rig {
    folder: TempDir,
    line: VKey,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let line = new(&folder.path().join("audit"), "default").key_line;
        Self { folder, line }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Records some more, and the checkpoint then.
    fn grow(&self, count: usize) -> Vec<u8> {
        record(&self.path("audit"), Settings::default(), count).unwrap();
        let directory = LogDirectory::open(&self.path("audit"), Settings::default()).unwrap();
        let note = directory.make_checkpoint(&LogName::default()).unwrap();
        note.to_string().into_bytes()
    }

    fn source(&self) -> MonitorSource {
        MonitorSource::open(&self.path("audit"), Settings::default()).unwrap()
    }
}

#[test]
fn what_was_seen_and_proved_is_kept() {
    let rig = Rig::new();
    let notes = [rig.grow(1), rig.grow(2), rig.grow(3)];
    let watch = rig.path("watch");
    {
        let folder = MonitorFolder::create(&watch).unwrap();
        assert!(matches!(
            folder.log(rig.line.name()),
            Err(DirectoryError::NotPinned { .. })
        ));
        folder.pin(&rig.line).unwrap();
        folder.pin(&rig.line).unwrap();
        let mut log = folder.log(rig.line.name()).unwrap();
        for note in &notes {
            assert!(log.see(note, Path::new("note")).unwrap().new);
        }
        assert!(!log.see(&notes[0], Path::new("note")).unwrap().new);
        assert_eq!(log.monitor().open_pairs().len(), 2);
        // Nobody else writes meanwhile; reading is free.
        assert!(MonitorFolder::create(&watch).is_err());
        assert!(!MonitorFolder::open(&watch).unwrap().is_writable());
    }
    let folder = MonitorFolder::create(&watch).unwrap();
    let mut log = folder.log(rig.line.name()).unwrap();
    assert_eq!(
        (log.monitor().seen().len(), log.monitor().open_pairs().len()),
        (3, 2)
    );
    let report = rig.source().check(&mut log).unwrap();
    assert!(report.warnings.is_empty() && report.not_matching.is_empty());
    drop(folder);
    let logs = MonitorFolder::open(&watch).unwrap().logs().unwrap();
    let [log] = logs.as_slice() else { panic!() };
    assert!(log.monitor().open_pairs().is_empty() && log.equivocations().is_empty());
}

/// Everything in the folder is believed only as far as the pinned key goes.
#[test]
fn a_folder_that_was_tampered_with_is_refused() {
    let rig = Rig::new();
    let notes = [rig.grow(1), rig.grow(2)];
    let watch = rig.path("watch");
    let folder = MonitorFolder::create(&watch).unwrap();
    folder.pin(&rig.line).unwrap();
    let mut log = folder.log(rig.line.name()).unwrap();
    for note in &notes {
        log.see(note, Path::new("note")).unwrap();
    }
    rig.source().check(&mut log).unwrap();
    let home = fs::read_dir(&watch).unwrap().map(|it| it.unwrap().path());
    let home = home.into_iter().find(|path| path.is_dir()).unwrap();
    let first = |folder: &str| {
        let all = fs::read_dir(home.join(folder))
            .unwrap()
            .map(|it| it.unwrap().path());
        all.into_iter().next().unwrap()
    };
    let (note, link) = (first("checkpoints"), first("links"));
    let damaged = || {
        MonitorFolder::open(&watch)
            .unwrap()
            .logs()
            .unwrap_err()
            .to_string()
    };
    for (path, change) in [(note, 5), (link, 40)] {
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[change] ^= 1;
        fs::write(&path, &bad).unwrap();
        let error = damaged();
        assert!(
            error.contains(&*path.file_name().unwrap().to_string_lossy()),
            "{error}"
        );
        fs::write(&path, vec![b'a'; 4 << 20]).unwrap();
        assert!(damaged().contains("longer than"));
        fs::write(&path, good).unwrap();
    }
    // A proof that convicts another log, put here to accuse this one.
    fs::write(home.join("x.equivocation"), "ai-audit/equivocation/v1\n").unwrap();
    assert!(damaged().contains("x.equivocation"));
    fs::remove_file(home.join("x.equivocation")).unwrap();
    assert_eq!(
        MonitorFolder::open(&watch).unwrap().logs().unwrap().len(),
        1
    );
    // Left by a crash in the middle of a write: not looked at.
    fs::write(home.join("checkpoints/half.part"), "half").unwrap();
    assert_eq!(
        MonitorFolder::open(&watch).unwrap().logs().unwrap().len(),
        1
    );
}

#[test]
fn sources_that_are_none() {
    let rig = Rig::new();
    fs::write(rig.path("text"), "no package").unwrap();
    fs::write(rig.path("half.zip"), b"PK\x03\x04half").unwrap();
    fs::create_dir(rig.path("empty")).unwrap();
    for name in ["text", "half.zip", "empty", "missing"] {
        let error = MonitorSource::open(&rig.path(name), Settings::default()).unwrap_err();
        assert!(error.is_usage(), "{name}: {error}");
    }
    // A published log with nothing behind its checkpoint.
    let note = rig.grow(3);
    fs::create_dir_all(rig.path("hollow/tile")).unwrap();
    fs::write(rig.path("hollow/checkpoint"), &note).unwrap();
    let folder = MonitorFolder::create(&rig.path("watch")).unwrap();
    folder.pin(&rig.line).unwrap();
    let mut log = folder.log(rig.line.name()).unwrap();
    let mut hollow = MonitorSource::open(&rig.path("hollow"), Settings::default()).unwrap();
    assert!(matches!(
        hollow.check(&mut log),
        Err(DirectoryError::Damaged { .. })
    ));
    assert_eq!(
        log.monitor().seen().len(),
        1,
        "its checkpoint was signed by the log"
    );
    // Another log's source has nothing of this one.
    let other = Rig::new();
    let report = other.source().check(&mut log).unwrap();
    assert_eq!((report.size, report.warnings.len()), (None, 1));
}
