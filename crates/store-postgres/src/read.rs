//! Queries: heads, ranges, health.

use crate::client::Client;
use crate::error::{Answer, corrupt, invalid};
use ai_audit_core::{Head, LeafHash, LogId, Timestamp};
use ai_audit_store::{Health, LogName, ReadLimit, StoreError, StoredContent, StoredReceipt};
use std::borrow::Cow;

/// A log's number in the tables, and where it ends.
pub(crate) struct HeadRow {
    pub(crate) id: i64,
    pub(crate) head: Head,
}

/// The database's integers are signed; nothing here reaches 2^63.
pub(crate) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| {
        invalid(format!(
            "{value}: PostgreSQL stores keep numbers below 2^63"
        ))
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

/// A limit as the database takes it.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A name as the tables have it: PostgreSQL's texts cannot hold U+0000, so it is written as two
/// characters, and so is the first of these.
pub(crate) fn kept(name: &str) -> Cow<'_, str> {
    if name.contains(['\0', '\u{1}']) {
        Cow::Owned(name.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"))
    } else {
        Cow::Borrowed(name)
    }
}

pub(crate) fn head(client: &mut Client, log: &LogName) -> Answer<Option<HeadRow>> {
    let rows = client.rows(
        "SELECT logs.id, logs.log_id, last.seq, last.hash, last.sealed_at
         FROM logs LEFT JOIN LATERAL (
             SELECT seq, hash, sealed_at FROM receipts WHERE log = logs.id ORDER BY seq DESC LIMIT 1
         ) last ON true
         WHERE logs.name = $1",
        &[&log.as_str()],
    )?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let Some(last) = row.try_get::<_, Option<i64>>(2)? else {
        return Err(corrupt(format!("log {log} has no receipts")).into());
    };
    let size = unsigned(last)?.saturating_add(1);
    let head = Head::from_parts(
        LogId::from_bytes(bytes32(row.try_get(1)?)?),
        size,
        LeafHash::from_bytes(bytes32(row.try_get(3)?)?),
        Timestamp::from_micros(unsigned(row.try_get(4)?)?),
    );
    Ok(Some(HeadRow {
        id: row.try_get(0)?,
        head,
    }))
}

/// A log's number in the tables.
pub(crate) fn log(client: &mut Client, log: &LogName) -> Answer<Option<i64>> {
    let rows = client.rows("SELECT id FROM logs WHERE name = $1", &[&log.as_str()])?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}

pub(crate) fn logs(client: &mut Client) -> Answer<Vec<LogName>> {
    let rows = client.rows("SELECT name FROM logs ORDER BY name", &[])?;
    rows.iter()
        .map(|row| {
            let name: &str = row.try_get(0)?;
            Ok(LogName::new(name).map_err(|error| corrupt(error.to_string()))?)
        })
        .collect()
}

pub(crate) fn receipts(
    client: &mut Client,
    log: i64,
    from: u64,
    limit: ReadLimit,
) -> Answer<Vec<StoredReceipt>> {
    let Ok(first) = i64::try_from(from) else {
        return Ok(Vec::new());
    };
    // The database counts the bytes, so that no more are sent than are taken.
    let rows = client.rows(
        "SELECT seq, sealed, hash FROM (
             SELECT seq, sealed, hash,
                    sum(coalesce(octet_length(sealed), 0)) OVER (ORDER BY seq) AS total
             FROM (SELECT seq, sealed, hash FROM receipts
                   WHERE log = $1 AND seq >= $2 ORDER BY seq LIMIT $3) few
         ) counted
         WHERE total <= $4 OR seq = $2 ORDER BY seq",
        &[&log, &first, &most(limit.receipts), &most(limit.bytes)],
    )?;
    let mut out = Vec::with_capacity(rows.len());
    for (row, expected) in rows.iter().zip(from..) {
        let seq = unsigned(row.try_get(0)?)?;
        if seq != expected {
            let what = format!("receipt {expected} is missing, receipt {seq} is there");
            return Err(corrupt(what).into());
        }
        let content = match row.try_get::<_, Option<&[u8]>>(1)? {
            Some(sealed) => StoredContent::Sealed(sealed.to_vec()),
            None => StoredContent::Deleted(LeafHash::from_bytes(bytes32(row.try_get(2)?)?)),
        };
        out.push(StoredReceipt { seq, content });
    }
    Ok(out)
}

pub(crate) fn health(client: &mut Client, writable: bool) -> Answer<Health> {
    let row = client.row(
        "SELECT count(*), coalesce(sum(last.seq + 1), 0)::bigint,
                (SELECT coalesce(sum(pg_total_relation_size(t.oid)), 0)::bigint FROM pg_class t
                 WHERE t.relkind = 'r' AND t.relnamespace = (
                     SELECT relnamespace FROM pg_class WHERE oid = 'receipts'::regclass))
         FROM logs LEFT JOIN LATERAL (
             SELECT seq FROM receipts WHERE log = logs.id ORDER BY seq DESC LIMIT 1
         ) last ON true",
        &[],
    )?;
    let mut health = Health::new("postgres");
    health.durable = true;
    health.writable = writable;
    health.logs = unsigned(row.try_get(0)?)?;
    health.receipts = unsigned(row.try_get(1)?)?;
    health.bytes = unsigned(row.try_get(2)?)?;
    Ok(health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_one_that_no_other_is_kept_as() {
        let names = ["", "a", "\0", "\u{1}", "\u{1}0", "\u{1}1", "\0\u{1}", "0\0"];
        let kept: std::collections::HashSet<_> = names.map(kept).into_iter().collect();
        assert_eq!(kept.len(), names.len());
        assert!(kept.iter().all(|name| !name.contains('\0')));
    }
}
