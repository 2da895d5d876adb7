//! A123: a copy of a directory that knows nothing of the store with what is old erases nothing, however an epoch begins.

use crate::{new, record};
use ai_audit_directory::{DirectoryError, Settings, Writer};
use ai_audit_store::{ChangePolicy, LogName, Shred, TierPolicy};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// More than any look at a few would pass.
const CONTROL: usize = 70;

fn shred(path: &Path, settings: Settings) -> DirectoryError {
    let writer = Writer::open(path, settings, "test").unwrap();
    let wish = Shred {
        subjects: vec!["person-7".into()],
        lost: vec![],
        reason: "asked for it".into(),
        legal_basis: String::new(),
        requested_by: String::new(),
    };
    writer.shred(&LogName::default(), wish).unwrap_err()
}

#[test]
fn a123_an_epoch_that_begins_with_control_receipts_is_looked_at_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cold) = (folder.path().join("audit"), folder.path().join("cold"));
    let log = LogName::default();
    new(&path, "default");
    let mut settings = Settings::default();
    settings.cold.folder = Some(cold.clone());
    let writer = Writer::open(&path, settings.clone(), "test").unwrap();
    for number in 0..CONTROL {
        let change = ChangePolicy {
            entries: vec![("retention".into(), format!("{number}y"))],
            reason: String::new(),
        };
        writer.change_policy(&log, change).unwrap();
    }
    writer.close("done").unwrap();
    record(&path, settings.clone(), 3).unwrap();
    let writer = Writer::open(&path, settings.clone(), "test").unwrap();
    writer.seal_epoch(&log).unwrap();
    writer.make_cold_store(false).unwrap();
    let all = TierPolicy {
        age: Duration::ZERO,
        keep: 0,
    };
    assert_eq!(writer.move_epochs(&log, &all).unwrap().freed, 3);
    writer.close("done").unwrap();
    // The note and the settings are lost.
    fs::remove_file(path.join("audit.cold")).unwrap();
    fs::remove_file(path.join("ai-audit.toml")).unwrap();
    let refused = shred(&path, Settings::default());
    assert!(
        matches!(refused, DirectoryError::Settings { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("cold-folder"), "{refused}");
    // The settings name it, and it does not answer: nobody knows, so nothing is erased.
    let away = folder.path().join("away");
    fs::rename(&cold, &away).unwrap();
    let refused = shred(&path, settings.clone());
    assert!(matches!(refused, DirectoryError::Store(_)), "{refused}");
    // It has all: there is nobody of that name, and that is all that is wrong.
    fs::rename(&away, &cold).unwrap();
    let refused = shred(&path, settings);
    assert!(
        !matches!(
            refused,
            DirectoryError::Settings { .. } | DirectoryError::Store(_)
        ),
        "{refused}"
    );
}
