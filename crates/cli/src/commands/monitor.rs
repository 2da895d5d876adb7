//! `ai-audit monitor`: what was seen of logs, and what convicts them.

mod report;

use crate::cli::{Monitor, MonitorCheckpoint, MonitorCommand, MonitorList};
use crate::failure::usage;
use crate::open::{read_at_most, settings_of_another};
use crate::output::{Output, shown_path};
use ai_audit_directory::{
    DirectoryError, Layout, MonitorFolder, MonitorSource, Settings, SourceReport, WatchedLog,
};
use ai_audit_note::{Checkpoint, MAX_NOTE_LEN, SignedNote, VKey, VKeyKind};
use report::{LogReport, Refused, Taken};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Monitor, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        MonitorCommand::Checkpoint(args) => checkpoint(args, output),
        MonitorCommand::List(args) => list(args, output),
    }
}

fn list(args: &MonitorList, output: Output) -> anyhow::Result<ExitCode> {
    if !args.state.is_dir() {
        return Err(usage(format!(
            "{} is no monitor's folder; `ai-audit monitor checkpoint` makes one",
            shown_path(&args.state)
        )));
    }
    let logs = MonitorFolder::open(&args.state)?.logs()?;
    let logs: Vec<LogReport> = logs.iter().map(LogReport::new).collect();
    report::print(&args.state, &logs, &[], output)
}

fn checkpoint(args: &MonitorCheckpoint, output: Output) -> anyhow::Result<ExitCode> {
    // All that can be wrong with the question first, so that nothing is half done then.
    let keys = args.key.iter().map(|key| key_line(key));
    let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
    let mut notes = Vec::new();
    for path in &args.file {
        notes.push((path.as_path(), read_at_most(path, MAX_NOTE_LEN)?));
    }
    let mut sources = Vec::new();
    for path in &args.from {
        // Settings of others are none of ours.
        let settings = match Layout::is_log_directory(path) {
            true => settings_of_another(path)?,
            false => Settings::default(),
        };
        sources.push(MonitorSource::open(path, settings)?);
    }
    let folder = MonitorFolder::create(&args.state)?;
    let mut refused = Vec::new();
    let mut by_origin: BTreeMap<String, Vec<(&Path, Vec<u8>)>> = BTreeMap::new();
    for (path, note) in notes {
        match origin(&note) {
            Ok(origin) => by_origin.entry(origin).or_default().push((path, note)),
            Err(reason) => refused.push(Refused::new(path, reason)),
        }
    }
    for origin in by_origin.keys() {
        if !keys.iter().any(|key| key.name() == origin) {
            folder.log(origin)?;
        }
    }
    for key in &keys {
        folder.pin(key)?;
    }
    let mut logs = Vec::new();
    for (origin, notes) in by_origin {
        let mut log = folder.log(&origin)?;
        let taken = take(&mut log, notes, &mut refused)?;
        let mut seen = Vec::new();
        for source in &mut sources {
            seen.push(match source.check(&mut log) {
                Ok(report) => report,
                // A source that is damaged proves nothing; what was seen is kept all the same.
                Err(error @ (DirectoryError::Damaged { .. } | DirectoryError::Store(_))) => {
                    SourceReport {
                        warnings: vec![format!("the source cannot be used: {error}")],
                        ..SourceReport::default()
                    }
                }
                Err(error) => return Err(error.into()),
            });
        }
        logs.push(LogReport::after(&log, taken, seen));
    }
    report::print(&args.state, &logs, &refused, output)
}

/// Takes a log's notes; what is none of this log's is refused, and the others are taken.
fn take(
    log: &mut WatchedLog,
    notes: Vec<(&Path, Vec<u8>)>,
    refused: &mut Vec<Refused>,
) -> anyhow::Result<Vec<Taken>> {
    let before = log.monitor().seen().last();
    let before = before.map(|seen| seen.checkpoint.size.as_u64());
    let mut taken = Vec::new();
    for (path, note) in notes {
        if let Err(error) = Checkpoint::open(&note, log.monitor().key()) {
            refused.push(Refused::new(path, error.to_string()));
            continue;
        }
        taken.push(Taken::new(path, &log.see(&note, path)?, before));
    }
    Ok(taken)
}

/// The origin that a note claims.
fn origin(note: &[u8]) -> Result<String, String> {
    let note = SignedNote::parse(note).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
    Ok(checkpoint.origin)
}

/// A key line, or the one in a file.
fn key_line(text: &str) -> anyhow::Result<VKey> {
    let path = Path::new(text);
    let line = if path.is_file() {
        String::from_utf8_lossy(&read_at_most(path, MAX_NOTE_LEN)?).into_owned()
    } else {
        text.to_owned()
    };
    let key = VKey::parse(line.trim())
        .map_err(|error| usage(format!("--key {text}: expected a log's key line: {error}")))?;
    if key.kind() == VKeyKind::Ed25519 {
        Ok(key)
    } else {
        Err(usage(format!(
            "--key {text}: expected a log's key line, this is a witness's"
        )))
    }
}
