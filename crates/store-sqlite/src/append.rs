//! Appending: compare the heads, insert receipts and nodes, all in one transaction.

use crate::error::{corrupt, sql};
use crate::nodes::{Nodes, is_kept, stored_level};
use crate::read::{HeadRow, head, number};
use crate::{ciphertexts, names};
use ai_audit_core::{Head, UnverifiedReceipt};
use ai_audit_merkle::{Frontier, Tiled, TreeSize, frontier};
use ai_audit_store::{Batch, LogName, ParsedBatch, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::collections::HashMap;

/// Frontiers of the logs as they were after the last commit of this connection.
pub(crate) type Frontiers = HashMap<LogName, Frontier>;

pub(crate) fn append(
    connection: &mut Connection,
    frontiers: &mut Frontiers,
    batches: &[Batch<'_>],
) -> Result<(), StoreError> {
    let parsed = ParsedBatch::all(batches)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sql("beginning to append"))?;
    let mut advanced = Vec::with_capacity(batches.len());
    for ParsedBatch {
        batch,
        receipts,
        after,
    } in &parsed
    {
        let row = head(&transaction, batch.log)?;
        let found = row.as_ref().map_or(Head::EMPTY, |row| row.head);
        if found != *batch.expected {
            return Err(StoreError::HeadMoved {
                log: batch.log.clone(),
                expected: Box::new(*batch.expected),
                found: Box::new(found),
            });
        }
        if receipts.is_empty() {
            continue;
        }
        let grown = extend(&transaction, frontiers, batch, receipts, row, after)?;
        advanced.push((batch.log.clone(), grown));
    }
    transaction.commit().map_err(sql("committing"))?;
    frontiers.extend(advanced);
    Ok(())
}

/// Inserts what is new of one log, and gives its frontier.
fn extend(
    transaction: &Transaction<'_>,
    frontiers: &Frontiers,
    batch: &Batch<'_>,
    receipts: &[UnverifiedReceipt<'_>],
    row: Option<HeadRow>,
    after: &Head,
) -> Result<Frontier, StoreError> {
    let failed = sql("appending");
    let log = match &row {
        Some(row) => row.id,
        None => {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO logs (name, log_id, size, hash, sealed_at) VALUES (?, x'', 0, x'', 0)",
                )
                .map_err(&failed)?;
            insert.insert([batch.log.as_str()]).map_err(&failed)?
        }
    };
    let mut frontier = match frontiers.get(batch.log) {
        Some(known) if known.size().as_u64() == batch.expected.size() => known.clone(),
        _ => recover(transaction, log, batch)?,
    };
    let mut insert = transaction
        .prepare_cached(
            "INSERT INTO receipts (log, seq, sealed, hash, id, sealed_at, kind, trace_id, session_id)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .map_err(&failed)?;
    let mut node = transaction
        .prepare_cached("INSERT INTO nodes (log, level, place, hash) VALUES (?, ?, ?, ?)")
        .map_err(&failed)?;
    for (receipt, sealed) in receipts.iter().zip(batch.receipts) {
        let header = receipt.header();
        insert
            .execute(params![
                log,
                number(header.seq)?,
                sealed.as_bytes(),
                receipt.hash().as_bytes(),
                header.id.as_bytes(),
                number(header.sealed_at.as_micros())?,
                header.kind.number(),
                named(header.trace_id),
                named(header.session_id),
            ])
            .map_err(&failed)?;
        ciphertexts::insert(transaction, log, header.seq, sealed.ciphertexts())?;
        let mut nodes = Vec::new();
        frontier
            .push_with(receipt.hash(), |level, place, hash| {
                if is_kept(level) {
                    nodes.push((stored_level(level), place, hash));
                }
            })
            .map_err(|error| corrupt(error.to_string()))?;
        for (level, place, hash) in nodes {
            node.execute(params![log, level, number(place)?, hash.as_bytes()])
                .map_err(&failed)?;
        }
    }
    transaction
        .prepare_cached(
            "UPDATE logs SET log_id = ?, size = ?, hash = ?, sealed_at = ? WHERE id = ?",
        )
        .map_err(&failed)?
        .execute(params![
            after.log_id().as_bytes(),
            number(after.size())?,
            after.hash().as_bytes(),
            number(after.sealed_at().as_micros())?,
            log,
        ])
        .map_err(&failed)?;
    names::complete(transaction, log, batch.expected.size(), after.size())?;
    Ok(frontier)
}

/// What there is to find a receipt by; no entry in the index where there is nothing.
pub(crate) fn named(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The frontier of a log out of its stored nodes.
fn recover(
    transaction: &Transaction<'_>,
    log: i64,
    batch: &Batch<'_>,
) -> Result<Frontier, StoreError> {
    let mut nodes = Tiled::new(Nodes {
        connection: transaction,
        log,
    });
    let size = TreeSize::new(batch.expected.size());
    frontier(&mut nodes, size)
        .map_err(|error| corrupt(format!("the tree of log {}: {error}", batch.log)))
}
