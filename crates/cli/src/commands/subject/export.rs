//! `ai-audit subject export`: everything that is held on a person, for the person.

use crate::cli::ExportSubject;
use crate::commands::reveal::why;
use crate::open::{log_name, written};
use crate::output::{Output, counted, shown_path};
use crate::save::NewFile;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_directory::{Looking, Opened, RevealedReceipt};
use ai_audit_export::json_value;
use anyhow::Context as _;
use serde_json::{Map, Value, json};
use std::io::{BufWriter, Write as _};

pub(super) fn run(args: &ExportSubject, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    // Before anything is recorded: whether it can be written at all.
    let mut new = NewFile::create_private(&args.output, args.force)?;
    let mut file = BufWriter::new(new.file().try_clone().context("the file")?);
    let (mut count, mut shown) = (0_u64, 0_u64);
    let (access, held) = written(&args.dir, "subject export", output, |writer| {
        let looking = Looking {
            actor: &args.actor,
            purpose: &args.purpose,
        };
        let subject = serde_json::to_string(&args.subject)?;
        write!(
            file,
            "{{\"log\":{},\"subject\":{subject},\"receipts\":[",
            json!(log.as_str())
        )?;
        writer.export_subject(&log, &args.subject, looking, |receipt| {
            let separator = if count > 0 { "," } else { "" };
            count += 1;
            let (value, texts) = value(&receipt)?;
            shown += texts;
            write!(file, "{separator}\n{value}")?;
            anyhow::Ok(())
        })
    })?;
    let mut rest = super::value(&held);
    if let Some(fields) = rest.as_object_mut() {
        fields.remove("receipts");
        fields.remove("subject");
        fields.insert("access".into(), access.seq.into());
    }
    let rest = rest.to_string();
    write!(file, "\n],{}\n", rest.trim_start_matches('{'))
        .and_then(|()| file.flush())
        .with_context(|| shown_path(&args.output))?;
    drop(file);
    new.finish()?;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "subject": args.subject,
            "file": args.output,
            "receipts": count,
            "texts": shown,
            "access": access.seq,
        }));
    }
    output.line(format!(
        "Wrote {}: {}, {} decrypted.",
        shown_path(&args.output),
        counted(count, "receipt", "receipts"),
        counted(shown, "text", "texts")
    ))?;
    output.note(format!("Receipt {} says that it was read.", access.seq))
}

/// A receipt with its texts, and how many of these were decrypted.
fn value(receipt: &RevealedReceipt) -> anyhow::Result<(Value, u64)> {
    let parsed = UnverifiedReceipt::parse(&receipt.sealed)?;
    let mut value = json_value(&parsed);
    let (mut texts, mut shown) = (Map::new(), 0);
    for (field, state, opened) in &receipt.texts {
        let text = match opened {
            Opened::Text { text, is_recorded } => {
                if *state != ai_audit_directory::TextState::Plain {
                    shown += 1;
                }
                json!({ "text": text.as_str(), "is_recorded": is_recorded })
            }
            other => json!({ "error": why(other) }),
        };
        texts.insert(field.clone(), text);
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("texts".into(), texts.into());
    }
    Ok((value, shown))
}
