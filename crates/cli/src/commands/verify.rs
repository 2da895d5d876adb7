//! `ai-audit verify`: finds out what it was given, verifies it, tells the verdict.

mod brought;
mod equivocation;
mod python;
mod statement;
mod times;

use self::brought::{missing, wanted};
use crate::cli::{self, Question as Asked, Verify};
use crate::evidence::{self, Form, Outcome};
use crate::failure::usage;
use crate::open::{read, settings};
use crate::output::{Output, Tone, counted, safe, shown_path};
use crate::python::is_address;
use ai_audit_core::{Exit, Question, Status, Verdict};
use ai_audit_directory::LogDirectory;
use ai_audit_verify::{Depth, ReceiptProof, Report, TrustPolicy};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Verify, output: Output) -> anyhow::Result<ExitCode> {
    let mut policy = args.trust.policy()?;
    if let Some(subject) = &args.subject {
        policy = policy.subject(subject);
    }
    if args.depth == cli::Depth::Tree {
        policy = policy.depth(Depth::Tree);
    }
    let asked: Vec<Question> = args.require.iter().copied().map(question).collect();
    if let Some(address) = args.path.to_str().filter(|path| is_address(path)) {
        fits_depth(args, Form::Python(crate::python::Form::Records))?;
        return python::server(args, &policy, address, &asked, output);
    }
    let form = Form::of(&args.path)?;
    fits_depth(args, form)?;
    match form {
        Form::Python(form) => return python::run(args, &policy, form, &asked, output),
        Form::Equivocation => return equivocation::run(args, &policy, &asked, output),
        Form::Statement => return statement::run(args, &policy, &asked, output),
        _ => {}
    }
    if !args.text.is_empty() && form != Form::Proof {
        return Err(usage(format!(
            "--text goes with a proof, and this is {form}"
        )));
    }
    let mut outcomes = match form {
        Form::Directory => directory(args, &policy, output)?,
        Form::Proof => {
            let report = proof(args, &policy)?;
            vec![Outcome::new("proof", report.of_one_log(&policy))]
        }
        Form::Published if args.log.is_some() => {
            return Err(usage("--log does not go with a published log"));
        }
        form => {
            let path = &args.path;
            vec![evidence::file(path, form, &policy, &mut (), output)?]
        }
    };
    leave_to_others(&mut outcomes);
    for outcome in &mut outcomes {
        outcome.exit = outcome.report.exit(&asked).code();
    }
    let exit = worst(&outcomes);
    match outcomes.as_slice() {
        [one] if output.json => output.json(one)?,
        several if output.json => {
            output.json(&serde_json::json!({ "logs": several, "exit": exit }))?;
        }
        several => {
            for outcome in several {
                print(args, outcome, &asked, output)?;
            }
        }
    }
    Ok(ExitCode::from(exit))
}

/// Only a log with a checkpoint has something to hold hashes against.
fn fits_depth(args: &Verify, form: Form) -> anyhow::Result<()> {
    let fits = matches!(
        form,
        Form::Directory | Form::Package | Form::Published | Form::Unknown
    );
    if fits || args.depth == cli::Depth::Full {
        return Ok(());
    }
    Err(usage(format!(
        "--depth tree goes with a log that has a checkpoint: a log directory, a package of a whole log or a published log; {} is {form}",
        shown_path(&args.path)
    )))
}

/// A subject is in one of several logs, or in some: where one answers for him, those that do not name him have
/// nothing to answer. Where none names him, all stay unverified.
fn leave_to_others(outcomes: &mut [Outcome]) {
    let mut reports = outcomes.iter().map(|outcome| &outcome.report);
    if !reports.any(answers_for_subject) {
        return;
    }
    for outcome in outcomes {
        if outcome.report.is_of_unknown_subject() {
            outcome.report.verdict.erasure = Status::NotApplicable;
        }
    }
}

/// Whether the erasure line says something of the subject. What stays unverified does where every receipt was read:
/// in a log that failed, is cut off at its beginning or lacks bytes, nobody need be named.
fn answers_for_subject(report: &Report) -> bool {
    let verdict = &report.verdict;
    match verdict.erasure {
        Status::Verified | Status::Failed { .. } => true,
        Status::NotApplicable => false,
        Status::Unverified { .. } => {
            let is_whole = !verdict.completeness.is_failed() && report.deleted.is_empty();
            verdict.integrity.is_verified() && is_whole && !report.is_of_unknown_subject()
        }
    }
}

/// A failure is worse than anything unverified.
fn worst(outcomes: &[Outcome]) -> u8 {
    let exits = outcomes.iter().map(|outcome| outcome.exit);
    match exits.clone().any(|exit| exit == Exit::Failed.code()) {
        true => Exit::Failed.code(),
        false => exits.max().unwrap_or(Exit::Verified.code()),
    }
}

/// A question by its name on the command line.
pub(crate) const fn question(asked: Asked) -> Question {
    match asked {
        Asked::Integrity => Question::Integrity,
        Asked::Attribution => Question::Attribution,
        Asked::Completeness => Question::Completeness,
        Asked::Time => Question::Time,
        Asked::Erasure => Question::Erasure,
    }
}

/// The logs of a directory that were asked for, and those that were and are not there.
fn directory(args: &Verify, policy: &TrustPolicy, output: Output) -> anyhow::Result<Vec<Outcome>> {
    let directory = LogDirectory::open(&args.path, settings(&args.path)?)?;
    let logs = match &args.log {
        Some(log) => vec![crate::open::log_name(log)?],
        None => wanted(&directory, policy, output)?,
    };
    let mut outcomes: Vec<Outcome> = logs
        .iter()
        .map(|log| evidence::log(&directory, log, policy, &mut (), output))
        .collect();
    if args.log.is_none() {
        let missing = missing(policy, &outcomes);
        outcomes.extend(missing);
    }
    if outcomes.is_empty() {
        return Err(usage(format!("{} has no log yet", shown_path(&args.path))));
    }
    Ok(outcomes)
}

/// One receipt with its proof.
fn proof(args: &Verify, policy: &TrustPolicy) -> anyhow::Result<Report> {
    if args.subject.is_some() {
        return Err(usage(
            "--subject does not go with a proof: one receipt says nothing of the others",
        ));
    }
    let mut texts = Vec::new();
    for pair in &args.text {
        let (field, path) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--text {pair}: expected FIELD=FILE")))?;
        let text = String::from_utf8(read(Path::new(path))?)
            .map_err(|_| usage(format!("{path}: expected a text in UTF-8")))?;
        texts.push((field, text));
    }
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(field, text)| (*field, text.as_str()))
        .collect();
    let outcome =
        ReceiptProof::parse(&read(&args.path)?).and_then(|proof| proof.verify(policy, &texts));
    Ok(outcome.unwrap_or_else(|error| evidence::failed(policy, error.to_string())))
}

fn print(
    args: &Verify,
    outcome: &Outcome,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<()> {
    let report = &outcome.report;
    let what = match &outcome.log {
        Some(log) => format!("{}, log {log}", shown_path(&args.path)),
        None => format!("{}, {}", shown_path(&args.path), outcome.kind),
    };
    output.line(output.paint(Tone::Bold, &what))?;
    if let Some(origin) = &report.origin {
        output.note(format!("  {}", safe(origin)))?;
    }
    for question in Question::ALL {
        let status = report.verdict.answer(question);
        output.line(status_line(question.name(), status, output))?;
    }
    match args.subject.as_deref() {
        None => {}
        Some("") => output.note("  the erasure line answers for the log itself")?,
        Some(subject) => output.note(format!(
            "  the erasure line answers for subject {}",
            safe(subject)
        ))?,
    }
    for field in &report.disclosed {
        output.line(status_line(
            &format!("text of {}", safe(&field.field)),
            &field.status,
            output,
        ))?;
    }
    let complete = match report.complete_to {
        Some(size) if size < report.receipts => {
            format!(
                "; complete to {size}, the {} after it are not covered",
                report.receipts - size
            )
        }
        _ => String::new(),
    };
    let count = counted(report.receipts, "receipt", "receipts");
    output.note(format!("  {count}{complete}"))?;
    if !report.open_tool_intents.is_empty() {
        let count = report.open_tool_intents.len();
        output.note(format!("  tool intents without an outcome: {count}"))?;
        for intent in report.open_tool_intents.iter().take(10) {
            output.note(format!(
                "    receipt {}: {} {}",
                intent.receipt,
                safe(&intent.tool),
                safe(&intent.call_id)
            ))?;
        }
        if count > 10 {
            output.note(format!("    … and {} more (--json lists all)", count - 10))?;
        }
    }
    for witness in &report.witnesses {
        let time = witness.time.map(|time| format!(" {time}"));
        let (tone, found) = match witness.status {
            "cosigned" => (Tone::Good, format!("cosigned{}", time.unwrap_or_default())),
            status => match &witness.reason {
                Some(reason) => (Tone::Open, reason.clone()),
                None => (Tone::Open, status.into()),
            },
        };
        let found = output.paint(tone, &safe(&found));
        output.note(format!(
            "  witness {} of checkpoint {}: {found}",
            safe(&witness.name),
            witness.checkpoint
        ))?;
    }
    times::print_bounds(report, output)?;
    for remark in &report.remarks {
        output.note(output.sentence("  note: ", Tone::Plain, remark))?;
    }
    let (tone, said) = named(&report.verdict, outcome.exit, asked);
    output.line(output.sentence("", tone, &said))
}

/// The verdict in one line. It names the questions that were verified, and no others.
fn named(verdict: &Verdict, exit: u8, asked: &[Question]) -> (Tone, String) {
    let names = |wanted: fn(&Status) -> bool| {
        let answer = |question: &Question| verdict.answer(*question);
        let names: Vec<&str> = asked
            .iter()
            .filter(|question| wanted(answer(question)))
            .map(|question| question.name())
            .collect();
        names.join(", ")
    };
    match exit {
        0 => {
            let verified = names(|status| matches!(status, Status::Verified));
            let moot = names(|status| matches!(status, Status::NotApplicable));
            let said = match (verified.as_str(), moot.as_str()) {
                (verified, "") => format!("VERIFIED: {verified}"),
                ("", moot) => format!("NOTHING TO VERIFY: {moot} not applicable"),
                (verified, moot) => format!("VERIFIED: {verified} ({moot} not applicable)"),
            };
            (Tone::Good, said)
        }
        1 => (Tone::Bad, "FAILED".into()),
        _ => (
            Tone::Open,
            "UNVERIFIED: nothing failed, but not everything asked for could be verified".into(),
        ),
    }
}

/// An answer of the verdict.
pub(crate) fn status_line(name: &str, status: &Status, output: Output) -> String {
    let tone = match status {
        Status::Verified => Tone::Good,
        Status::Failed { .. } => Tone::Bad,
        Status::Unverified { .. } => Tone::Open,
        Status::NotApplicable => Tone::Dim,
    };
    output.sentence(&format!("  {name:<13} "), tone, &status.to_string())
}
