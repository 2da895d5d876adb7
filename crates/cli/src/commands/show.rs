//! `ai-audit show`

mod original;

use crate::cli::Show;
use crate::open::{deleted, directory, find, log_name};
use crate::output::{Output, Tone, safe};
use ai_audit_core::{LeafHash, SealMode, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_export::json_value;
use ai_audit_store::{LogName, StoredContent};
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitCode;

pub(crate) fn run(args: &Show, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let seq = find(&directory, &log, &args.receipt)?;
    if args.original {
        return original::run(args, &directory, &log, seq, output);
    }
    let sealed = match directory.stored(&log, seq)? {
        StoredContent::Sealed(sealed) => sealed,
        StoredContent::Deleted(hash) => return gone(&directory, &log, seq, hash, output),
    };
    if args.hex {
        let mut text = String::new();
        for byte in &sealed {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        if output.json {
            output.json(&serde_json::json!({ "seq": seq, "sealed": text }))?;
        } else {
            output.line(text)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let receipt = UnverifiedReceipt::parse(&sealed)?;
    let value = json_value(&receipt);
    if output.json {
        output.json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.paint(Tone::Bold, &format!("receipt {seq} of log {log}")))?;
    if let Value::Object(fields) = &value {
        for name in [
            "kind",
            "id",
            "sealed_at",
            "hash",
            "prev",
            "log_id",
            "key_id",
            "trace_id",
            "session_id",
            "actor_id",
        ] {
            match fields.get(name) {
                Some(Value::String(text)) if !text.is_empty() => {
                    output.line(format!("  {name:<12} {}", safe(text)))?;
                }
                _ => {}
            }
        }
        if receipt.header().mode == SealMode::Batched {
            let by = match directory.batch_seal_of(&log, seq)? {
                Some(seal) => format!("batch seal {seal} signs for it"),
                None => "there is no batch seal that signs for it".into(),
            };
            output.line(format!("  {:<12} batched: {by}", "mode"))?;
        }
        if let Some(body) = fields.get("body").or_else(|| fields.get("body_hex")) {
            output.line("  body")?;
            tree(body, 4, output)?;
        }
    }
    output.note("Shown as stored; `ai-audit verify` tells whether it holds.")?;
    Ok(ExitCode::SUCCESS)
}

/// A receipt whose bytes are deleted: what is left of it, and who says so.
fn gone(
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    hash: LeafHash,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let deletion = directory.deletion_of(log, seq)?;
    if output.json {
        output.json(&deleted(seq, hash, deletion.as_ref()))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.paint(Tone::Bold, &format!("receipt {seq} of log {log}")))?;
    output.line(format!("  {:<12} {hash}", "hash"))?;
    let Some(deletion) = deletion else {
        output.line("  its bytes are deleted, and no deletion receipt says so")?;
        return Ok(ExitCode::SUCCESS);
    };
    output.line(format!(
        "  deleted under receipt {} of {}",
        deletion.receipt, deletion.sealed_at
    ))?;
    output.line(format!("  {:<12} {}", "epoch", deletion.epoch))?;
    output.line(format!("  {:<12} {}", "reason", safe(&deletion.reason)))?;
    if let Some(archive) = deletion.archive {
        output.line(format!("  {:<12} SHA-256 {archive}", "archive"))?;
    }
    output.note("Shown as stored; `ai-audit verify` tells whether it holds.")?;
    Ok(ExitCode::SUCCESS)
}

/// A JSON value, indented, one field a line.
fn tree(value: &Value, indent: usize, output: Output) -> anyhow::Result<()> {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if field.is_object() || field.is_array() {
                    output.line(format!("{pad}{}", safe(name)))?;
                    tree(field, indent + 2, output)?;
                } else {
                    output.line(format!("{pad}{} {}", safe(name), scalar(field)))?;
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            for item in items {
                if item.is_object() {
                    output.line(format!("{pad}-"))?;
                    tree(item, indent + 2, output)?;
                } else {
                    output.line(format!("{pad}- {}", scalar(item)))?;
                }
            }
            Ok(())
        }
        other => output.line(format!("{pad}{}", scalar(other))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text),
        other => other.to_string(),
    }
}
