//! Look-ups: which receipts a query finds.

use crate::keys::{Index, LogKeys, RUN};
use crate::read::by_run;
use crate::runs::{Field, mark_of_id, mark_of_name, stored};
use crate::script::find_arguments;
use crate::store::RedisStore;
use ai_audit_core::{Kind, ReceiptId, Timestamp};
use ai_audit_store::{LogName, Query, StoreError};
use core::ops::Range;
use redis::Cmd;

/// Runs that one script looks into: some thousand commands in the server.
const RUNS: u64 = 64;
/// Receipts whose bytes are asked for at once.
const PAGE: usize = 128;

/// What a look-up goes through.
struct Search<'s> {
    store: &'s RedisStore,
    log: &'s LogName,
    keys: LogKeys,
    size: u64,
    start: u64,
    limit: usize,
}

impl RedisStore {
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
        let size = self.read_head(log)?.map_or(0, |head| head.size());
        if start >= size || limit == 0 {
            return Ok(Vec::new());
        }
        let search = Search {
            store: self,
            log,
            keys: self.keys.of(log),
            size,
            start,
            limit,
        };
        match query {
            Query::Id(id) => search.by_id(id),
            Query::Trace(name) => search.by_name(Field::Trace, name),
            Query::Session(name) => search.by_name(Field::Session, name),
            Query::Time { from, to } => search.by_time(*from, *to),
            Query::Kind(Kind::DECISION) => {
                search.by_row(start..size, |kind, _| Kind::new(kind) == Kind::DECISION)
            }
            Query::Kind(kind) => search.by_kind(*kind),
            other => {
                let what = format!("Redis stores cannot look for {other:?}");
                Err(StoreError::Invalid { what })
            }
        }
    }
}

impl Search<'_> {
    fn by_id(&self, id: &ReceiptId) -> Result<Vec<u64>, StoreError> {
        let is_it = |seqs: &[u64], found: &mut Vec<u64>| {
            for seq in seqs {
                let row = self.store.rows(self.log, &self.keys, *seq..*seq + 1)?;
                if row.iter().any(|row| row.id == *id) {
                    found.push(*seq);
                }
            }
            Ok(())
        };
        let mut found = self.indexed(Index::Ids, mark_of_id(id), is_it)?;
        if found.len() < self.limit {
            found.extend(self.by_row(self.rest(), |_, row| row == id)?);
        }
        found.truncate(self.limit);
        Ok(found)
    }

    fn by_name(&self, field: Field, name: &str) -> Result<Vec<u64>, StoreError> {
        if name.is_empty() {
            return Ok(Vec::new());
        }
        let has_it = |seqs: &[u64], found: &mut Vec<u64>| {
            for page in seqs.chunks(PAGE) {
                if found.len() >= self.limit {
                    break;
                }
                self.named(field, name, page, found)?;
            }
            Ok(())
        };
        let mut found = self.indexed(Index::Names, mark_of_name(field, name), has_it)?;
        let mut at = self.rest();
        while at.start < at.end && found.len() < self.limit {
            let page: Vec<u64> = at.by_ref().take(PAGE).collect();
            self.named(field, name, &page, &mut found)?;
        }
        found.truncate(self.limit);
        Ok(found)
    }

    /// Adds those of these receipts that have the name.
    fn named(
        &self,
        field: Field,
        name: &str,
        seqs: &[u64],
        found: &mut Vec<u64>,
    ) -> Result<(), StoreError> {
        let sealed = self.store.sealed_at(self.log, &self.keys, seqs)?;
        for (seq, sealed) in seqs.iter().zip(&sealed) {
            if sealed.is_empty() {
                continue;
            }
            let receipt = stored(self.log, *seq, sealed)?;
            let header = receipt.header();
            let own = match field {
                Field::Trace => header.trace_id,
                Field::Session => header.session_id,
            };
            if own == name {
                found.push(*seq);
            }
        }
        Ok(())
    }

    /// What the indexes of complete runs find, once it was looked at.
    fn indexed(
        &self,
        index: Index,
        mark: [u8; 8],
        mut keep: impl FnMut(&[u64], &mut Vec<u64>) -> Result<(), StoreError>,
    ) -> Result<Vec<u64>, StoreError> {
        let (mut found, mut run) = (Vec::new(), self.start / RUN);
        let end = self.size / RUN;
        while run < end && found.len() < self.limit {
            let runs = run..end.min(run + RUNS);
            run = runs.end;
            let places = self.store.look("looking into an index", |cmd: &mut Cmd| {
                let log = (&self.keys, index);
                find_arguments(cmd, &self.store.keys, log, runs.clone(), mark);
            })?;
            let places: Vec<u64> = places
                .into_iter()
                .filter(|seq| (self.start..self.size).contains(seq))
                .collect();
            keep(&places, &mut found)?;
        }
        Ok(found)
    }

    /// The receipts behind the last complete run.
    fn rest(&self) -> Range<u64> {
        self.start.max(self.size / RUN * RUN)..self.size
    }

    fn by_row(
        &self,
        range: Range<u64>,
        fits: impl Fn(u16, &ReceiptId) -> bool,
    ) -> Result<Vec<u64>, StoreError> {
        let mut found = Vec::new();
        for (_, part) in by_run(range) {
            let rows = self.store.rows(self.log, &self.keys, part.clone())?;
            for (row, seq) in rows.iter().zip(part) {
                if fits(row.kind, &row.id) {
                    found.push(seq);
                    if found.len() >= self.limit {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }

    fn by_kind(&self, kind: Kind) -> Result<Vec<u64>, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("ZRANGEBYSCORE")
            .arg(self.keys.kind(kind.number()))
            .arg(self.start)
            .arg(self.size.saturating_sub(1));
        // The server reads a signed number, and refuses a larger one.
        cmd.arg("LIMIT")
            .arg(0)
            .arg(i64::try_from(self.limit).unwrap_or(i64::MAX));
        let mut found: Vec<u64> = self.store.ask("looking for a kind", &cmd)?;
        found.retain(|seq| (self.start..self.size).contains(seq));
        found.sort_unstable();
        found.truncate(self.limit);
        Ok(found)
    }

    /// Without an index: times never run backwards in a log.
    fn by_time(&self, from: Timestamp, to: Timestamp) -> Result<Vec<u64>, StoreError> {
        let first = self.first_at(from.as_micros())?.max(self.start);
        let end = match to.as_micros().checked_add(1) {
            Some(end) => self.first_at(end)?,
            None => self.size,
        };
        Ok((first..end).take(self.limit).collect())
    }

    /// The first receipt that was sealed at this time or later.
    fn first_at(&self, micros: u64) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, self.size);
        while low < high {
            let middle = low + (high - low) / 2;
            let rows = self.store.rows(self.log, &self.keys, middle..middle + 1)?;
            let before = rows
                .first()
                .is_some_and(|row| row.sealed_at.as_micros() < micros);
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
