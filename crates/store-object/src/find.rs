//! Look-ups: which receipts a query finds.

use crate::filter::Mark;
use crate::root::{Entry, kind_bit};
use crate::segment::{Segment, stored};
use crate::store::ObjectStore;
use crate::tree::Go;
use ai_audit_core::Header;
use ai_audit_store::{LogName, Query, StoreError};

impl ObjectStore {
    /// The places that a query finds, ascending, behind `after`.
    pub(crate) fn find_places(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let Some(start) = after.map_or(Some(0), |after| after.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let mark = match query {
            Query::Id(id) => Some(Mark::id(id)),
            Query::Trace(name) => Some(Mark::trace(name)),
            Query::Session(name) => Some(Mark::session(name)),
            _ => None,
        };
        if limit == 0
            || matches!(query, Query::Trace(name) | Query::Session(name) if name.is_empty())
        {
            return Ok(Vec::new());
        }
        let wanted = |entry: &Entry| match query {
            Query::Time { from, to } => {
                entry.last_time >= from.as_micros() && entry.first_time <= to.as_micros()
            }
            Query::Kind(kind) => entry.kinds & kind_bit(kind.number()) != 0,
            _ => true,
        };
        self.reading(|root| {
            let mut found = Vec::new();
            let Some(state) = root.logs.get(log) else {
                return Ok(found);
            };
            self.walk(log, state, start, &wanted, mark, &mut |entry| {
                let segment = self.segment(log, entry)?;
                in_segment(log, &segment, query, start, limit, &mut found)?;
                Ok(match found.len() >= limit {
                    true => Go::Stop,
                    false => Go::On,
                })
            })?;
            Ok(found)
        })
    }
}

fn in_segment(
    log: &LogName,
    segment: &Segment,
    query: &Query,
    start: u64,
    limit: usize,
    found: &mut Vec<u64>,
) -> Result<(), StoreError> {
    let receipts = segment.rows.iter().zip(&segment.sealed).zip(segment.from..);
    for ((row, sealed), seq) in receipts.filter(|(_, seq)| *seq >= start) {
        let named = |of: fn(&Header<'_>) -> String, name: &str| {
            if sealed.is_empty() {
                return Ok(false);
            }
            Ok::<_, StoreError>(of(stored(log, seq, sealed)?.header()) == name)
        };
        let fits = match query {
            Query::Id(id) => row.id == *id,
            Query::Time { from, to } => (*from..=*to).contains(&row.sealed_at),
            Query::Kind(kind) => row.kind == kind.number(),
            Query::Trace(name) => named(|header| header.trace_id.into(), name)?,
            Query::Session(name) => named(|header| header.session_id.into(), name)?,
            other => {
                let what = format!("stores in objects cannot look for {other:?}");
                return Err(StoreError::Invalid { what });
            }
        };
        if fits {
            found.push(seq);
            if found.len() >= limit {
                break;
            }
        }
    }
    Ok(())
}
