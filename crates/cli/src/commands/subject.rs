//! `ai-audit subject`

mod export;

use crate::cli::{ListSubjects, ShowSubject, Subject, SubjectCommand};
use crate::failure::usage;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, counted, safe, short};
use ai_audit_directory::{HeldOn, TextState};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(crate) fn run(args: &Subject, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        SubjectCommand::List(args) => list(args, output),
        SubjectCommand::Show(args) => show(args, output),
        SubjectCommand::Export(args) => export::run(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListSubjects, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    let subjects = directory.subjects(&log)?;
    if output.json {
        let subjects = subjects.iter().map(|info| {
            json!({
                "subject": info.subject,
                "receipts": info.receipts,
                "encrypted": info.encrypted,
                "erased": info.erased,
                "key": info.key,
                "key_destroyed_by": info.destroyed,
                "erasure": info.erasure,
            })
        });
        return output.json(&Value::from_iter(subjects));
    }
    if subjects.is_empty() {
        return output.line(format!("Log {log} names no subjects."));
    }
    let mut table = output.table(["subject", "receipts", "encrypted", "state"]);
    for info in &subjects {
        let state = match (info.key, info.destroyed, info.erasure) {
            (Some(_), Some(seq), _) => format!("a key that receipt {seq} says is destroyed"),
            (Some(_), None, Some(seq)) => format!("a key since the erasure of receipt {seq}"),
            (Some(_), None, None) => "a key in use".into(),
            (None, _, Some(seq)) => format!("erased by receipt {seq}"),
            (None, _, None) => "no key".into(),
        };
        table.add_row([
            name(&info.subject),
            info.receipts.to_string(),
            info.encrypted.to_string(),
            state,
        ]);
    }
    output.print_table(&table)
}

/// A subject for people.
pub(super) fn name(subject: &str) -> String {
    match subject {
        "" => "(the log itself)".into(),
        subject => short(subject, 40),
    }
}

fn show(args: &ShowSubject, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    let held = directory.held_on(&log, &args.subject)?;
    if output.json {
        return output.json(&value(&held));
    }
    let nothing = held.receipts.is_empty()
        && held.erasures.is_empty()
        && held.accesses.is_empty()
        && held.key.is_none();
    if nothing {
        return Err(usage(format!(
            "log {log} holds nothing on {:?}; `ai-audit subject list` shows whom it names",
            args.subject
        )));
    }
    output.line(output.paint(Tone::Bold, &name(&held.subject)))?;
    match (held.key, held.destroyed) {
        (Some(key), None) => output.line(format!("  key       {key}"))?,
        (Some(key), Some(seq)) => output.line(format!(
            "  key       {key}, which receipt {seq} says is destroyed: keys/subjects.db is from before that"
        ))?,
        (None, _) => output.line("  key       none is held")?,
    }
    output.line(format!(
        "  receipts  {}",
        counted(held.receipts.len() as u64, "decision", "decisions")
    ))?;
    for receipt in &held.receipts {
        let texts: Vec<String> = receipt
            .texts
            .iter()
            .map(|(field, state)| {
                let elsewhere = match receipt.is_elsewhere && *state != TextState::Plain {
                    true => " under a key that is not here",
                    false => "",
                };
                format!(
                    "{} {}{elsewhere}",
                    safe(field),
                    words(state, receipt.erased)
                )
            })
            .collect();
        let texts = match texts.is_empty() {
            true => "digests only".into(),
            false => texts.join(", "),
        };
        output.line(format!(
            "    {:<8} {}  {texts}",
            receipt.seq, receipt.sealed_at
        ))?;
    }
    if !held.erasures.is_empty() {
        output.line("  erasures")?;
    }
    for erasure in &held.erasures {
        let done = match erasure.completed {
            Some(seq) => format!("completed by receipt {seq}"),
            None => "under way".into(),
        };
        output.line(format!("    {:<8} {done}", erasure.requested))?;
    }
    if !held.accesses.is_empty() {
        output.line("  accesses")?;
    }
    for access in &held.accesses {
        let field = match access.field.as_str() {
            "" => "everything".into(),
            field => safe(field),
        };
        let actor = match access.actor_id.as_str() {
            "" => "somebody unnamed".into(),
            actor => safe(actor),
        };
        let purpose = match access.purpose.as_str() {
            "" => String::new(),
            purpose => format!(", {}", safe(purpose)),
        };
        output.line(format!(
            "    {:<8} {}  {field}, by {actor}{purpose}",
            access.seq, access.sealed_at
        ))?;
    }
    if held.deleted > 0 {
        output.note(format!(
            "{} of the log are deleted; whom they were about is not known any more.",
            counted(held.deleted, "receipt", "receipts")
        ))?;
    }
    Ok(())
}

const fn words(state: &TextState, erased: bool) -> &'static str {
    match (state, erased) {
        (TextState::Plain, _) => "in the clear",
        (TextState::PartlyEncrypted, false) => "partly encrypted",
        (TextState::Encrypted, false) => "encrypted",
        (TextState::PartlyEncrypted, true) => "partly erased",
        (TextState::Encrypted, true) => "erased",
    }
}

/// What is held, as JSON.
pub(super) fn value(held: &HeldOn) -> Value {
    let receipts = held.receipts.iter().map(|receipt| {
        let texts = receipt.texts.iter();
        let texts: serde_json::Map<String, Value> = texts
            .map(|(field, state)| (field.clone(), words(state, receipt.erased).into()))
            .collect();
        json!({
            "seq": receipt.seq,
            "id": receipt.id,
            "hash": receipt.hash,
            "sealed_at": receipt.sealed_at,
            "texts": texts,
            "key_is_elsewhere": receipt.is_elsewhere,
        })
    });
    let erasures = held
        .erasures
        .iter()
        .map(|erasure| json!({ "requested": erasure.requested, "completed": erasure.completed }));
    let accesses = held.accesses.iter().map(|access| {
        json!({
            "seq": access.seq,
            "sealed_at": access.sealed_at,
            "actor_id": access.actor_id,
            "receipt": access.receipt,
            "field": access.field,
            "purpose": access.purpose,
            "outcome": access.outcome,
        })
    });
    json!({
        "subject": held.subject,
        "key": held.key,
        "key_destroyed_by": held.destroyed,
        "receipts": Value::from_iter(receipts),
        "erasures": Value::from_iter(erasures),
        "accesses": Value::from_iter(accesses),
        "deleted_receipts": held.deleted,
    })
}
