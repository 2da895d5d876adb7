//! Appending: what one script is to compare and to write.

use crate::beside;
use crate::error::corrupt;
use crate::keys::{LogKeys, NODES, RUN, place};
use crate::nodes::{Nodes, is_kept};
use crate::read::{ROW, Row, by_run, head_bytes, parse_head};
use crate::runs::Run;
use crate::script::{Change, number};
use crate::store::{Done, RedisStore};
use ai_audit_core::{Head, Kind};
use ai_audit_merkle::{Frontier, Tiled, TreeSize, frontier};
use ai_audit_store::{Batch, LogName, ParsedBatch, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

/// Trees of logs, each with the head that it belongs to: after a failover there may be another log of
/// the same name and size.
pub(crate) type Frontiers = HashMap<LogName, (Head, Frontier)>;

/// How often an append is put together again that completed a run of receipts while some of them were
/// deleted.
const TRIES: usize = 64;

impl RedisStore {
    pub(crate) fn append_all(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        let parts = ParsedBatch::all(batches)?;
        for part in &parts {
            self.declares_loss(part.batch)?;
        }
        // What was given up before is not to come in between.
        self.settle()?;
        for _ in 0..TRIES {
            let (change, advanced) = self.prepare(&parts)?;
            let done = self.change("appending", &change);
            if matches!(done, Err(StoreError::Io { .. })) {
                self.doubt(parts.iter().map(|part| part.batch.log));
            }
            match done? {
                Done::Made => {
                    let mut frontiers = self
                        .frontiers
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    frontiers.extend(advanced);
                    return Ok(());
                }
                // The heads are compared first, then the fences.
                Done::Moved(guard, found) => {
                    if let Some(part) = parts.get(guard) {
                        let found = parse_head(part.batch.log, &found)?;
                        return Err(moved(part.batch, found));
                    }
                    let fence = guard.checked_sub(parts.len());
                    if let Some(part) = fence.and_then(|fence| parts.get(fence)) {
                        // Another process gave an append up. Nothing was written, so this is no second time.
                        self.learn_fence(part.batch.log, found);
                    }
                }
            }
        }
        Err(StoreError::Locked {
            what: "the log, whose receipts are being deleted all the time,".into(),
            holder: None,
        })
    }

    fn prepare(&self, parts: &[ParsedBatch<'_>]) -> Result<(Change, Frontiers), StoreError> {
        let (mut change, mut advanced) = (Change::default(), Frontiers::new());
        for part in parts {
            let (log, expected) = (part.batch.log.as_str(), head_bytes(part.batch.expected));
            change.guard(&self.keys.heads, log, expected);
        }
        for part in parts {
            let log = part.batch.log;
            change.guard(&self.keys.fences, log.as_str(), self.fence(log));
        }
        for part in parts.iter().filter(|part| !part.receipts.is_empty()) {
            let grown = self.extend(&mut change, part)?;
            advanced.insert(part.batch.log.clone(), (part.after, grown));
        }
        // Last, so that nothing counts before everything is there.
        for part in parts.iter().filter(|part| !part.receipts.is_empty()) {
            let pair = vec![part.batch.log.as_str().into(), head_bytes(&part.after)];
            change.fields(&self.keys.heads, pair);
        }
        Ok((change, advanced))
    }

    /// What is new of one log, and its tree afterwards.
    fn extend(&self, change: &mut Change, part: &ParsedBatch<'_>) -> Result<Frontier, StoreError> {
        let ParsedBatch {
            batch,
            receipts,
            after,
        } = part;
        let keys = self.keys.of(batch.log);
        let mut frontier = self.frontier(batch)?;
        let (mut rows, mut kinds) = (Vec::new(), BTreeMap::<u16, Vec<Vec<u8>>>::new());
        // Strings that grow: by level and number of the string, from which offset on, and what.
        let mut nodes = BTreeMap::<(u32, u64), (u64, Vec<u8>)>::new();
        let mut bytes = 0;
        for (receipt, sealed) in receipts.iter().zip(batch.receipts) {
            let header = receipt.header();
            let row = Row {
                id: header.id,
                sealed_at: header.sealed_at,
                kind: header.kind.number(),
            };
            rows.push(row);
            if header.kind != Kind::DECISION {
                let seq = number(header.seq);
                let pairs = kinds.entry(row.kind).or_default();
                pairs.extend([seq.clone(), seq]);
            }
            bytes += sealed.as_bytes().len() + 58;
            bytes += beside::put(change, &keys, header.seq, sealed.ciphertexts());
            frontier
                .push_with(receipt.hash(), |level, index, hash| {
                    if is_kept(level) {
                        let (string, first) = (index / NODES, index % NODES);
                        let (_, grown) = nodes
                            .entry((level, string))
                            .or_insert_with(|| (first * 32, Vec::new()));
                        grown.extend_from_slice(hash.as_bytes());
                    }
                })
                .map_err(|error| corrupt(error.to_string()))?;
        }
        let (from, to) = (batch.expected.size(), after.size());
        let mut left = rows.iter().zip(batch.receipts).zip(from..);
        for (run, range) in by_run(from..to) {
            let (mut row_bytes, mut pairs) = (Vec::new(), Vec::new());
            for ((row, sealed), seq) in left.by_ref().take(count(&range)) {
                row.put(&mut row_bytes);
                pairs.extend([number(seq), sealed.as_bytes().to_vec()]);
            }
            change.fields(&keys.sealed(run), pairs);
            change.put_at(&keys.rows(run), place(range.start).1 * ROW, row_bytes);
        }
        for (kind, pairs) in kinds {
            change.scores(&keys.kind(kind), pairs);
        }
        for ((level, string), (offset, grown)) in nodes {
            change.put_at(&keys.nodes(level, string), offset, grown);
        }
        self.complete_runs(change, &keys, part)?;
        change.add(&self.keys.totals, "receipts", signed(receipts.len()));
        change.add(&self.keys.totals, "bytes", signed(bytes));
        Ok(frontier)
    }

    /// Indexes the runs that the log completes by growing.
    fn complete_runs(
        &self,
        change: &mut Change,
        keys: &LogKeys,
        part: &ParsedBatch<'_>,
    ) -> Result<(), StoreError> {
        let (log, from) = (part.batch.log, part.batch.expected.size());
        let runs = from / RUN..part.after.size() / RUN;
        if runs.is_empty() {
            return Ok(());
        }
        // A receipt of a run that is deleted meanwhile would leave its names in the index. The revision stays as it is:
        // a deletion elsewhere in the log has nothing to do with this, and would never end under appends that do not pause.
        let revision = self.read_revision(log)?;
        self.ends_as_expected(part.batch)?;
        let (mut new, indexed) = (part.receipts.iter().peekable(), number(runs.end));
        for run in runs {
            let mut index = Run::default();
            let (first, end) = (run * RUN, (run + 1) * RUN);
            if first < from {
                index.add_stored(self, log, keys, first..from)?;
            }
            while let Some(receipt) = new.next_if(|next| next.header().seq < end) {
                index.add(receipt.header());
            }
            index.write(change, keys, run);
        }
        change.guard(&self.keys.revisions, log.as_str(), revision);
        let pair = vec![log.as_str().into(), indexed];
        change.fields(&self.keys.indexed, pair);
        Ok(())
    }

    /// The log's tree before the append.
    fn frontier(&self, batch: &Batch<'_>) -> Result<Frontier, StoreError> {
        {
            let frontiers = self
                .frontiers
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some((head, known)) = frontiers.get(batch.log)
                && head == batch.expected
            {
                return Ok(known.clone());
            }
        }
        self.ends_as_expected(batch)?;
        let size = batch.expected.size();
        let mut nodes = Tiled::new(Nodes {
            store: self,
            log: batch.log,
            size,
        });
        frontier(&mut nodes, TreeSize::new(size))
            .map_err(|error| corrupt(format!("the tree of log {}: {error}", batch.log)))
    }

    fn ends_as_expected(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let found = self.read_head(batch.log)?.unwrap_or(Head::EMPTY);
        match found == *batch.expected {
            true => Ok(()),
            false => Err(moved(batch, found)),
        }
    }
}

fn moved(batch: &Batch<'_>, found: Head) -> StoreError {
    StoreError::HeadMoved {
        log: batch.log.clone(),
        expected: Box::new(*batch.expected),
        found: Box::new(found),
    }
}

fn count(range: &core::ops::Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

pub(crate) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
