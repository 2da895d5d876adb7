//! Reports that a log signs: of what it has, and of nothing else (A53).

use crate::{new, record};
use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_directory::{DirectoryError, LogDirectory, Settings};
use ai_audit_export::{ManifestFile, ReportStatement};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::LogName;

const MADE: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn files() -> Vec<ManifestFile> {
    vec![ManifestFile::of("q3.html", b"<p>")]
}

fn head(note: &SignedNote) -> (TreeSize, NodeHash) {
    let head = Checkpoint::parse(note.text()).unwrap();
    (head.size, head.root)
}

#[test]
fn a_report_of_the_log_is_signed_and_its_checkpoint_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let made = new(&path, "default");
    record(&path, Settings::default(), 3).unwrap();
    let log = LogName::default();
    let open = || LogDirectory::open(&path, Settings::default()).unwrap();
    // The size that a report was made of, before anybody made a checkpoint of it.
    let (size, root) = head(&open().make_checkpoint(&log).unwrap());
    record(&path, Settings::default(), 3).unwrap();
    let directory = open();
    let earlier = TreeSize::new(size.as_u64() + 2);
    let nodes = ai_audit_store::StoreTiles::new(directory.store(), &log);
    let mut nodes = ai_audit_merkle::Tiled::new(nodes);
    let between = ai_audit_merkle::root(&mut nodes, earlier).unwrap();
    let kept = || -> Vec<u64> {
        let all = directory.store().checkpoints(&log).unwrap();
        all.iter().map(|kept| kept.size.as_u64()).collect()
    };
    assert_eq!(kept(), [size.as_u64()]);
    for (size, root) in [(size, root), (earlier, between)] {
        let note = directory
            .sign_report(&log, size, root, MADE, files())
            .unwrap();
        note.verify(&made.key_line).unwrap();
        let statement = ReportStatement::parse(note.text()).unwrap();
        assert_eq!((statement.size, statement.root), (size, root));
        assert_eq!(statement.log_id, directory.head(&log).unwrap().log_id());
    }
    let now = directory.head(&log).unwrap().size();
    assert_eq!(kept(), [size.as_u64(), earlier.as_u64(), now]);
    for kept in directory.store().checkpoints(&log).unwrap() {
        let note = SignedNote::parse(kept.note.as_bytes()).unwrap();
        note.verify(&made.key_line).unwrap();
    }
}

#[test]
fn a53_what_the_log_does_not_have_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    new(&path, "default");
    record(&path, Settings::default(), 3).unwrap();
    let directory = LogDirectory::open(&path, Settings::default()).unwrap();
    let log = LogName::default();
    let (size, root) = head(&directory.make_checkpoint(&log).unwrap());
    let (fewer, more) = (size.as_u64() - 1, size.as_u64() + 1);
    let refused = |size, root, files: Vec<ManifestFile>| {
        let size = TreeSize::new(size);
        let error = directory.sign_report(&log, size, root, MADE, files);
        match error {
            Err(DirectoryError::Refused(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(more, root, files()).contains("the log has"));
    assert!(refused(0, NodeHash::EMPTY, files()).contains("the log has"));
    assert!(refused(fewer, root, files()).contains("the log has root"));
    let size = size.as_u64();
    assert!(refused(size, NodeHash::EMPTY, files()).contains("the log has root"));
    assert!(refused(size, root, Vec::new()).contains("lists no file"));
    let up = vec![ManifestFile::of("../q3.html", b"<p>")];
    assert!(refused(size, root, up).contains("../q3.html"));
    assert_eq!(directory.store().checkpoints(&log).unwrap().len(), 1);
    // Who holds the directory without its key signs nothing.
    std::fs::remove_file(path.join("keys/checkpoint.pem")).unwrap();
    let size = TreeSize::new(size);
    assert!(
        directory
            .sign_report(&log, size, root, MADE, files())
            .is_err()
    );
}
