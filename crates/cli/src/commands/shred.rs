//! `ai-audit shred`

use crate::cli::Shred as Args;
use crate::failure::usage;
use crate::open::{log_name, read, written};
use crate::output::{Output, Tone, counted, safe, shown_path};
use ai_audit_core::SubjectKeyId;
use ai_audit_directory::{LogDirectory, TextState, Writer};
use ai_audit_shredding::SubjectKeys as _;
use ai_audit_store::{LogName, Shred};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _, stderr, stdin};
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    if args.reason.trim().is_empty() {
        return Err(usage("--reason: expected why, for the log"));
    }
    let subjects = subjects(args)?;
    if !args.yes && !args.lost_keys && !confirmed(&subjects)? {
        output.line("Nothing was changed.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = written(&args.dir, "shred", output, |writer| {
        // What an earlier one left is done first, or says why it cannot be.
        writer.finish_erasures(&log)?;
        let wish = match wish(args, writer, &log, subjects)? {
            Ok(wish) => wish,
            Err(already) => return Ok(Err(already)),
        };
        let done = writer.shred(&log, wish)?;
        let names: Vec<String> = done.subjects.iter().map(|(name, _)| name.clone()).collect();
        let remains = writer.directory().remains_of(&log, &names)?;
        let elsewhere = elsewhere(writer.directory(), &log, &names);
        Ok(Ok((done, remains, elsewhere)))
    })?;
    let (done, remains, elsewhere) = match outcome {
        Ok(done) => done,
        Err(already) => {
            if output.json {
                output.json(&json!({ "log": log.as_str(), "already_erased": already }))?;
            } else {
                output.line("Nothing to do: they are erased already.")?;
                for (subject, seq) in already {
                    output.line(format!("  {}  by receipt {seq}", safe(&subject)))?;
                }
            }
            return Ok(ExitCode::SUCCESS);
        }
    };
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
            "kept_in_the_clear": remains.clear,
            "plain_digests": remains.plain_digests,
            "held_in_other_logs": elsewhere,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    // One may have several, of which but one was in use.
    let subjects: BTreeSet<&str> = done
        .subjects
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    output.line(format!(
        "Destroyed the keys of {} and removed {}.",
        counted(subjects.len() as u64, "subject", "subjects"),
        counted(done.ciphertexts, "encrypted text", "encrypted texts"),
    ))?;
    let range = |seqs: &[u64]| match seqs {
        [one] => format!("receipt {one}"),
        [first, .., last] => format!("receipts {first} to {last}"),
        [] => String::new(),
    };
    output.line(format!("  requested  {}", range(&requests)))?;
    output.line(format!("  completed  {}", range(&completions)))?;
    let say = |text: String| output.note(output.sentence("  ", Tone::Plain, &text));
    if remains.clear > 0 {
        let texts = counted(remains.clear, "text", "texts");
        say(format!(
            "Not reached: {texts} of theirs that are kept in the clear."
        ))?;
    }
    if remains.plain_digests > 0 {
        let count = counted(remains.plain_digests, "decision", "decisions");
        say(format!(
            "Not reached: plain digests in {count} about them, which a guess can be held against."
        ))?;
    }
    for name in &elsewhere {
        say(format!(
            "Log {name} holds a key of theirs too: `--log {name}`."
        ))?;
    }
    say(
        "Copies of the key database from before open nothing any more, unless the key-encryption key \
         was kept with them. Back up the new one."
            .into(),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// What is to be erased; or, where all of it is erased already, by which receipts.
fn wish(
    args: &Args,
    writer: &Writer,
    log: &LogName,
    subjects: Vec<String>,
) -> anyhow::Result<Result<Shred, Vec<(String, u64)>>> {
    let directory = writer.directory();
    let keys = writer.subject_keys(log)?;
    let (mut held, mut erased, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    let (mut elsewhere, mut at_hand) = (Vec::new(), Vec::new());
    for subject in subjects {
        if let Some(key) = keys.find(&subject)? {
            at_hand.push((subject.clone(), key));
            held.push(subject);
            continue;
        }
        let found = directory.held_on(log, &subject)?;
        let is_kept = |text: &(String, TextState)| text.1 != TextState::Plain;
        let mut open = found.receipts.iter().filter(|receipt| !receipt.erased);
        if let Some(receipt) = open.find(|receipt| receipt.texts.iter().any(is_kept)) {
            elsewhere.push((subject, receipt.seq));
            continue;
        }
        let mut erasures = found.erasures.iter().rev();
        match erasures.find_map(|erasure| erasure.completed) {
            Some(seq) => erased.push((subject, seq)),
            None => unknown.push(subject),
        }
    }
    // With all that is lost these are as well.
    if let Some((subject, seq)) = elsewhere.first().filter(|_| !args.lost_keys) {
        return Err(usage(format!(
            "receipt {seq} about {} is encrypted under a key that is not among the keys of subjects here (keys/subjects.db): they are an older copy, or another copy of the directory has it; erase with the newest copy of that file. If it is lost, record that with --lost-keys",
            safe(subject)
        )));
    }
    // A key that came back from before an erasure stands in for none that the log uses since (A132).
    let at_hand = match args.lost_keys {
        true => keys.subjects()?,
        false => at_hand,
    };
    let came_back = directory.keys_that_came_back(log, at_hand)?;
    let mut lost = match args.lost_keys || !came_back.is_empty() {
        true => directory.lost_keys(log, &*keys)?,
        false => Vec::new(),
    };
    if args.lost_keys {
        // With the newest file is lost that they were destroyed: left here, they would be found, and used by nobody.
        lost.extend(came_back);
    } else {
        let asked = |(subject, _): &&(String, SubjectKeyId)| held.contains(subject);
        if let Some((subject, key)) = lost.iter().find(asked) {
            return Err(usage(format!(
                "receipts about {} are encrypted under key {key}, which is not among the keys of subjects here (keys/subjects.db): they are an older copy; erase with the newest copy of that file, and of the key-encryption key. If it is lost, record that with `ai-audit shred DIR SUBJECT --lost-keys`",
                safe(subject)
            )));
        }
        lost.clear();
    }
    if !unknown.is_empty() && !args.skip_missing {
        let shown: Vec<String> = unknown.iter().take(5).map(|name| safe(name)).collect();
        let more = match unknown.len() {
            count @ 6.. => format!(" and {} more", count - 5),
            _ => String::new(),
        };
        return Err(usage(format!(
            "no key is held for {}{more}: no record of them was digested or encrypted under one; --skip-missing passes them over",
            shown.join(", ")
        )));
    }
    if held.is_empty() && lost.is_empty() {
        if erased.is_empty() {
            return Err(usage("nothing to erase: no key is held, and none is lost"));
        }
        return Ok(Err(erased));
    }
    Ok(Ok(Shred {
        subjects: held,
        lost,
        reason: args.reason.clone(),
        legal_basis: args.legal_basis.clone(),
        requested_by: args.requested_by.clone(),
    }))
}

/// Other logs of the directory that hold keys of these subjects.
fn elsewhere(directory: &LogDirectory, log: &LogName, subjects: &[String]) -> Vec<String> {
    let Ok(logs) = directory.logs() else {
        return Vec::new();
    };
    let holds = |other: &LogName| {
        let keys = directory.subject_keys(other).ok().flatten();
        keys.is_some_and(|keys| {
            let mut subjects = subjects.iter().filter(|subject| !subject.is_empty());
            subjects.any(|subject| matches!(keys.find(subject), Ok(Some(_))))
        })
    };
    let others = logs.iter().filter(|other| *other != log && holds(other));
    others.map(ToString::to_string).collect()
}

/// The subjects of the arguments and of the file.
fn subjects(args: &Args) -> anyhow::Result<Vec<String>> {
    let mut subjects = args.subjects.clone();
    if let Some(path) = &args.file {
        let text = String::from_utf8(read(path)?)
            .map_err(|_| usage(format!("{}: expected a text in UTF-8", shown_path(path))))?;
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
