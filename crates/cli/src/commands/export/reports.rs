//! Reports that go into a package, with the notes beside them.

use crate::evidence::note_of;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::shown_path;
use ai_audit_directory::LogDirectory;
use ai_audit_export::{PackageReports, ReportStatement};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{MAX_NOTE_LEN, SignedNote, VKey};
use ai_audit_store::LogName;
use std::path::{Path, PathBuf};

/// Longest report that is put into a package, in bytes: it is held in memory.
const MAX_REPORT: usize = 64 << 20;

/// Reads reports and the notes beside them, which the log's checkpoint key must have signed. Returns
/// them with the size that they are of; none where none was named.
pub(super) fn read(
    paths: &[PathBuf],
    line: &VKey,
) -> anyhow::Result<Option<(PackageReports, TreeSize)>> {
    let mut statements = Vec::new();
    for path in paths {
        let note = note_of(path);
        // One note may list all of them.
        if note.exists() {
            statements.push((folder(path), statement(&note, line)?));
        }
    }
    let mut reports = None;
    for path in paths {
        let shown = shown_path(path);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| usage(format!("{shown}: expected the name of a file")))?;
        let mut listing = statements.iter().filter(|(of, _)| *of == folder(path));
        let Some((_, statement)) = listing.find(|(_, found)| found.file(name).is_some()) else {
            return Err(usage(format!(
                "{shown}: no note lists it; expected {}, which `ai-audit report` writes beside it",
                shown_path(&note_of(path))
            )));
        };
        let contents = read_at_most(path, MAX_REPORT)?;
        let (reports, _): &mut (PackageReports, TreeSize) =
            reports.get_or_insert_with(|| (PackageReports::new(statement.clone()), statement.size));
        reports
            .add(statement, name, contents)
            .map_err(|error| usage(error.to_string()))?;
    }
    Ok(reports)
}

/// The log's checkpoint of this size: one that is kept, or a new one.
pub(super) fn checkpoint(
    directory: &LogDirectory,
    log: &LogName,
    size: TreeSize,
) -> anyhow::Result<SignedNote> {
    let kept = directory.store().checkpoints(log)?;
    match kept.iter().find(|kept| kept.size == size) {
        Some(kept) => Ok(SignedNote::parse(kept.note.as_bytes())?),
        // Where the log has another size by now, the reports are refused for that.
        None => Ok(directory.make_checkpoint(log)?),
    }
}

/// The statement in a note that the log signed.
fn statement(path: &Path, line: &VKey) -> anyhow::Result<ReportStatement> {
    let wrong = |error: String| usage(format!("{}: {error}", shown_path(path)));
    let note = SignedNote::parse(&read_at_most(path, MAX_NOTE_LEN)?)
        .map_err(|error| wrong(error.to_string()))?;
    let statement =
        ReportStatement::parse(note.text()).map_err(|error| wrong(error.to_string()))?;
    note.verify(line).map_err(|error| {
        wrong(format!(
            "it is not signed by the checkpoint key of this log, {}: {error}; make the report again from the log directory",
            line.name()
        ))
    })?;
    Ok(statement)
}

fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).into()
}
