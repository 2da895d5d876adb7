//! Queries: heads, ranges, look-ups, checkpoints.

use crate::error::{corrupt, sql};
use ai_audit_core::{Head, LeafHash, LogId, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Health, LogName, ReadLimit, StoreError, StoredCheckpoint, StoredContent, StoredReceipt,
};
use core::ops::RangeInclusive;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// A log's row.
pub(crate) struct HeadRow {
    pub(crate) id: i64,
    pub(crate) head: Head,
}

/// SQLite's integers are signed; nothing here reaches 2^63.
pub(crate) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Invalid {
        what: format!("{value}: SQLite stores keep numbers below 2^63"),
    })
}

pub(crate) fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| corrupt(format!("a number is negative: {value}")))
}

pub(crate) fn bytes32(value: &[u8]) -> Result<[u8; 32], StoreError> {
    value
        .try_into()
        .map_err(|_| corrupt(format!("a hash has {} bytes", value.len())))
}

pub(crate) fn head(connection: &Connection, log: &LogName) -> Result<Option<HeadRow>, StoreError> {
    let failed = sql("reading a head");
    let row = connection
        .prepare_cached("SELECT id, log_id, size, hash, sealed_at FROM logs WHERE name = ?")
        .map_err(&failed)?
        .query_row([log.as_str()], |row: &Row<'_>| {
            let log_id: Vec<u8> = row.get(1)?;
            let hash: Vec<u8> = row.get(3)?;
            Ok((
                row.get::<_, i64>(0)?,
                log_id,
                row.get::<_, i64>(2)?,
                hash,
                row.get::<_, i64>(4)?,
            ))
        })
        .optional()
        .map_err(&failed)?;
    let Some((id, log_id, size, hash, sealed_at)) = row else {
        return Ok(None);
    };
    let head = Head::from_parts(
        LogId::from_bytes(bytes32(&log_id)?),
        unsigned(size)?,
        LeafHash::from_bytes(bytes32(&hash)?),
        Timestamp::from_micros(unsigned(sealed_at)?),
    );
    Ok(Some(HeadRow { id, head }))
}

pub(crate) fn logs(connection: &Connection) -> Result<Vec<LogName>, StoreError> {
    let failed = sql("listing logs");
    let mut select = connection
        .prepare_cached("SELECT name FROM logs ORDER BY name")
        .map_err(&failed)?;
    let names = select
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(&failed)?;
    names
        .map(|name| {
            LogName::new(&name.map_err(&failed)?).map_err(|error| corrupt(error.to_string()))
        })
        .collect()
}

pub(crate) fn receipts(
    connection: &Connection,
    log: i64,
    from: u64,
    limit: ReadLimit,
) -> Result<Vec<StoredReceipt>, StoreError> {
    let failed = sql("reading receipts");
    let Ok(from) = i64::try_from(from) else {
        return Ok(Vec::new());
    };
    let mut select = connection
        .prepare_cached(
            "SELECT seq, sealed, hash FROM receipts WHERE log = ? AND seq >= ? ORDER BY seq LIMIT ?",
        )
        .map_err(&failed)?;
    let count = i64::try_from(limit.receipts).unwrap_or(i64::MAX);
    let mut rows = select.query(params![log, from, count]).map_err(&failed)?;
    let (mut out, mut bytes, mut expected) = (Vec::new(), 0, unsigned(from)?);
    while let Some(row) = rows.next().map_err(&failed)? {
        let seq = unsigned(row.get(0).map_err(&failed)?)?;
        let sealed: Vec<u8> = row.get(1).map_err(&failed)?;
        if seq != expected {
            return Err(corrupt(format!(
                "receipt {expected} is missing, receipt {seq} is there"
            )));
        }
        expected += 1;
        bytes += sealed.len();
        if bytes > limit.bytes && !out.is_empty() {
            break;
        }
        let content = if sealed.is_empty() {
            let hash: Vec<u8> = row.get(2).map_err(&failed)?;
            StoredContent::Deleted(LeafHash::from_bytes(bytes32(&hash)?))
        } else {
            StoredContent::Sealed(sealed)
        };
        out.push(StoredReceipt { seq, content });
    }
    Ok(out)
}

pub(crate) fn checkpoints(
    connection: &Connection,
    log: i64,
    last_only: bool,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    let failed = sql("reading checkpoints");
    let text = match last_only {
        true => "SELECT size, note FROM checkpoints WHERE log = ? ORDER BY size DESC LIMIT 1",
        false => "SELECT size, note FROM checkpoints WHERE log = ? ORDER BY size",
    };
    let mut select = connection.prepare_cached(text).map_err(&failed)?;
    let rows = select.query_map([log], size_and_note).map_err(&failed)?;
    rows.map(|row| checkpoint(row.map_err(&failed)?)).collect()
}

/// Those whose size is in a range.
pub(crate) fn checkpoints_in(
    connection: &Connection,
    log: i64,
    sizes: &RangeInclusive<u64>,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    let failed = sql("reading checkpoints");
    // No log is as long as that.
    let bound = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    let (low, high) = (bound(*sizes.start()), bound(*sizes.end()));
    let text =
        "SELECT size, note FROM checkpoints WHERE log = ? AND size BETWEEN ? AND ? ORDER BY size";
    let mut select = connection.prepare_cached(text).map_err(&failed)?;
    let rows = select
        .query_map([log, low, high], size_and_note)
        .map_err(&failed)?;
    rows.map(|row| checkpoint(row.map_err(&failed)?)).collect()
}

fn size_and_note(row: &Row<'_>) -> rusqlite::Result<(i64, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn checkpoint((size, note): (i64, String)) -> Result<StoredCheckpoint, StoreError> {
    Ok(StoredCheckpoint {
        size: TreeSize::new(unsigned(size)?),
        note,
    })
}

pub(crate) fn health(connection: &Connection, writable: bool) -> Result<Health, StoreError> {
    let failed = sql("asking for the database's health");
    let one = |text: &str| {
        let value: i64 = connection
            .query_row(text, [], |row| row.get(0))
            .map_err(&failed)?;
        unsigned(value)
    };
    let mut health = Health::new("sqlite");
    health.durable = true;
    health.writable = writable;
    health.logs = one("SELECT count(*) FROM logs")?;
    health.receipts = one("SELECT coalesce(sum(size), 0) FROM logs")?;
    health.bytes =
        one("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")?;
    Ok(health)
}
