//! `ai-audit record`: checks all of the input, then seals it.

use crate::cli::{Format, Keep as KeepField, Record as Args};
use crate::failure::usage;
use crate::open::{log_name, settings};
use crate::output::Output;
use crate::progress::Progress;
use ai_audit_core::{DigestSecret, DisclosureKey, LeafHash, ReceiptId};
use ai_audit_directory::{Layout, OsRandom, Settings, Writer};
use ai_audit_ingest::{Conversations, Group, IngestError, Keep, Keys, RecordLines, Step, StepBody};
use ai_audit_store::{
    Clock as _, EncodedRecordBody, LogName, Random as _, Receipt, Record, SystemClock, Ticket,
};
use anyhow::Context as _;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::process::ExitCode;

/// Groups that may be on their way to the disk at once.
const IN_FLIGHT: usize = 256;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    record(args, output)?.print(args, output)
}

/// Records a file and returns what was recorded.
pub(crate) fn record(args: &Args, output: Output) -> anyhow::Result<Summary> {
    let mut settings = settings(&args.dir)?;
    settings.keyed_digests &= !args.plain_digests;
    if !Layout::is_log_directory(&args.dir) {
        return Err(ai_audit_directory::DirectoryError::NotADirectory {
            path: args.dir.clone(),
        }
        .into());
    }
    let default = log_name(&args.log)?;
    let mut input = input(args)?;
    let mut checked = 0;
    if !args.skip_invalid {
        checked = check(args, &mut input, &default, &settings)?;
    }
    let writer = crate::open::writer(&args.dir, settings, output)?;
    let summary = seal(args, &mut input, &default, &writer, checked, output);
    let closed = writer.close("record");
    let summary = summary?;
    closed?;
    Ok(summary)
}

/// The input as a file that can be read twice.
fn input(args: &Args) -> anyhow::Result<File> {
    let shown = args.file.display();
    if args.file.as_os_str() != "-" {
        let file = File::open(&args.file).map_err(|error| usage(format!("{shown}: {error}")))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(file);
        }
        return copy(file).with_context(|| shown.to_string());
    }
    copy(io::stdin().lock()).context("standard input")
}

fn copy(mut from: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut from, &mut file)?;
    Ok(file)
}

/// What reads the input's format.
enum Reader<'f> {
    Lines(RecordLines<BufReader<&'f mut File>>),
    Conversations(Conversations<BufReader<&'f mut File>>),
}

impl<'f> Reader<'f> {
    fn new(args: &Args, file: &'f mut File) -> anyhow::Result<Self> {
        file.seek(SeekFrom::Start(0))
            .context("the input cannot be read from its start")?;
        let file = BufReader::with_capacity(1 << 16, file);
        let keep = Keep {
            input: args.keep.contains(&KeepField::Input),
            output: args.keep.contains(&KeepField::Output),
        };
        if args.format == Format::Decisions && args.messages_at.is_some() {
            return Err(usage("--messages-at goes with --format openai-messages"));
        }
        Ok(match args.format {
            Format::Decisions => Self::Lines(RecordLines::new(file, keep)),
            Format::OpenaiMessages => {
                Self::Conversations(Conversations::new(file, args.messages_at.as_deref(), keep))
            }
        })
    }

    fn next(&mut self, keys: &mut dyn Keys) -> Option<Result<Group, IngestError>> {
        match self {
            Self::Lines(lines) => lines.next_group(keys),
            Self::Conversations(conversations) => conversations.next_group(keys),
        }
    }
}

/// The log of a group: its tenant's, or the one that the caller chose.
fn log_of(group: &Group, default: &LogName) -> anyhow::Result<LogName> {
    let Some(tenant) = group.steps.first().and_then(|step| step.log.as_deref()) else {
        return Ok(default.clone());
    };
    LogName::new(tenant).map_err(|error| anyhow::anyhow!("{}: tenant: {error}", group.place))
}

/// Goes through all of the input and writes nothing; the number of groups.
fn check(
    args: &Args,
    file: &mut File,
    default: &LogName,
    settings: &Settings,
) -> anyhow::Result<u64> {
    let directory = crate::open::directory(&args.dir)?;
    let known = directory.logs()?;
    directory.head(default)?;
    let mut reader = Reader::new(args, file)?;
    let mut keys = NoKeys;
    let mut groups = 0;
    while let Some(group) = reader.next(&mut keys) {
        let group = group.map_err(|error| anyhow::anyhow!("{error}; nothing was recorded"))?;
        let log = log_of(&group, default)?;
        if !known.contains(&log) && (!settings.create_logs || settings.production) {
            anyhow::bail!(
                "{}: there is no log {log}; open it with `ai-audit init {} --log {log}`; nothing was recorded",
                group.place,
                args.dir.display()
            );
        }
        groups += 1;
    }
    Ok(groups)
}

fn seal(
    args: &Args,
    file: &mut File,
    default: &LogName,
    writer: &Writer,
    total: u64,
    output: Output,
) -> anyhow::Result<Summary> {
    let progress = Progress::new("recording", "lines", total, output.quiet);
    let mut reader = Reader::new(args, file)?;
    let mut keys = LogKeys::new(writer, default.clone());
    let mut summary = Summary::default();
    let mut waiting: VecDeque<(String, LogName, Ticket)> = VecDeque::new();
    let mut done = 0;
    while let Some(group) = reader.next(&mut keys) {
        if let Some(error) = keys.failed() {
            return Err(error);
        }
        let group = match group {
            Ok(group) => group,
            Err(error) if args.skip_invalid && !error.fatal => {
                output.warn(format!("skipped {error}"));
                summary.skipped += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let log = log_of(&group, default)?;
        summary.count(&group);
        let place = group.place;
        let records = group.steps.into_iter().map(to_record).collect();
        let ticket = writer
            .ledger()
            .submit(&log, records)
            .with_context(|| place.clone())?;
        waiting.push_back((place, log, ticket));
        if waiting.len() >= IN_FLIGHT
            && let Some(oldest) = waiting.pop_front()
        {
            summary.acknowledge(oldest)?;
        }
        done += 1;
        progress.set(done, total);
    }
    for ticket in waiting {
        summary.acknowledge(ticket)?;
    }
    summary.created = keys.found.into_inner().created;
    Ok(summary)
}

/// A step as a record, whose parents are known when it is sealed.
fn to_record(step: Step) -> Record {
    let Step {
        id,
        trace_id,
        session_id,
        actor_id,
        mut body,
        parents,
        ..
    } = step;
    Record::build(id, move |earlier| {
        let hashes: Vec<LeafHash> = parents
            .iter()
            .filter_map(|parent| earlier.hash(*parent))
            .collect();
        if !hashes.is_empty() {
            body.link(&hashes);
        }
        match &body {
            StepBody::Decision(decision) => EncodedRecordBody::new(&**decision),
            StepBody::ToolIntent(intent) => EncodedRecordBody::new(&**intent),
            StepBody::ToolOutcome(outcome) => EncodedRecordBody::new(&**outcome),
        }
    })
    .trace(trace_id)
    .session(session_id)
    .actor(actor_id)
}

/// For checking: ids and digests that nobody will see.
struct NoKeys;

impl Keys for NoKeys {
    fn new_id(&mut self) -> ReceiptId {
        ReceiptId::from_bytes([0; 16])
    }

    fn exact_key(&self, _: Option<&str>, _: &ReceiptId, _: &str) -> Option<DisclosureKey> {
        None
    }

    fn canonical_key(&self, _: Option<&str>) -> Option<DisclosureKey> {
        None
    }
}

/// Ids, and the digest secrets of the logs, which are opened where they are not there.
struct LogKeys<'w> {
    writer: &'w Writer,
    default: LogName,
    found: RefCell<Found>,
}

/// What was met on the way. Errors are kept until the group at hand is looked at.
#[derive(Default)]
struct Found {
    secrets: BTreeMap<LogName, Option<DigestSecret>>,
    created: Vec<String>,
    failed: Option<anyhow::Error>,
}

impl<'w> LogKeys<'w> {
    fn new(writer: &'w Writer, default: LogName) -> Self {
        Self {
            writer,
            default,
            found: RefCell::default(),
        }
    }

    fn failed(&self) -> Option<anyhow::Error> {
        self.found.borrow_mut().failed.take()
    }

    /// A key made from the secret of a tenant's log.
    fn key(
        &self,
        tenant: Option<&str>,
        make: impl FnOnce(&DigestSecret) -> DisclosureKey,
    ) -> Option<DisclosureKey> {
        let found = &mut *self.found.borrow_mut();
        let log = match tenant.map_or(Ok(self.default.clone()), LogName::new) {
            Ok(log) => log,
            Err(error) => {
                found.failed = Some(error.into());
                return None;
            }
        };
        if !found.secrets.contains_key(&log) {
            match self.load(&log, &mut found.created) {
                Ok(secret) => drop(found.secrets.insert(log.clone(), secret)),
                Err(error) => found.failed = Some(error),
            }
        }
        found.secrets.get(&log).and_then(Option::as_ref).map(make)
    }

    fn load(
        &self,
        log: &LogName,
        created: &mut Vec<String>,
    ) -> anyhow::Result<Option<DigestSecret>> {
        let directory = self.writer.directory();
        if directory.store().head(log)?.is_none() {
            let settings = directory.settings();
            if *log == self.default || !settings.create_logs || settings.production {
                directory.head(log)?;
            }
            self.writer.create_tenant_log(log.clone())?;
            created.push(log.to_string());
        }
        if !directory.settings().keyed_digests {
            return Ok(None);
        }
        Ok(Some(directory.digest_secret(log)?))
    }
}

impl Keys for LogKeys<'_> {
    fn new_id(&mut self) -> ReceiptId {
        let mut random = [0; 10];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.found.borrow_mut().failed = Some(anyhow::anyhow!("{error}"));
        }
        ReceiptId::from_parts(SystemClock.now(), random)
    }

    fn exact_key(
        &self,
        tenant: Option<&str>,
        id: &ReceiptId,
        field: &str,
    ) -> Option<DisclosureKey> {
        self.key(tenant, |secret| secret.exact_key(id, field))
    }

    fn canonical_key(&self, tenant: Option<&str>) -> Option<DisclosureKey> {
        self.key(tenant, DigestSecret::canonical_key)
    }
}

/// What was recorded.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) receipts: u64,
    decisions: u64,
    tool_intents: u64,
    tool_outcomes: u64,
    skipped: u64,
    logs: BTreeMap<String, Range>,
    created: Vec<String>,
}

/// Places in a log, both included.
#[derive(Debug, Clone, Copy, Serialize)]
struct Range {
    first: u64,
    last: u64,
}

impl Summary {
    fn count(&mut self, group: &Group) {
        for step in &group.steps {
            match step.body {
                StepBody::Decision(_) => self.decisions += 1,
                StepBody::ToolIntent(_) => self.tool_intents += 1,
                StepBody::ToolOutcome(_) => self.tool_outcomes += 1,
            }
        }
    }

    fn acknowledge(
        &mut self,
        (place, log, ticket): (String, LogName, Ticket),
    ) -> anyhow::Result<()> {
        let receipts: Vec<Receipt> = ticket
            .wait()
            .with_context(|| format!("{place} of the input"))?;
        self.receipts += receipts.len() as u64;
        if let (Some(first), Some(last)) = (receipts.first(), receipts.last()) {
            let range = self.logs.entry(log.to_string()).or_insert(Range {
                first: first.seq,
                last: last.seq,
            });
            range.last = range.last.max(last.seq);
        }
        Ok(())
    }

    fn print(&self, args: &Args, output: Output) -> anyhow::Result<ExitCode> {
        if output.json {
            output.json(self)?;
            return Ok(ExitCode::SUCCESS);
        }
        for log in &self.created {
            let path = args.dir.join(log).join("log.pub");
            output.line(format!(
                "Opened log {log}; its key line is {}.",
                path.display()
            ))?;
        }
        let kinds = match self.tool_intents + self.tool_outcomes {
            0 => String::new(),
            _ => format!(
                " ({} decisions, {} tool intents, {} tool outcomes)",
                self.decisions, self.tool_intents, self.tool_outcomes
            ),
        };
        output.line(format!("Recorded {} receipts{kinds}.", self.receipts))?;
        for (log, Range { first, last }) in &self.logs {
            output.note(format!("  log {log}: receipts {first} to {last}"))?;
        }
        if self.skipped > 0 {
            output.line(format!("Skipped {} that could not be taken.", self.skipped))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
