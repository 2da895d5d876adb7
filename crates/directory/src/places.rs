//! Where the receipts of a selection stand, by the look-ups of the store.

use crate::deleted::deletions;
use ai_audit_core::{Kind, Timestamp};
use ai_audit_export::{Places, Selection};
use ai_audit_store::{LogName, Query, Store, StoreError};
use std::ops::Range;

/// The most receipts of a trace or session that are looked up. Where there are more, the whole log is
/// read, which keeps nothing in memory for each of them.
const MAX_FOUND: usize = 1 << 16;

/// Where a package of a selection out of the first `size` receipts finds what it needs; none where the
/// whole log has to be read.
pub(crate) fn places(
    store: &dyn Store,
    log: &LogName,
    selection: &Selection,
    size: u64,
) -> Result<Option<Places>, StoreError> {
    let selected = match selection {
        Selection::All => None,
        Selection::Range { from, to } => Some(one(*from..to.saturating_add(1))),
        Selection::Time { from, to } => {
            let (first, end) = (first_at(store, log, *from)?, first_at(store, log, *to)?);
            Some(one(first..end))
        }
        // Receipts without a name are not found by the empty one.
        Selection::Trace(name) | Selection::Session(name) if name.is_empty() => None,
        Selection::Trace(name) => found(store, log, &Query::Trace(name.clone()))?,
        Selection::Session(name) => found(store, log, &Query::Session(name.clone()))?,
    };
    let Some(selected) = selected else {
        return Ok(None);
    };
    let deleted = match selection {
        // What is deleted there is found by its place.
        Selection::Range { .. } => 0,
        _ => deletions(store, log, size)?.values().sum(),
    };
    let selected = joined(selected, size);
    let mut all = seals_behind(store, log, &selected)?;
    all.extend(control_receipts(store, log)?);
    let mut all: Vec<_> = all.into_iter().map(|seq| seq..seq + 1).collect();
    all.extend(selected);
    Ok(Some(Places {
        ranges: joined(all, size),
        deleted,
    }))
}

fn one(range: Range<u64>) -> Vec<Range<u64>> {
    std::iter::once(range).collect()
}

/// The receipts that a query finds, unless there are too many.
fn found(
    store: &dyn Store,
    log: &LogName,
    query: &Query,
) -> Result<Option<Vec<Range<u64>>>, StoreError> {
    let found = store.find(log, query, None, MAX_FOUND + 1)?;
    if found.len() > MAX_FOUND {
        return Ok(None);
    }
    Ok(Some(found.into_iter().map(|seq| seq..seq + 1).collect()))
}

/// The first receipt that was sealed at this time or later; where there is none, the one behind the last.
/// Times never run backwards in a log.
fn first_at(store: &dyn Store, log: &LogName, time: Timestamp) -> Result<u64, StoreError> {
    let Some(head) = store.head(log)? else {
        return Ok(0);
    };
    if time > head.sealed_at() {
        return Ok(head.size());
    }
    let query = Query::Time {
        from: time,
        to: head.sealed_at(),
    };
    let first = store.find(log, &query, None, 1)?;
    Ok(first.first().copied().unwrap_or(head.size()))
}

/// The batch seals behind ranges, which sign for the last receipts of them where those are batched.
fn seals_behind(
    store: &dyn Store,
    log: &LogName,
    ranges: &[Range<u64>],
) -> Result<Vec<u64>, StoreError> {
    let mut seals: Vec<u64> = Vec::new();
    for last in ranges.iter().filter_map(|range| range.end.checked_sub(1)) {
        // The seal behind an earlier one is also the next one behind this.
        if seals.last().is_some_and(|seal| *seal > last) {
            continue;
        }
        match store
            .find(log, &Query::Kind(Kind::BATCH_SEAL), Some(last), 1)?
            .first()
        {
            Some(seal) => seals.push(*seal),
            None => break,
        }
    }
    Ok(seals)
}

/// The places of a log's control receipts.
fn control_receipts(store: &dyn Store, log: &LogName) -> Result<Vec<u64>, StoreError> {
    let mut all = Vec::new();
    let kinds = (0..=u16::MAX)
        .map(Kind::new)
        .filter(|kind| kind.is_control());
    for kind in kinds {
        all.extend(store.find(log, &Query::Kind(kind), None, usize::MAX)?);
    }
    Ok(all)
}

/// The same receipts below `size` in ranges that ascend and do not touch, so that neighbours are read in
/// one go.
fn joined(mut ranges: Vec<Range<u64>>, size: u64) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        let range = range.start..range.end.min(size);
        if range.is_empty() {
            continue;
        }
        match joined.last_mut() {
            Some(before) if range.start <= before.end => before.end = before.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_where_they_touch_and_end_with_the_log() {
        let joined = |ranges: &[(u64, u64)], size| -> Vec<(u64, u64)> {
            let ranges = ranges.iter().map(|(from, end)| *from..*end).collect();
            let joined = joined(ranges, size).into_iter();
            joined.map(|range| (range.start, range.end)).collect()
        };
        assert!(joined(&[], 9).is_empty());
        assert_eq!(
            joined(&[(7, 8), (0, 1), (1, 3), (2, 6)], 9),
            [(0, 6), (7, 8)]
        );
        assert_eq!(joined(&[(4, 90), (9, 10), (3, 3)], 9), [(4, 9)]);
        assert_eq!(joined(&[(5, 2), (1, 2)], 9), [(1, 2)]);
    }
}
