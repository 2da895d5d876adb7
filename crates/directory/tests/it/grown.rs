//! A log that grows by random operations: decisions of several traces, batches, epochs that are deleted
//! and put back.

use ai_audit_core::{Action, BatchSeal, Check, Decision};
use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
use ai_audit_store::{LogName, Record};
use proptest::prelude::*;
use std::fs::{self, File};
use std::path::PathBuf;
use tempfile::TempDir;

#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// So many decisions in one commit; the number chooses what they are.
    Append(usize, u8),
    Seal,
    Delete(u64),
    Restore(u64),
}

pub(crate) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        5 => (1usize..90, any::<u8>()).prop_map(|(count, what)| Op::Append(count, what)),
        2 => Just(Op::Seal),
        2 => (0u64..3).prop_map(Op::Delete),
        2 => (0u64..3).prop_map(Op::Restore),
    ];
    prop::collection::vec(op, 1..14)
}

pub(crate) fn log() -> LogName {
    LogName::default()
}

/// A directory in a folder of its own, and its writer.
pub(crate) struct Grown {
    // Closed before its folder goes.
    writer: Writer,
    folder: TempDir,
}

impl Grown {
    /// One whose log permits batches, or not.
    pub(crate) fn new(batched: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut options = InitOptions::new("example.org/grown");
        if batched {
            let permission = (BatchSeal::POLICY.into(), BatchSeal::PERMITTED.into());
            options.policy.push(permission);
        }
        let settings = Settings {
            retention_days: Some(0),
            checkpoint_every: 0,
            ..Settings::default()
        };
        init(&path, &options, settings.clone(), "test").unwrap();
        let writer = Writer::open(&path, settings, "test").unwrap();
        Self { writer, folder }
    }

    pub(crate) fn directory(&self) -> &LogDirectory {
        self.writer.directory()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("audit/audit.db")
    }

    pub(crate) fn act(&self, op: &Op) {
        match *op {
            Op::Append(count, what) => {
                self.append((0..count).map(|number| record(usize::from(what), number)));
            }
            // Nothing may be there to seal.
            Op::Seal => drop(self.writer.seal_epoch(&log())),
            Op::Delete(epoch) => self.delete(epoch),
            Op::Restore(epoch) => {
                let archive = self.archive(epoch);
                if archive.exists() {
                    self.writer.restore_archive(&log(), &archive).unwrap();
                }
            }
        }
    }

    pub(crate) fn append(&self, records: impl Iterator<Item = Record>) {
        let ticket = self.writer.ledger().submit(&log(), records.collect());
        ticket.unwrap().wait().unwrap();
    }

    fn archive(&self, epoch: u64) -> PathBuf {
        self.folder.path().join(format!("epoch-{epoch}.zip"))
    }

    fn delete(&self, epoch: u64) {
        let path = self.archive(epoch);
        if !path.exists() {
            let file = File::create(&path).unwrap();
            let directory = self.directory();
            let written = directory.archive_epoch(&log(), epoch, false, file, |_, _| {});
            if written.is_err() {
                // It is not sealed.
                fs::remove_file(&path).unwrap();
                return;
            }
        }
        let epochs = self.directory().epochs(&log()).unwrap();
        let this = epochs.iter().find(|one| one.number == epoch);
        if this.is_none_or(|one| one.deletable == 0) {
            return;
        }
        self.writer.checkpoint(&log()).unwrap();
        let deleted = self.writer.delete_epoch(&log(), epoch, Some(&path), "test");
        deleted.unwrap();
    }
}

/// One of some dozen sorts of decisions; some have no trace or no session.
fn record(what: usize, number: usize) -> Record {
    let sort = what + number * (1 + what % 5);
    let check = Check {
        name: format!("check-{}", sort % 3).into(),
        score: (!sort.is_multiple_of(4)).then(|| f64::from(u8::try_from(sort % 9).unwrap()) / 8.0),
        fired: sort.is_multiple_of(5),
        ..Check::default()
    };
    let duration = u64::try_from(sort * 37 % 1000).unwrap();
    let decision = Decision {
        action: Action::ALL[sort % Action::ALL.len()],
        model: ["", "m-1", "m-2"][sort % 3].into(),
        checks: vec![check].into(),
        input_tokens: Some(duration),
        duration_us: (duration > 100).then_some(duration),
        ..Decision::new()
    };
    let mut record = Record::new(&decision);
    if !sort.is_multiple_of(4) {
        record = record.trace(format!("t-{}", sort % 7));
    }
    if !sort.is_multiple_of(3) {
        record = record.session(format!("s-{}", sort % 5));
    }
    record
}
