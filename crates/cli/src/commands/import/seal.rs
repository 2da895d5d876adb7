//! Seals a source and its records, and goes on where an import stopped.

use crate::failure::usage;
use crate::output::Output;
use crate::progress::Progress;
use crate::python::Gathered;
use ai_audit_core::{
    Imported, ImportedAnswer, ImportedFile, ImportedRecord, ImportedSource, LeafHash, Status,
};
use ai_audit_directory::{ImportInfo, Writer};
use ai_audit_import::{Item, Keys, Record, SourceTrust, Split};
use ai_audit_store::{EncodedRecordBody, LogName, Record as NewRecord, Ticket};
use anyhow::{Context as _, anyhow};

/// How many records are submitted together, where the ledger's queue has room for as many.
const GROUP: usize = 256;
/// What made the records.
const SYSTEM: &str = "ai-audit-trail";

/// Seals what is not there yet. Returns the source's receipt and how many records were sealed.
pub(super) fn all(
    writer: &Writer,
    log: &LogName,
    gathered: &Gathered,
    trust: &SourceTrust,
    before: Option<&ImportInfo>,
    output: Output,
) -> anyhow::Result<(u64, u64)> {
    let (seq, hash, present) = match before {
        Some(info) => (info.receipt, info.hash, info.present),
        None => {
            let record = NewRecord::new(&source(gathered, trust));
            let sealed = writer.ledger().submit(log, vec![record])?.wait()?;
            let sealed = sealed.first().context("the ledger gave no receipt")?;
            (sealed.seq, sealed.hash, 0)
        }
    };
    let mut sealing = Sealing {
        writer,
        log,
        source: hash,
        keys: Keys::new(trust.keys.iter().copied()),
        group: Vec::new(),
        room: GROUP.min(writer.directory().settings().queue_capacity),
        waiting: None,
        sealed: 0,
        bar: Progress::new("importing", "records", gathered.records, output.quiet),
        present,
    };
    let mut index = 0;
    let mut failed = None;
    gathered.each(&mut |line, record| {
        if failed.is_none() && index >= present {
            failed = sealing.push(index, line, record).err();
        }
        index += 1;
    })?;
    // What is on its way is sealed all the same, and counts.
    let finished = match failed {
        None => sealing.finish(),
        Some(_) => sealing.settle(),
    };
    failed = failed.or(finished.err());
    match failed {
        None => Ok((seq, sealing.sealed)),
        Some(error) => Err(error.context(format!(
            "{} of {} records are imported; the same command goes on from there",
            present + sealing.sealed,
            gathered.records
        ))),
    }
}

/// Whether every record can be imported whole.
///
/// # Errors
///
/// The first one that cannot, with its line.
pub(super) fn check(
    gathered: &Gathered,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<()> {
    let encoded = EncodedRecordBody::new(&source(gathered, trust));
    encoded.map_err(|error| usage(format!("{}: {error}", gathered.name)))?;
    let bar = Progress::new("checking", "records", gathered.records, output.quiet);
    let mut keys = Keys::new(trust.keys.iter().copied());
    let (mut index, mut failed) = (0, None);
    gathered.each(&mut |line, split| {
        if failed.is_none() {
            failed = new_record(&mut keys, LeafHash::ZERO, index, line, split).err();
        }
        index += 1;
        bar.set(index, gathered.records);
    })?;
    match failed {
        None => Ok(()),
        Some(error) => Err(usage(format!("{error:#}; nothing was imported"))),
    }
}

/// What is recorded of the source.
fn source<'a>(gathered: &'a Gathered, trust: &'a SourceTrust) -> Imported<'a> {
    let verdict = &gathered.report.verdict;
    let files = gathered.files.iter().map(|(name, contents)| ImportedFile {
        name: name.as_str().into(),
        contents: contents.as_str().into(),
    });
    Imported {
        record: ImportedRecord::Source(ImportedSource {
            system: SYSTEM.into(),
            form: gathered.form.into(),
            name: gathered.name.as_str().into(),
            digest: gathered.digest,
            size: gathered.size,
            items: gathered.records,
            keys: trust.keys.iter().copied().collect(),
            integrity: answer(&verdict.integrity),
            attribution: answer(&verdict.attribution),
            completeness: answer(&verdict.completeness),
            files: files.collect(),
        }),
    }
}

fn answer(status: &Status) -> ImportedAnswer<'_> {
    match status {
        Status::Verified => ImportedAnswer::Verified,
        Status::Failed { reason, .. } => ImportedAnswer::Failed(reason.as_str().into()),
        Status::Unverified { why } => ImportedAnswer::Unverified(why.as_str().into()),
        Status::NotApplicable => ImportedAnswer::Unverified("not asked".into()),
    }
}

struct Sealing<'a> {
    writer: &'a Writer,
    log: &'a LogName,
    source: LeafHash,
    keys: Keys,
    group: Vec<NewRecord>,
    /// How many make a group.
    room: usize,
    /// The group that is on its way to the disk, and how many it has. The next one waits for it: were it
    /// sealed although this one was not, its records would stand in the log out of their order for
    /// ever. Meanwhile the next one is made.
    waiting: Option<(u64, Ticket)>,
    sealed: u64,
    bar: Progress,
    present: u64,
}

impl Sealing<'_> {
    fn push(&mut self, index: u64, line: u64, split: Split<'_>) -> anyhow::Result<()> {
        let record = new_record(&mut self.keys, self.source, index, line, split)?;
        self.group.push(record);
        if self.group.len() >= self.room {
            self.submit()?;
        }
        Ok(())
    }

    fn submit(&mut self) -> anyhow::Result<()> {
        self.settle()?;
        let group = std::mem::take(&mut self.group);
        let count = group.len() as u64;
        if count > 0 {
            let ticket = self.writer.ledger().submit(self.log, group)?;
            self.waiting = Some((count, ticket));
        }
        Ok(())
    }

    /// Waits for the group that is on its way.
    fn settle(&mut self) -> anyhow::Result<()> {
        if let Some((count, ticket)) = self.waiting.take() {
            ticket.wait()?;
            self.sealed += count;
            self.bar.set(self.present + self.sealed, 0);
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.submit()?;
        self.settle()
    }
}

/// A record of the source as one of the log.
fn new_record(
    keys: &mut Keys,
    source: LeafHash,
    index: u64,
    line: u64,
    split: Split<'_>,
) -> anyhow::Result<NewRecord> {
    let place = || format!("line {line}");
    let text = split.map_err(|error| {
        anyhow!("line {line}: {error}; what is no text cannot be imported as it was")
    })?;
    match Record::parse(text) {
        Ok(mut record) => {
            let examined = record.examine(keys);
            let item = Item::new(&record, &examined, source, index).with_context(place)?;
            sealable(&item)
        }
        Err(error) => {
            let item = Item::unreadable(text, &error, source, index).with_context(place)?;
            sealable(&item)
        }
    }
}

fn sealable(item: &Item<'_>) -> anyhow::Result<NewRecord> {
    let body = EncodedRecordBody::new(&item.imported())?;
    Ok(NewRecord::encoded(body)
        .trace(item.trace_id())
        .session(item.session_id())
        .actor(item.actor_id()))
}
