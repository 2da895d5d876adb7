//! `ai-audit shred`

use crate::cli::Shred as Args;
use crate::failure::usage;
use crate::open::{log_name, read, written};
use crate::output::{Output, counted, safe};
use ai_audit_store::Shred;
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _, stderr, stdin};
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    if args.reason.trim().is_empty() {
        return Err(usage("--reason: expected why, for the log"));
    }
    let subjects = subjects(args)?;
    if !args.yes && !confirmed(&subjects)? {
        output.line("Nothing was changed.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let wish = Shred {
        subjects,
        reason: args.reason.clone(),
        legal_basis: args.legal_basis.clone(),
        requested_by: args.requested_by.clone(),
    };
    let done = written(&args.dir, "shred", output, |writer| {
        Ok(writer.shred(&log, wish)?)
    })?;
    let places = |receipts: &[ai_audit_store::Receipt]| -> Vec<u64> {
        receipts.iter().map(|receipt| receipt.seq).collect()
    };
    let (requests, completions) = (places(&done.requests), places(&done.completions));
    if output.json {
        let subjects = done.subjects.iter();
        let subjects: Vec<_> = subjects
            .map(|(subject, key)| json!({ "subject": subject, "key": key }))
            .collect();
        output.json(&json!({
            "log": log.as_str(),
            "subjects": subjects,
            "requested": requests,
            "completed": completions,
            "ciphertexts": done.ciphertexts,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "Destroyed the keys of {} and removed {}.",
        counted(done.subjects.len() as u64, "subject", "subjects"),
        counted(done.ciphertexts, "encrypted text", "encrypted texts"),
    ))?;
    let range = |seqs: &[u64]| match seqs {
        [one] => format!("receipt {one}"),
        [first, .., last] => format!("receipts {first} to {last}"),
        [] => String::new(),
    };
    output.line(format!("  requested  {}", range(&requests)))?;
    output.line(format!("  completed  {}", range(&completions)))?;
    output.note(
        "Copies of the key database made before open nothing any more, unless somebody kept the \
         key-encryption key with them.",
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The subjects of the arguments and of the file.
fn subjects(args: &Args) -> anyhow::Result<Vec<String>> {
    let mut subjects = args.subjects.clone();
    if let Some(path) = &args.file {
        let text = String::from_utf8(read(path)?)
            .map_err(|_| usage(format!("{}: expected a text in UTF-8", path.display())))?;
        let lines = text.lines().map(str::trim_end);
        subjects.extend(lines.filter(|line| !line.is_empty()).map(String::from));
    }
    if subjects.iter().any(String::is_empty) {
        return Err(usage(
            "an empty subject is the log itself; --log-itself means that",
        ));
    }
    if args.log_itself {
        subjects.push(String::new());
    }
    Ok(subjects)
}

/// Asks a person who sits at the terminal. Programs are not asked.
fn confirmed(subjects: &[String]) -> anyhow::Result<bool> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(true);
    }
    let shown: Vec<String> = subjects
        .iter()
        .take(5)
        .map(|subject| match subject.as_str() {
            "" => "the log itself".into(),
            subject => safe(subject),
        })
        .collect();
    let more = match subjects.len() {
        count @ 6.. => format!(" and {} more", count - 5),
        _ => String::new(),
    };
    let mut err = stderr().lock();
    write!(
        err,
        "Nothing that is kept encrypted of {}{more} can be read after this, for ever. Go on? [y/N] ",
        shown.join(", ")
    )?;
    err.flush()?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
