//! Look-ups: which receipts a query finds.

use crate::error::{corrupt, sql};
use crate::names::{self, Field};
use crate::read::{number, unsigned};
use ai_audit_core::{Kind, Timestamp};
use ai_audit_store::{Query, StoreError};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

/// The places that a query finds, ascending, behind `after`.
pub(crate) fn find(
    connection: &Connection,
    log: i64,
    query: &Query,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let name = match query {
        Query::Trace(trace) => Some((Field::Trace, trace.as_str())),
        Query::Session(session) => Some((Field::Session, session.as_str())),
        _ => None,
    };
    if let Some(name) = name
        && names::are_kept(connection)?
    {
        let start = after.map_or(0, |after| after.saturating_add(1));
        if i64::try_from(start).is_err() {
            return Ok(Vec::new());
        }
        return names::find(connection, log, name, start, limit);
    }
    let (condition, value): (&str, Box<dyn ToSql>) = match query {
        Query::Id(id) => ("id = ?", Box::new(id.as_bytes().to_vec())),
        // Of a file that has no runs yet.
        Query::Trace(trace) => ("trace_id = ?", Box::new(trace.clone())),
        Query::Session(session) => ("session_id = ?", Box::new(session.clone())),
        Query::Time { from, to } => return by_time(connection, log, *from, *to, after, limit),
        // Nearly all are decisions: these are looked for one by one. All others have an index, which
        // SQLite takes only where the query repeats its condition.
        Query::Kind(Kind::DECISION) => ("kind = ?", Box::new(Kind::DECISION.number())),
        Query::Kind(kind) => ("kind <> 2 AND kind = ?", Box::new(kind.number())),
        other => {
            let what = format!("SQLite stores cannot look for {other:?}");
            return Err(StoreError::Invalid { what });
        }
    };
    let failed = sql("looking for receipts");
    let after = match after.map(i64::try_from) {
        None => -1,
        Some(Ok(after)) => after,
        Some(Err(_)) => return Ok(Vec::new()),
    };
    let mut select = connection
        .prepare_cached(&format!(
            "SELECT seq FROM receipts WHERE log = ? AND {condition} AND seq > ? ORDER BY seq LIMIT ?"
        ))
        .map_err(&failed)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select
        .query_map(params![log, value, after, limit], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(&failed)?;
    rows.map(|seq| unsigned(seq.map_err(&failed)?)).collect()
}

/// Those sealed from one time to another. It takes no index: times never run backwards in a log.
fn by_time(
    connection: &Connection,
    log: i64,
    from: Timestamp,
    to: Timestamp,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let size: i64 = connection
        .prepare_cached("SELECT size FROM logs WHERE id = ?")
        .and_then(|mut select| select.query_row([log], |row| row.get(0)))
        .map_err(sql("looking for receipts"))?;
    let size = unsigned(size)?;
    let start = match after {
        None => 0,
        Some(after) => after.saturating_add(1),
    };
    let first = first_at(connection, log, size, from.as_micros())?.max(start);
    let end = match to.as_micros().checked_add(1) {
        Some(end) => first_at(connection, log, size, end)?,
        None => size,
    };
    Ok((first..end).take(limit).collect())
}

/// The first receipt, of `size`, that was sealed at this time or later.
fn first_at(connection: &Connection, log: i64, size: u64, micros: u64) -> Result<u64, StoreError> {
    let failed = sql("looking for receipts");
    let mut select = connection
        .prepare_cached("SELECT sealed_at FROM receipts WHERE log = ? AND seq = ?")
        .map_err(&failed)?;
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let sealed_at: Option<i64> = select
            .query_row(params![log, number(middle)?], |row| row.get(0))
            .optional()
            .map_err(&failed)?;
        let sealed_at = sealed_at.ok_or_else(|| corrupt(format!("receipt {middle} is missing")))?;
        if unsigned(sealed_at)? < micros {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
