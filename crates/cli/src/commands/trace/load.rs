//! Reading traces from a log.

use crate::failure::usage;
use crate::output::short;
use ai_audit_agentic::{Elsewhere, TraceBuilder, TraceGraph};
use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_store::{LogName, Query, StoreReader, StoredContent};
use std::collections::{BTreeMap, BTreeSet};

/// What one step of a pass over a log is.
pub(super) enum Passed<'a> {
    Receipt(&'a UnverifiedReceipt<'a>),
    Deleted(u64, LeafHash),
}

/// Goes through a log.
pub(super) fn pass(
    directory: &LogDirectory,
    log: &LogName,
    mut take: impl FnMut(Passed<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut source = StoreReader::new(directory.store(), log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut seq = 0;
    while let Some(next) = source.read_next(&mut buf)? {
        match next {
            Next::Sealed(len) => take(Passed::Receipt(&UnverifiedReceipt::parse(&buf[..len])?))?,
            Next::Deleted(hash) => take(Passed::Deleted(seq, hash))?,
        }
        seq += 1;
    }
    Ok(())
}

/// The graph of a trace that is named by its id or a beginning of it.
pub(super) fn graph(
    directory: &LogDirectory,
    log: &LogName,
    text: &str,
) -> anyhow::Result<TraceGraph> {
    let find = |id: &str| {
        let query = Query::Trace(id.to_owned());
        directory.store().find(log, &query, None, usize::MAX)
    };
    if text.is_empty() {
        return Err(usage("expected a trace's id"));
    }
    let (mut id, mut seqs) = (text.to_owned(), find(text)?);
    if seqs.is_empty() {
        id = begun(directory, log, text)?;
        seqs = find(&id)?;
    }
    let mut builder = TraceBuilder::new(&id);
    for seq in seqs {
        if let StoredContent::Sealed(sealed) = directory.stored(log, seq)? {
            builder.push(&UnverifiedReceipt::parse(&sealed)?)?;
        }
    }
    let mut graph = builder.finish();
    let missing = graph.missing();
    if !missing.is_empty() {
        graph.resolve(&elsewhere(directory, log, &missing)?);
    }
    Ok(graph)
}

/// The graphs of all traces of a log, by their ids. Parents that are elsewhere stay missing.
pub(super) fn graphs(directory: &LogDirectory, log: &LogName) -> anyhow::Result<Vec<TraceGraph>> {
    let mut builders: BTreeMap<String, TraceBuilder> = BTreeMap::new();
    pass(directory, log, |passed| {
        let Passed::Receipt(receipt) = passed else {
            return Ok(());
        };
        let id = receipt.header().trace_id;
        if id.is_empty() {
            return Ok(());
        }
        if !builders.contains_key(id) {
            builders.insert(id.to_owned(), TraceBuilder::new(id));
        }
        if let Some(builder) = builders.get_mut(id) {
            builder.push(receipt)?;
        }
        Ok(())
    })?;
    Ok(builders.into_values().map(TraceBuilder::finish).collect())
}

/// The one trace whose id begins so.
fn begun(directory: &LogDirectory, log: &LogName, text: &str) -> anyhow::Result<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    pass(directory, log, |passed| {
        if let Passed::Receipt(receipt) = passed {
            let id = receipt.header().trace_id;
            if id.starts_with(text) && found.len() < 3 && !found.contains(id) {
                found.insert(id.to_owned());
            }
        }
        Ok(())
    })?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(one), Some(two)) => Err(usage(format!(
            "{}: several traces begin so, such as {} and {}",
            short(text, 40),
            short(&one, 40),
            short(&two, 40)
        ))),
        _ => Err(usage(format!(
            "log {log} has no trace {}; `ai-audit trace list` shows those that it has",
            short(text, 40)
        ))),
    }
}

/// Where parents are that are no receipts of the trace.
fn elsewhere(
    directory: &LogDirectory,
    log: &LogName,
    missing: &BTreeSet<LeafHash>,
) -> anyhow::Result<BTreeMap<LeafHash, Elsewhere>> {
    let mut found = BTreeMap::new();
    pass(directory, log, |passed| {
        match passed {
            Passed::Receipt(receipt) if missing.contains(&receipt.hash()) => {
                let header = receipt.header();
                let place = Elsewhere::OtherTrace {
                    seq: header.seq,
                    trace_id: header.trace_id.to_owned(),
                };
                found.insert(receipt.hash(), place);
            }
            Passed::Deleted(seq, hash) if missing.contains(&hash) => {
                found.insert(hash, Elsewhere::Deleted { seq });
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}
