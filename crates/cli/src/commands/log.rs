//! `ai-audit log`

use crate::cli::Log;
use crate::open::{deleted, directory, kind, log_name, time};
use crate::output::{Output, short};
use ai_audit_agentic::{
    ContractActivation, ContractState, Incident, IncidentClass, ToolIntent, ToolOutcome,
};
use ai_audit_core::{
    Decision, DecodeBody as _, Imported, ImportedRecord, Kind, Timestamp, UnverifiedReceipt,
};
use ai_audit_directory::{DeletionInfo, LogDirectory};
use ai_audit_export::json_value;
use ai_audit_store::{LogName, Query, StoredContent};
use std::process::ExitCode;

pub(crate) fn run(args: &Log, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let seqs = seqs(args, &directory, &log)?;
    // Read when the first deleted receipt asks for them.
    let mut deletions: Option<Vec<DeletionInfo>> = None;
    let mut values = Vec::new();
    let mut table = output.table(["SEQ", "SEALED AT", "KIND", "TRACE", "SUMMARY"]);
    for seq in seqs {
        let sealed = match directory.stored(&log, seq)? {
            StoredContent::Sealed(sealed) => sealed,
            StoredContent::Deleted(hash) => {
                let all = match &mut deletions {
                    Some(all) => all,
                    none => none.insert(directory.deletions(&log)?),
                };
                let deletion = all.iter().rfind(|deletion| deletion.covers(seq));
                if output.json {
                    values.push(deleted(seq, hash, deletion));
                } else {
                    let by = deletion.map_or("by nobody's receipt".into(), |deletion| {
                        format!("deleted by receipt {}", deletion.receipt)
                    });
                    table.add_row([seq.to_string(), "-".into(), "-".into(), String::new(), by]);
                }
                continue;
            }
        };
        let receipt = UnverifiedReceipt::parse(&sealed)?;
        if output.json {
            values.push(json_value(&receipt));
            continue;
        }
        let header = receipt.header();
        // Seconds are enough for a list: 2026-11-24T09:30:00.
        let time: String = header.sealed_at.to_string().chars().take(19).collect();
        table.add_row([
            seq.to_string(),
            time.replace('T', " "),
            header.kind.to_string(),
            short(header.trace_id, 10),
            summary(&receipt),
        ]);
    }
    if output.json {
        output.json(&values)?;
    } else {
        output.print_table(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The places that were asked for, in the order in which they are shown.
fn seqs(args: &Log, directory: &LogDirectory, log: &LogName) -> anyhow::Result<Vec<u64>> {
    let size = directory.head(log)?.size();
    let kind = args.kind.as_deref().map(kind).transpose()?;
    let from = args.since.as_deref().map(time).transpose()?;
    let to = args.until.as_deref().map(time).transpose()?;
    let mut queries = Vec::new();
    queries.extend(args.trace.clone().map(Query::Trace));
    queries.extend(args.session.clone().map(Query::Session));
    queries.extend(kind.map(Query::Kind));
    if from.is_some() || to.is_some() {
        let before = to.map_or(Timestamp::MAX, |to| {
            Timestamp::from_micros(to.as_micros().saturating_sub(1))
        });
        let from = from.unwrap_or(Timestamp::from_micros(0));
        queries.push(Query::Time { from, to: before });
    }
    let limit = args.limit;
    if queries.is_empty() {
        let count = u64::try_from(limit).unwrap_or(u64::MAX).min(size);
        return Ok(match args.reverse {
            true => (0..count).collect(),
            false => (size - count..size).rev().collect(),
        });
    }
    let mut found: Option<Vec<u64>> = None;
    for query in &queries {
        let seqs = directory.store().find(log, query, None, usize::MAX)?;
        found = Some(match found {
            None => seqs,
            Some(before) => before
                .into_iter()
                .filter(|seq| seqs.binary_search(seq).is_ok())
                .collect(),
        });
    }
    let mut seqs = found.unwrap_or_default();
    if !args.reverse {
        seqs.reverse();
    }
    seqs.truncate(limit);
    Ok(seqs)
}

/// A few words on what a receipt says.
fn summary(receipt: &UnverifiedReceipt<'_>) -> String {
    const WIDTH: usize = 28;
    let said = receipt.said();
    let text = match said.kind {
        Kind::DECISION => Decision::decode_said(&said).map(|decision| {
            let fired = decision.checks.iter().filter(|check| check.fired).count();
            let checks = if fired > 0 {
                format!(", {fired} checks fired")
            } else {
                String::new()
            };
            format!("{} {}{checks}", decision.action.name(), &*decision.model)
        }),
        Kind::TOOL_INTENT => ToolIntent::decode(receipt).map(|intent| intent.tool.to_string()),
        Kind::TOOL_OUTCOME => {
            ToolOutcome::decode_said(&said).map(|outcome| outcome.tool.to_string())
        }
        Kind::IMPORTED => Imported::decode(receipt).map(|imported| match imported.record {
            ImportedRecord::Source(source) => format!("source {}", &*source.name),
            ImportedRecord::Item(item) => format!("imported {}", &*item.id),
        }),
        Kind::CONTRACT_ACTIVATION => ContractActivation::decode(receipt)
            .map(|contract| format!("{} {}", &*contract.name, &*contract.version)),
        Kind::CONTRACT_STATE => ContractState::decode(receipt).map(|state| {
            let broken = [&state.preconditions, &state.hard, &state.soft];
            let names = broken.iter().flat_map(|names| names.iter());
            let names: Vec<&str> = names.map(|name| &**name).collect();
            match names.is_empty() {
                true => "compliant".into(),
                false => format!("breaks {}", names.join(", ")),
            }
        }),
        Kind::INCIDENT => Incident::decode(receipt).map(|incident| match incident.class {
            IncidentClass::Unclassified => incident.stage.to_string(),
            class => format!("{}, {class}", incident.stage),
        }),
        _ => return short(receipt.header().actor_id, WIDTH),
    };
    let text = text.unwrap_or_else(|error| error.to_string());
    match said.imported {
        true => short(&format!("imported: {text}"), WIDTH),
        false => short(&text, WIDTH),
    }
}
