//! `ai-audit reveal`

use crate::cli::Reveal;
use crate::failure::with_code;
use crate::open::{find, log_name, written};
use crate::output::{Output, safe};
use ai_audit_directory::{Looking, Opened, Revealed};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Reveal, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let mut seq = 0;
    let revealed = written(&args.dir, "reveal", output, |writer| {
        seq = find(writer.directory(), &log, &args.receipt)?;
        let looking = Looking {
            actor: &args.actor,
            purpose: &args.purpose,
        };
        Ok(writer.reveal(&log, seq, &args.field, looking)?)
    })?;
    let Revealed {
        subject,
        opened,
        access,
    } = &revealed;
    let why = why(opened);
    if output.json {
        let (text, is_recorded) = match opened {
            Opened::Text { text, is_recorded } => (Some(text.as_str()), *is_recorded),
            _ => (None, None),
        };
        output.json(&json!({
            "log": log.as_str(),
            "receipt": seq,
            "field": args.field,
            "subject": subject,
            "text": text,
            "is_recorded": is_recorded,
            "error": why,
            "access": access.seq,
        }))?;
    } else if let Opened::Text { text, is_recorded } = opened {
        // For a pipe it is what was recorded, for a terminal what cannot harm it.
        let lines: Vec<String> = text.split('\n').map(safe).collect();
        output.line(lines.join("\n"))?;
        let held = match is_recorded {
            Some(true) => "It is the text that was recorded, by its digest.",
            Some(false) => "It is NOT the text that was recorded: its digest is another one.",
            None => {
                "Whether it is the text that was recorded cannot be told: a part of it was redacted for good."
            }
        };
        output.note("")?;
        output.note(format!(
            "{held} Receipt {} says that it was shown.",
            access.seq
        ))?;
    }
    match why {
        Some(_) if output.json => Ok(ExitCode::from(1)),
        Some(why) => Err(with_code(
            format!(
                "receipt {seq}, {}: {why}; receipt {} says that it was asked for",
                safe(&args.field),
                access.seq
            ),
            1,
        )),
        None if matches!(
            opened,
            Opened::Text {
                is_recorded: Some(false),
                ..
            }
        ) =>
        {
            Ok(ExitCode::from(1))
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Why there is no text.
pub(crate) fn why(opened: &Opened) -> Option<String> {
    match opened {
        Opened::Text { .. } => None,
        Opened::Erased => Some("its key is destroyed: it cannot be read any more".into()),
        Opened::Failed(why) => Some(why.clone()),
    }
}
