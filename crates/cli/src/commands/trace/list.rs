//! `ai-audit trace list`

use super::load::{Passed, pass};
use crate::cli::ListTraces;
use crate::open::{directory, log_name};
use crate::output::{Output, short};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// A trace of a log.
#[derive(Debug, Serialize)]
struct Listed {
    trace: String,
    receipts: u64,
    first: u64,
    last: u64,
    last_sealed_at: String,
}

pub(crate) fn run(args: &ListTraces, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let mut traces: BTreeMap<String, Listed> = BTreeMap::new();
    pass(&directory, &log, |passed| {
        let Passed::Receipt(receipt) = passed else {
            return Ok(());
        };
        let header = receipt.header();
        if header.trace_id.is_empty() {
            return Ok(());
        }
        if !traces.contains_key(header.trace_id) {
            let listed = Listed {
                trace: header.trace_id.to_owned(),
                receipts: 0,
                first: header.seq,
                last: header.seq,
                last_sealed_at: String::new(),
            };
            traces.insert(header.trace_id.to_owned(), listed);
        }
        if let Some(listed) = traces.get_mut(header.trace_id) {
            listed.receipts += 1;
            listed.last = header.seq;
            listed.last_sealed_at = header.sealed_at.to_string();
        }
        Ok(())
    })?;
    let total = traces.len();
    let mut listed: Vec<Listed> = traces.into_values().collect();
    listed.sort_by_key(|trace| std::cmp::Reverse(trace.last));
    listed.truncate(args.limit);
    if output.json {
        output.json(&listed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output.table(["TRACE", "RECEIPTS", "FIRST", "LAST", "LAST SEALED AT"]);
    for trace in &listed {
        // Seconds are enough for a list.
        let time: String = trace.last_sealed_at.chars().take(19).collect();
        table.add_row([
            short(&trace.trace, 34),
            trace.receipts.to_string(),
            trace.first.to_string(),
            trace.last.to_string(),
            time.replace('T', " "),
        ]);
    }
    output.print_table(&table)?;
    if listed.len() < total {
        output.note(format!("{} of {total} traces; -n shows more", listed.len()))?;
    }
    Ok(ExitCode::SUCCESS)
}
