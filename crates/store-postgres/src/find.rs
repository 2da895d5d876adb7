//! Look-ups: which receipts a query finds.

use crate::client::Client;
use crate::error::{Answer, corrupt, invalid};
use crate::read::{kept, most, number, unsigned};
use ai_audit_core::{Kind, Timestamp};
use ai_audit_store::Query;
use tokio_postgres::Row;

/// The places that a query finds, ascending, behind `after`.
pub(crate) fn find(
    client: &mut Client,
    log: i64,
    query: &Query,
    after: Option<u64>,
    limit: usize,
) -> Answer<Vec<u64>> {
    let behind = match after.map(i64::try_from) {
        None => -1,
        Some(Ok(after)) => after,
        Some(Err(_)) => return Ok(Vec::new()),
    };
    let limit = most(limit);
    let rows = match query {
        Query::Id(id) => client.rows(
            "SELECT seq FROM receipts WHERE log = $1 AND id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
            &[&log, &id.as_bytes().as_slice(), &behind, &limit],
        )?,
        // The condition of the index, then what it stands for: names may share a hash.
        Query::Trace(trace) if !trace.is_empty() => client.rows(
            "SELECT seq FROM receipts
             WHERE log = $1 AND hashtextextended(trace_id, 0) = hashtextextended($2, 0)
             AND trace_id = $2 AND trace_id IS NOT NULL AND seq > $3 ORDER BY seq LIMIT $4",
            &[&log, &kept(trace), &behind, &limit],
        )?,
        Query::Session(session) if !session.is_empty() => client.rows(
            "SELECT seq FROM receipts
             WHERE log = $1 AND hashtextextended(session_id, 0) = hashtextextended($2, 0)
             AND session_id = $2 AND session_id IS NOT NULL AND seq > $3 ORDER BY seq LIMIT $4",
            &[&log, &kept(session), &behind, &limit],
        )?,
        Query::Trace(_) | Query::Session(_) => return Ok(Vec::new()),
        Query::Time { from, to } => return by_time(client, log, *from, *to, behind, limit),
        // Nearly all are decisions: these are looked for one by one. All others have an index.
        Query::Kind(Kind::DECISION) => client.rows(
            "SELECT seq FROM receipts WHERE log = $1 AND kind = 2 AND seq > $2 ORDER BY seq LIMIT $3",
            &[&log, &behind, &limit],
        )?,
        Query::Kind(kind) => client.rows(
            "SELECT seq FROM receipts
             WHERE log = $1 AND kind <> 2 AND kind = $2 AND seq > $3 ORDER BY seq LIMIT $4",
            &[&log, &i32::from(kind.number()), &behind, &limit],
        )?,
        other => return Err(invalid(format!("PostgreSQL stores cannot look for {other:?}")).into()),
    };
    rows.iter().map(place).collect()
}

fn place(row: &Row) -> Answer<u64> {
    Ok(unsigned(row.try_get(0)?)?)
}

/// Those sealed from one time to another. It takes no index: times never run backwards in a log.
fn by_time(
    client: &mut Client,
    log: i64,
    from: Timestamp,
    to: Timestamp,
    behind: i64,
    limit: i64,
) -> Answer<Vec<u64>> {
    let row = client.row(
        "SELECT coalesce(max(seq), -1) FROM receipts WHERE log = $1",
        &[&log],
    )?;
    let size = unsigned(row.try_get::<_, i64>(0)?.saturating_add(1))?;
    let first = first_at(client, log, size, from.as_micros())?;
    let first = first.max(unsigned(behind.saturating_add(1))?);
    let end = match to.as_micros().checked_add(1) {
        Some(end) => first_at(client, log, size, end)?,
        None => size,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok((first..end).take(limit).collect())
}

/// The first receipt, of `size`, that was sealed at this time or later.
fn first_at(client: &mut Client, log: i64, size: u64, micros: u64) -> Answer<u64> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let rows = client.rows(
            "SELECT sealed_at FROM receipts WHERE log = $1 AND seq = $2",
            &[&log, &number(middle)?],
        )?;
        let Some(row) = rows.first() else {
            return Err(corrupt(format!("receipt {middle} is missing")).into());
        };
        if unsigned(row.try_get(0)?)? < micros {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
