//! `ai-audit verify` of the note beside a report.

use super::{named, status_line};
use crate::cli::Verify;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, Tone, bytes, safe, shown_path};
use ai_audit_core::Question;
use ai_audit_export::{StatementReport, verify_statement};
use ai_audit_note::MAX_NOTE_LEN;
use ai_audit_verify::TrustPolicy;
use serde::Serialize;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// As JSON.
#[derive(Serialize)]
struct Outcome {
    kind: &'static str,
    #[serde(flatten)]
    report: StatementReport,
    exit: u8,
}

pub(super) fn run(
    args: &Verify,
    policy: &TrustPolicy,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<ExitCode> {
    if !args.text.is_empty() || args.log.is_some() || args.subject.is_some() {
        return Err(usage(
            "--text, --log and --subject do not go with the note of a report",
        ));
    }
    let note = read_at_most(&args.path, MAX_NOTE_LEN)?;
    let folder = args.path.parent().unwrap_or(Path::new(""));
    let report = verify_statement(&note, policy, |name| open(&folder.join(name)));
    let exit = report.exit(asked).code();
    if output.json {
        output.json(&Outcome {
            kind: "report",
            report,
            exit,
        })?;
    } else {
        print(args, &report, asked, output)?;
    }
    Ok(ExitCode::from(exit))
}

/// A plain file, none where there is none: a link may lead anywhere, and a pipe may never end.
fn open(path: &Path) -> io::Result<Option<File>> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => File::open(path).map(Some),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a plain file",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn print(
    args: &Verify,
    report: &StatementReport,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<()> {
    let what = format!("{}, note of a report", shown_path(&args.path));
    output.line(output.paint(Tone::Bold, &what))?;
    if let Some(statement) = &report.statement {
        output.note(format!("  {}", safe(&statement.origin)))?;
    }
    for question in Question::ALL {
        let status = report.verdict.answer(question);
        output.line(status_line(question.name(), status, output))?;
    }
    if let Some(statement) = &report.statement {
        output.note(format!(
            "  of the log's first {} receipts, made {}, root\n    {}",
            statement.size, statement.made, statement.root
        ))?;
        for file in statement.files.iter().take(10) {
            let (name, size) = (safe(&file.name), bytes(file.size));
            output.note(format!("  {name}, {size}"))?;
        }
        let more = statement.files.len().saturating_sub(10);
        if more > 0 {
            output.note(format!("  … and {more} more files (--json lists all)"))?;
        }
    }
    for remark in &report.remarks {
        output.note(output.sentence("  note: ", Tone::Plain, remark))?;
    }
    let exit = report.exit(asked).code();
    let (tone, said) = named(&report.verdict, exit, asked);
    output.line(output.sentence("", tone, &said))
}
