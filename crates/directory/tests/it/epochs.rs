//! Epochs in a log directory: any sequence of what can be done, and a process killed while it
//! deletes.

use ai_audit_core::{Decision, Exit, NodeHash, Question};
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_merkle::{Tiled, TreeSize, consistency_proof, root};
use ai_audit_note::VKey;
use ai_audit_store::{LogName, Record, StoreTiles};
use ai_audit_verify::{Pin, Report, TrustPolicy};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn log() -> LogName {
    LogName::default()
}

/// Anything may be deleted at once.
pub(crate) fn settings() -> Settings {
    Settings {
        retention_days: Some(0),
        checkpoint_every: 0,
        ..Settings::default()
    }
}

pub(crate) fn new(path: &Path, name: &str) -> VKey {
    with_policy(path, name, &[])
}

fn with_policy(path: &Path, name: &str, policy: &[(&str, &str)]) -> VKey {
    let options = InitOptions {
        policy: policy
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        ..InitOptions::new(name)
    };
    init(path, &options, settings(), "test").unwrap().key_line
}

pub(crate) fn append(writer: &Writer, count: usize) {
    let records = (0..count)
        .map(|_| Record::new(&Decision::new()).session("s"))
        .collect();
    let ticket = writer.ledger().submit(&log(), records).unwrap();
    ticket.wait().unwrap();
}

/// Verifies the log as one that is known to its end.
pub(crate) fn verify(path: &Path, line: &VKey) -> Report {
    let directory = LogDirectory::open(path, settings()).unwrap();
    let size = directory.head(&log()).unwrap().size();
    let policy = TrustPolicy::new()
        .pin(Pin::Log(line.clone()))
        .min_size(size);
    let report = directory.verify(&log(), &policy).unwrap();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    report
}

#[derive(Debug, Clone)]
enum Op {
    Append(usize),
    Seal,
    Checkpoint,
    Archive(usize),
    Delete(usize, bool),
    Restore(usize),
    Reopen,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (1usize..40).prop_map(Op::Append),
        3 => Just(Op::Seal),
        1 => Just(Op::Checkpoint),
        2 => (0usize..6).prop_map(Op::Archive),
        3 => (0usize..6, any::<bool>()).prop_map(|(epoch, archived)| Op::Delete(epoch, archived)),
        2 => (0usize..6).prop_map(Op::Restore),
        1 => Just(Op::Reopen),
    ];
    prop::collection::vec(op, 1..25)
}

/// What should be there.
#[derive(Default)]
struct Model {
    forward_secure: bool,
    /// Of each sealed epoch, whether its bytes are gone.
    gone: Vec<bool>,
    archives: BTreeMap<usize, PathBuf>,
    covered: u64,
    /// Roots of the log's tree at the sizes that were seen.
    roots: Vec<(TreeSize, NodeHash)>,
}

fn writer(path: &Path) -> Writer {
    Writer::open(path, settings(), "test").unwrap()
}

fn act(model: &mut Model, writer: &Writer, folder: &Path, op: &Op) {
    let directory = writer.directory();
    let epochs = directory.epochs(&log()).unwrap();
    match *op {
        Op::Append(count) => append(writer, count),
        Op::Seal => match writer.seal_epoch(&log()) {
            Ok(sealed) => {
                assert_eq!(sealed.seal.number, model.gone.len() as u64);
                model.gone.push(false);
            }
            Err(error) => {
                // A rotation alone is nothing to seal either.
                let most = u64::from(model.forward_secure);
                assert!(epochs.last().unwrap().receipts <= most, "{error}");
            }
        },
        Op::Checkpoint => {
            writer.checkpoint(&log()).unwrap();
            model.covered = directory.head(&log()).unwrap().size();
        }
        Op::Archive(epoch) => {
            let path = folder.join(format!("epoch-{epoch}.zip"));
            let number = u64::try_from(epoch).unwrap();
            let file = std::fs::File::create(&path).unwrap();
            let written = directory.archive_epoch(&log(), number, false, file, |_, _| {});
            let sealed = model.gone.get(epoch).is_some();
            let gone = model.gone.get(epoch) == Some(&true);
            assert_eq!(written.is_ok(), sealed && !gone, "{written:?}");
            match written {
                Ok(written) => {
                    model.covered = model.covered.max(written.manifest.checkpoint);
                    model.archives.insert(epoch, path);
                }
                // It made the file empty; what was there may have been an archive.
                Err(_) => drop(model.archives.remove(&epoch)),
            }
            // One that is refused in the middle has made its checkpoint.
            let newest = directory.store().latest_checkpoint(&log()).unwrap();
            let newest = newest.map_or(0, |kept| kept.size.as_u64());
            model.covered = model.covered.max(newest);
        }
        Op::Delete(epoch, archived) => {
            let archive = model.archives.get(&epoch).filter(|_| archived);
            let number = u64::try_from(epoch).unwrap();
            let deleted =
                writer.delete_epoch(&log(), number, archive.map(PathBuf::as_path), "test");
            let may = model.gone.get(epoch).is_some()
                && epochs[epoch].deletable > 0
                && model.covered > epochs[epoch].last;
            assert_eq!(deleted.is_ok(), may, "{deleted:?}");
            if let Ok(deleted) = deleted {
                let count = match model.gone[epoch] {
                    true => 0,
                    false => epochs[epoch].deletable,
                };
                assert_eq!(deleted.deleted, count);
                model.gone[epoch] = true;
            }
        }
        Op::Restore(epoch) => {
            let Some(archive) = model.archives.get(&epoch) else {
                return;
            };
            let restored = writer.restore_archive(&log(), archive).unwrap();
            let count = match model.gone[epoch] {
                true => epochs[epoch].deletable,
                false => 0,
            };
            assert_eq!(restored.restored, count);
            model.gone[epoch] = false;
        }
        Op::Reopen => unreachable!("the caller does that"),
    }
}

fn check(model: &mut Model, path: &Path, line: &VKey) {
    let report = verify(path, line);
    let broken = |remark: &String| remark.contains("promises forward security");
    assert!(!report.remarks.iter().any(broken), "{report:?}");
    let gone: Vec<u64> = (0..)
        .zip(&model.gone)
        .filter(|(_, gone)| **gone)
        .map(|(epoch, _)| epoch)
        .collect();
    let told: Vec<u64> = report.deleted.iter().map(|deleted| deleted.epoch).collect();
    assert_eq!(told, gone);
    let directory = LogDirectory::open(path, settings()).unwrap();
    let epochs = directory.epochs(&log()).unwrap();
    assert_eq!(epochs.len(), model.gone.len() + 1);
    for (epoch, gone) in epochs.iter().zip(&model.gone) {
        assert_eq!(epoch.deleted, if *gone { epoch.deletable } else { 0 });
    }
    // The tree is the one that it always was: for every size that was seen there still is a proof.
    let mut nodes = Tiled::new(StoreTiles::new(directory.store(), &log()));
    let size = TreeSize::new(directory.head(&log()).unwrap().size());
    let now = root(&mut nodes, size).unwrap();
    for (old, was) in &model.roots {
        let proof = consistency_proof(&mut nodes, *old, size).unwrap();
        proof.verify(was, &now).unwrap();
    }
    model.roots.push((size, now));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_in_whatever_order_the_log_verifies(
        ops in ops(),
        forward_secure in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let promise = [("receipt-key", "forward-secure")];
        let policy = if forward_secure { &promise[..] } else { &[] };
        let line = with_policy(&path, "example.org/epochs", policy);
        let mut model = Model { forward_secure, ..Model::default() };
        let mut open = writer(&path);
        for op in &ops {
            if matches!(op, Op::Reopen) {
                open.close("test").unwrap();
                open = writer(&path);
            } else {
                act(&mut model, &open, folder.path(), op);
            }
            check(&mut model, &path, &line);
        }
        open.close("test").unwrap();
        check(&mut model, &path, &line);
    }
}

#[cfg(unix)]
mod killed {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    const VARIABLE: &str = "AI_AUDIT_TEST_EPOCHS_KILLED";
    const KILLS: u64 = 40;

    /// The child: fills epochs and deletes them, for ever. Does nothing where it is run as a test
    /// like the others.
    #[test]
    fn child() {
        let Some(path) = std::env::var_os(VARIABLE) else {
            return;
        };
        let writer = writer(Path::new(&path));
        loop {
            append(&writer, 40);
            let sealed = writer.seal_epoch(&log()).unwrap();
            writer.checkpoint(&log()).unwrap();
            println!("READY");
            writer
                .delete_epoch(&log(), sealed.seal.number, None, "test")
                .unwrap();
        }
    }

    #[test]
    fn a31_killed_while_it_deletes_the_log_verifies_and_the_deletion_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let line = new(&path, "example.org/killed");
        let mut unfinished = 0;
        for kill in 0..KILLS {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["epochs::killed::child", "--exact", "--nocapture"])
                .env(VARIABLE, &path)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            let mut line_read = String::new();
            while !line_read.starts_with("READY") {
                line_read.clear();
                assert!(output.read_line(&mut line_read).unwrap() > 0, "it ended");
            }
            std::thread::sleep(Duration::from_micros(kill * 150));
            child.kill().unwrap();
            child.wait().unwrap();
            // As it lies there, before anybody opens it to write.
            verify(&path, &line);
            let pending = || {
                let directory = LogDirectory::open(&path, settings()).unwrap();
                let epochs = directory.epochs(&log()).unwrap();
                epochs
                    .iter()
                    .filter(|epoch| epoch.deletion.is_some() && epoch.deleted < epoch.deletable)
                    .count()
            };
            unfinished += pending();
            writer(&path).close("test").unwrap();
            assert_eq!(pending(), 0);
        }
        verify(&path, &line);
        println!("{unfinished} of {KILLS} deletions were cut off and ended later");
    }
}
