//! What receipts are found by beside their ids: traces and sessions, in runs.
//!
//! An index over all traces of a log is written wherever a trace of the commit happens to stand in it: a
//! page of 4 KiB for nearly every receipt, in the journal and again in the file. So traces and sessions are
//! indexed later, all those of [`RUN`] receipts together and by themselves: each such *run* is written in
//! one go, one page behind the other. Whoever looks for a name asks each run, some microseconds apiece, and
//! the receipts behind the last one.
//!
//! A run has no names, but the first eight bytes of a name's SHA-256: what they find is held against the
//! receipts' rows, and they go when the receipts' bytes do.

use crate::error::sql;
use crate::read::{number, unsigned};
use crate::schema::{CREATE_NAMES, NAMES, raise};
use ai_audit_core::Digest;
use ai_audit_store::StoreError;
use core::ops::RangeInclusive;
use rusqlite::{Connection, Transaction, params};

/// Receipts of a run.
const RUN: u64 = 1024;

/// Which name of a receipt.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    Trace,
    Session,
}

impl Field {
    const fn column(self) -> &'static str {
        match self {
            Self::Trace => "trace_id",
            Self::Session => "session_id",
        }
    }

    /// `buf` is emptied first: one for many names.
    fn mark(self, name: &str, buf: &mut Vec<u8>) -> i64 {
        buf.clear();
        buf.extend_from_slice(self.column().as_bytes());
        buf.push(b':');
        buf.extend_from_slice(name.as_bytes());
        let digest = Digest::of(buf);
        let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Whether the file has runs. An older one has indexes instead, until it is compacted.
pub(crate) fn are_kept(connection: &Connection) -> Result<bool, StoreError> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'names'")
        .and_then(|mut select| select.exists([]))
        .map_err(sql("looking for the table of names"))
}

/// Writes the runs that a log completed by growing from one size to another.
pub(crate) fn complete(
    transaction: &Transaction<'_>,
    log: i64,
    from: u64,
    to: u64,
) -> Result<(), StoreError> {
    let runs = from / RUN..to / RUN;
    if runs.is_empty() || !are_kept(transaction)? {
        return Ok(());
    }
    let failed = sql("indexing names");
    let mut select = transaction
        .prepare_cached(
            "SELECT seq, trace_id, session_id FROM receipts WHERE log = ? AND seq >= ? AND seq < ?",
        )
        .map_err(&failed)?;
    let mut insert = transaction
        .prepare_cached("INSERT INTO names (log, run, mark, seq) VALUES (?, ?, ?, ?)")
        .map_err(&failed)?;
    let (mut buf, mut entries) = (Vec::new(), Vec::new());
    for run in runs {
        entries.clear();
        let range = params![log, number(run * RUN)?, number((run + 1) * RUN)?];
        let mut rows = select.query(range).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let seq: i64 = row.get(0).map_err(&failed)?;
            for (column, field) in [(1, Field::Trace), (2, Field::Session)] {
                let name = row
                    .get_ref(column)
                    .and_then(|name| Ok(name.as_str_or_null()?));
                if let Some(name) = name.map_err(&failed)? {
                    entries.push((field.mark(name, &mut buf), seq));
                }
            }
        }
        // In the order of the table, so that its pages are written one after the other.
        entries.sort_unstable();
        entries.dedup();
        let run = number(run)?;
        for (mark, seq) in &entries {
            insert.execute([log, run, *mark, *seq]).map_err(&failed)?;
        }
    }
    Ok(())
}

/// The receipts with a name, ascending, from `start` on.
pub(crate) fn find(
    connection: &Connection,
    log: i64,
    (field, name): (Field, &str),
    start: u64,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let failed = sql("looking for receipts");
    let size: i64 = connection
        .prepare_cached("SELECT size FROM logs WHERE id = ?")
        .and_then(|mut select| select.query_row([log], |row| row.get(0)))
        .map_err(&failed)?;
    let (runs, column) = (unsigned(size)? / RUN, field.column());
    let mut found = Vec::new();
    let room = |found: &Vec<u64>| i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
    // The run first, whatever SQLite thinks of it.
    let mut select = connection
        .prepare_cached(&format!(
            "SELECT receipts.seq FROM names CROSS JOIN receipts
             ON receipts.log = names.log AND receipts.seq = names.seq
             WHERE names.log = ? AND names.run = ? AND names.mark = ? AND names.seq >= ?
             AND receipts.{column} = ? ORDER BY names.seq LIMIT ?"
        ))
        .map_err(&failed)?;
    let mark = field.mark(name, &mut Vec::new());
    for run in start / RUN..runs {
        let values = params![log, number(run)?, mark, number(start)?, name, room(&found)];
        let mut rows = select.query(values).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            found.push(unsigned(row.get(0).map_err(&failed)?)?);
        }
        if found.len() >= limit {
            return Ok(found);
        }
    }
    // Behind the last run.
    let mut select = connection
        .prepare_cached(&format!(
            "SELECT seq FROM receipts WHERE log = ? AND seq >= ? AND {column} = ? ORDER BY seq LIMIT ?"
        ))
        .map_err(&failed)?;
    let start = start.max(runs.saturating_mul(RUN));
    let values = params![log, number(start)?, name, room(&found)];
    let mut rows = select.query(values).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(unsigned(row.get(0).map_err(&failed)?)?);
    }
    Ok(found)
}

/// Forgets the names of receipts in the range whose bytes were deleted.
pub(crate) fn forget(
    transaction: &Transaction<'_>,
    log: i64,
    range: &RangeInclusive<u64>,
) -> Result<(), StoreError> {
    if !are_kept(transaction)? {
        return Ok(());
    }
    let (first, last) = (*range.start(), *range.end());
    let values = [
        log,
        number(first / RUN)?,
        number(last / RUN)?,
        number(first)?,
        number(last)?,
    ];
    transaction
        .execute(
            "DELETE FROM names WHERE log = ?1 AND run >= ?2 AND run <= ?3 AND seq >= ?4 AND seq <= ?5
             AND EXISTS (SELECT 1 FROM receipts WHERE receipts.log = ?1 AND receipts.seq = names.seq
                         AND length(receipts.sealed) = 0)",
            values,
        )
        .map_err(sql("forgetting names"))?;
    Ok(())
}

/// Indexes the names of a receipt that was put back, where its run is complete.
pub(crate) fn restore(
    transaction: &Transaction<'_>,
    log: i64,
    size: u64,
    seq: u64,
    names: [(Field, Option<&str>); 2],
) -> Result<(), StoreError> {
    let run = seq / RUN;
    if run >= size / RUN || !are_kept(transaction)? {
        return Ok(());
    }
    for (field, name) in names {
        if let Some(name) = name {
            let values = [
                log,
                number(run)?,
                field.mark(name, &mut Vec::new()),
                number(seq)?,
            ];
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO names (log, run, mark, seq) VALUES (?, ?, ?, ?)",
                )
                .and_then(|mut insert| insert.execute(values))
                .map_err(sql("indexing names"))?;
        }
    }
    Ok(())
}

/// Makes the runs of a file that has none.
pub(crate) fn make(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let failed = sql("indexing names");
    if are_kept(transaction)? {
        return Ok(());
    }
    transaction.execute_batch(CREATE_NAMES).map_err(&failed)?;
    let logs = {
        let mut select = transaction
            .prepare("SELECT id, size FROM logs")
            .map_err(&failed)?;
        let rows = select
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .map_err(&failed)?;
        rows.collect::<Result<Vec<_>, _>>().map_err(&failed)?
    };
    for (log, size) in logs {
        complete(transaction, log, 0, unsigned(size)?)?;
    }
    raise(transaction, NAMES).map_err(&failed)
}
