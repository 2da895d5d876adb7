//! `ai-audit verify`: finds out what it was given, verifies it, tells the verdict.

mod brought;
mod equivocation;
mod times;

use self::brought::{missing, only_one, wanted};
use crate::cli::{Question as Asked, Verify};
use crate::failure::usage;
use crate::open::{read, read_at_most, settings};
use crate::output::{Output, Tone, counted, safe};
use crate::progress::Progress;
use ai_audit_core::{Exit, Next, Question, Status};
use ai_audit_directory::{LogDirectory, TileFolder};
use ai_audit_export::archive::is_zip;
use ai_audit_export::tiles::verify_tiles;
use ai_audit_export::{RECEIPTS_MAGIC, ReceiptsReader, verify_package};
use ai_audit_note::{MAX_POLICY_LEN, TlogProof};
use ai_audit_store::{Clock as _, LogName, SystemClock};
use ai_audit_verify::{DetachedRevocation, LogVerifier, Pin, ReceiptProof, Report, TrustPolicy};
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::ExitCode;

/// One verification, as JSON.
#[derive(Serialize)]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// What was verified: `log`, `tiles`, `package`, `proof` or `receipts`; `missing` is a log that was
    /// brought a key line or a checkpoint for and is not there.
    kind: &'static str,
    #[serde(flatten)]
    report: Report,
    exit: u8,
}

pub(crate) fn run(args: &Verify, output: Output) -> anyhow::Result<ExitCode> {
    let policy = policy(args)?;
    let asked: Vec<Question> = args.require.iter().copied().map(question).collect();
    if equivocation::is_one(&args.path) {
        return equivocation::run(args, &policy, &asked, output);
    }
    let mut outcomes = if TileFolder::is_published_log(&args.path) {
        vec![tiles(args, &policy, output)?]
    } else if args.path.is_dir() {
        directory(args, &policy, output)?
    } else {
        vec![file(args, &policy, output)?]
    };
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

/// Verifies the default log of a directory.
pub(crate) fn log(path: &Path, policy: &TrustPolicy) -> anyhow::Result<Report> {
    let directory = LogDirectory::open(path, settings(path)?)?;
    Ok(one_log(
        &directory,
        LogName::default(),
        policy,
        Output::new(false, true),
    )?
    .report)
}

/// Verifies a package.
pub(crate) fn package(path: &Path, policy: &TrustPolicy) -> anyhow::Result<Report> {
    let file = File::open(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    Ok(verify_package(file, policy, |_, _| {}).report)
}

/// A failure is worse than anything unverified.
fn worst(outcomes: &[Outcome]) -> u8 {
    let exits = outcomes.iter().map(|outcome| outcome.exit);
    match exits.clone().any(|exit| exit == Exit::Failed.code()) {
        true => Exit::Failed.code(),
        false => exits.max().unwrap_or(Exit::Verified.code()),
    }
}

const fn question(asked: Asked) -> Question {
    match asked {
        Asked::Integrity => Question::Integrity,
        Asked::Attribution => Question::Attribution,
        Asked::Completeness => Question::Completeness,
        Asked::Time => Question::Time,
        Asked::Erasure => Question::Erasure,
    }
}

fn policy(args: &Verify) -> anyhow::Result<TrustPolicy> {
    let mut policy = match &args.policy {
        None => TrustPolicy::new(),
        Some(path) => TrustPolicy::parse_file(&read_at_most(path, MAX_POLICY_LEN)?)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?,
    }
    .now(SystemClock.now());
    for key in &args.key {
        policy = policy.pin(pin("--key ", key)?);
    }
    for path in &args.checkpoint {
        policy = policy
            .checkpoint(&read(path)?)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
    }
    for path in &args.revocation {
        let revocation = DetachedRevocation::parse(&read(path)?)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        policy = policy.revocation(revocation);
    }
    if let Some(size) = args.size {
        policy = policy.min_size(size);
    }
    if let Some(subject) = &args.subject {
        policy = policy.subject(subject);
    }
    times::with_times(policy, &args.times)
}

/// A key line, a bare key, or a file that holds one. `flag` is what it was given to.
pub(crate) fn pin(flag: &str, text: &str) -> anyhow::Result<Pin> {
    let path = Path::new(text);
    if path.is_file() {
        let bytes = read(path)?;
        let line = String::from_utf8_lossy(&bytes);
        return Pin::parse(&line).map_err(|error| usage(format!("{text}: {error}")));
    }
    Pin::parse(text).map_err(|error| {
        usage(format!(
            "{flag}{text}: there is no such file, and as a key: {error}"
        ))
    })
}

fn directory(args: &Verify, policy: &TrustPolicy, output: Output) -> anyhow::Result<Vec<Outcome>> {
    if !args.text.is_empty() {
        return Err(usage("--text goes with a proof, not with a log directory"));
    }
    let directory = LogDirectory::open(&args.path, settings(&args.path)?)?;
    let logs = match &args.log {
        Some(log) => vec![crate::open::log_name(log)?],
        None => wanted(&directory, policy, output)?,
    };
    let mut outcomes = logs
        .into_iter()
        .map(|log| one_log(&directory, log, policy, output))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if args.log.is_none() {
        let missing = missing(policy, &outcomes);
        outcomes.extend(missing);
    }
    if outcomes.is_empty() {
        return Err(usage(format!("{} has no log yet", args.path.display())));
    }
    Ok(outcomes)
}

fn one_log(
    directory: &LogDirectory,
    log: LogName,
    policy: &TrustPolicy,
    output: Output,
) -> anyhow::Result<Outcome> {
    // A log that cannot be read at all fails below.
    let size = directory.head(&log).map_or(0, |head| head.size());
    let progress = Progress::new("verifying", "receipts", size, output.quiet);
    let report = match directory.verify_with(&log, policy, |done| progress.set(done, size)) {
        Ok(report) => report,
        // A store that contradicts itself is evidence that fails, not a reason to stop.
        Err(error) => {
            let mut verifier = LogVerifier::new(policy);
            verifier.fail_integrity(format!("log {log} cannot be read: {error}"));
            verifier.finish()
        }
    };
    Ok(Outcome {
        log: Some(log.to_string()),
        kind: "log",
        report,
        exit: 0,
    })
}

/// A log that was published as tiles.
fn tiles(args: &Verify, policy: &TrustPolicy, output: Output) -> anyhow::Result<Outcome> {
    if !args.text.is_empty() || args.log.is_some() {
        return Err(usage("--text and --log do not go with a published log"));
    }
    let progress = Progress::new("verifying", "receipts", 0, output.quiet);
    let folder = TileFolder::open(&args.path);
    let report = verify_tiles(&folder, policy, |done, total| progress.set(done, total));
    Ok(Outcome {
        log: None,
        kind: "tiles",
        report: only_one(policy, report),
        exit: 0,
    })
}

fn file(args: &Verify, policy: &TrustPolicy, output: Output) -> anyhow::Result<Outcome> {
    let shown = args.path.display();
    let cannot = |error: std::io::Error| usage(format!("{shown}: {error}"));
    let mut file = File::open(&args.path).map_err(cannot)?;
    let mut start = Vec::new();
    std::io::Read::by_ref(&mut file)
        .take(64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    if !TlogProof::has_first_line(&start) && !args.text.is_empty() {
        return Err(usage("--text goes with a proof, and this is none"));
    }
    if TlogProof::has_first_line(&start) && args.subject.is_some() {
        return Err(usage(
            "--subject does not go with a proof: one receipt says nothing of the others",
        ));
    }
    let progress = Progress::new("verifying", "receipts", 0, output.quiet);
    let (kind, report) = if is_zip(&start) {
        let report = verify_package(file, policy, |done, total| progress.set(done, total)).report;
        ("package", report)
    } else if TlogProof::has_first_line(&start) {
        ("proof", proof(args, policy)?)
    } else if start.starts_with(RECEIPTS_MAGIC) {
        let file = File::open(&args.path).map_err(cannot)?;
        ("receipts", receipts(file, policy, &progress))
    } else {
        let mut verifier = LogVerifier::new(policy);
        verifier.fail_integrity(format!(
            "{shown} is no evidence: expected a log directory, a published log, a package (ZIP), a proof or a receipts file"
        ));
        ("unknown", verifier.finish())
    };
    Ok(Outcome {
        log: None,
        kind,
        report: only_one(policy, report),
        exit: 0,
    })
}

fn receipts(file: File, policy: &TrustPolicy, progress: &Progress) -> Report {
    let failed = |reason: String| {
        let mut verifier = LogVerifier::new(policy);
        verifier.fail_integrity(reason);
        verifier.finish()
    };
    let mut source = match ReceiptsReader::new(BufReader::with_capacity(1 << 16, file)) {
        Ok(source) => source,
        Err(error) => return failed(error.to_string()),
    };
    let mut verifier = LogVerifier::new(policy);
    let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
    let mut count = 0;
    loop {
        match ai_audit_core::ReceiptSource::read_next(&mut source, &mut buf) {
            Ok(None) => return verifier.finish(),
            Ok(Some(Next::Deleted(hash))) => verifier.push_deleted(hash),
            Ok(Some(Next::Sealed(len))) => {
                // The report has all that is wanted here.
                let _ = verifier.push(&buf[..len]);
            }
            Err(error) => {
                verifier.cut_off(error.to_string());
                return verifier.finish();
            }
        }
        count += 1;
        progress.set(count, 0);
    }
}

fn proof(args: &Verify, policy: &TrustPolicy) -> anyhow::Result<Report> {
    let failed = |reason: String| {
        let mut verifier = LogVerifier::new(policy);
        verifier.fail_integrity(reason);
        verifier.finish()
    };
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
    Ok(outcome.unwrap_or_else(|error| failed(error.to_string())))
}

fn print(
    args: &Verify,
    outcome: &Outcome,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<()> {
    let report = &outcome.report;
    let what = match &outcome.log {
        Some(log) => format!("{}, log {log}", args.path.display()),
        None => format!("{}, {}", args.path.display(), outcome.kind),
    };
    output.line(output.paint(Tone::Bold, &what))?;
    if let Some(origin) = &report.origin {
        output.note(format!("  {}", safe(origin)))?;
    }
    for question in Question::ALL {
        let status = report.verdict.answer(question);
        output.line(line(question.name(), status, output))?;
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
        output.line(line(
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
    let (tone, said) = conclusion(outcome, asked);
    output.line(output.sentence("", tone, &said))
}

/// The verdict in one line. It names the questions that were verified, and no others.
fn conclusion(outcome: &Outcome, asked: &[Question]) -> (Tone, String) {
    let names = |wanted: fn(&Status) -> bool| {
        let answer = |question: &Question| outcome.report.verdict.answer(*question);
        let names: Vec<&str> = asked
            .iter()
            .filter(|question| wanted(answer(question)))
            .map(|question| question.name())
            .collect();
        names.join(", ")
    };
    match outcome.exit {
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

fn line(name: &str, status: &Status, output: Output) -> String {
    let tone = match status {
        Status::Verified => Tone::Good,
        Status::Failed { .. } => Tone::Bad,
        Status::Unverified { .. } => Tone::Open,
        Status::NotApplicable => Tone::Dim,
    };
    output.sentence(&format!("  {name:<13} "), tone, &status.to_string())
}
