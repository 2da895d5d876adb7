//! Appending: segments first, under names that nothing refers to, then the root that names them.

use crate::beside::Beside;
use crate::codec::corrupt;
use crate::objects::BESIDE;
use crate::root::{LogState, Name, Root, nonce};
use crate::segment::{self, Row, Segment};
use crate::store::{Loaded, ObjectStore};
use crate::tree::Tail;
use ai_audit_core::{NodeHash, UnverifiedReceipt};
use ai_audit_store::{Batch, NODE_STEP, ParsedBatch, Sealed, StoreError};
use std::collections::HashSet;
use std::sync::PoisonError;

/// Segments that are remembered for their indexes, at most.
const TAILS: usize = 4096;

/// Objects to write, by name.
type Contents = Vec<(String, Vec<u8>)>;

impl ObjectStore {
    pub(crate) fn append_all(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        let parts = ParsedBatch::all(batches)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // The root as this store left it is likely still the root; whether it is, the server says.
        let (mut loaded, mut is_fresh) = match self.known() {
            Some(known) if parts.iter().any(|part| !part.receipts.is_empty()) => (known, false),
            _ => (self.fresh()?, true),
        };
        let (mut tries, mut written) = (self.tries(), Written::new()?);
        let mut tried = false;
        loop {
            match self.try_append(&parts, &loaded, &mut written) {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tried = true;
                    if let Err(busy) = self.lost(&mut tries) {
                        return if self.is_stored(&parts)? {
                            Ok(())
                        } else {
                            Err(busy)
                        };
                    }
                    (loaded, is_fresh) = (self.fresh()?, true);
                }
                Err(error @ (StoreError::HeadMoved { .. } | StoreError::Corrupt { .. })) => {
                    let now = self.fresh()?;
                    if tried && self.is_stored(&parts)? {
                        return Ok(());
                    }
                    if is_fresh && now.tag == loaded.tag {
                        if tried && matches!(error, StoreError::HeadMoved { .. }) {
                            self.take_back(&parts, written, &now);
                        }
                        return Err(error);
                    }
                    if is_fresh {
                        self.lost(&mut tries)?;
                    }
                    (loaded, is_fresh) = (now, true);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A root of ours may have been replaced, its answer lost, and somebody else have written behind it: then the
    /// condition did not hold when it was asked for again, and the append is stored all the same. Its last receipts tell:
    /// no other append has them.
    fn is_stored(&self, parts: &[ParsedBatch<'_>]) -> Result<bool, StoreError> {
        let appended = parts.iter().filter(|part| !part.receipts.is_empty());
        for part in appended {
            let (mut found, end) = (Vec::new(), part.after.size());
            self.read_nodes(part.batch.log, 0, &(end.saturating_sub(1)..end), &mut found)?;
            let is_last = |node: &NodeHash| node.as_bytes() == part.after.hash().as_bytes();
            if !found.first().is_some_and(is_last) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes what an append wrote that will never be named: somebody else's receipts are in its place. It has receipts
    /// in it that a deletion would not find. Where it does not succeed it is garbage, as after a crash. From a place that
    /// shows an older root than was tried here, or a shorter log, nothing is deleted: the root that it is to have may
    /// name it.
    fn take_back(&self, parts: &[ParsedBatch<'_>], written: Written, now: &Loaded) {
        if written.names.is_empty()
            || now.root.revision < written.revision
            || self.deletes().is_err()
        {
            return;
        }
        for part in parts {
            let (log, size) = (part.batch.log, part.batch.expected.size());
            let Some(first) = part.receipts.first() else {
                continue;
            };
            let mut found = Vec::new();
            let read = self.read_nodes(log, 0, &(size..size.saturating_add(1)), &mut found);
            let is_ours = |node: &NodeHash| node.as_bytes() == first.hash().as_bytes();
            if read.is_ok() && found.first().is_some_and(|node| !is_ours(node)) {
                let names: Vec<String> = written.names.into_iter().collect();
                drop(self.objects.delete_all(&names));
                return;
            }
        }
    }

    /// Appends behind one root. False where somebody replaced it meanwhile.
    fn try_append(
        &self,
        parts: &[ParsedBatch<'_>],
        loaded: &Loaded,
        written: &mut Written,
    ) -> Result<bool, StoreError> {
        for part in parts {
            let found = loaded.root.head(part.batch.log);
            if found != *part.batch.expected {
                return Err(StoreError::HeadMoved {
                    log: part.batch.log.clone(),
                    expected: Box::new(*part.batch.expected),
                    found: Box::new(found),
                });
            }
        }
        if parts.iter().all(|part| part.receipts.is_empty()) {
            return Ok(true);
        }
        let mut root = Root::clone(&loaded.root);
        root.revision += 1;
        let mut contents = Contents::new();
        for part in parts.iter().filter(|part| !part.receipts.is_empty()) {
            let known = root.logs.remove(part.batch.log);
            let mut state = known.unwrap_or_else(LogState::new);
            self.extend(&mut state, part, written.nonce, &mut contents)?;
            root.logs.insert(part.batch.log.clone(), state);
        }
        contents.retain(|(name, _)| !written.names.contains(name));
        let names: Vec<String> = contents.iter().map(|(name, _)| name.clone()).collect();
        self.objects.create_all(contents)?;
        written.names.extend(names);
        written.revision = written.revision.max(root.revision);
        Ok(self.commit(loaded, root)?.is_some())
    }

    fn extend(
        &self,
        state: &mut LogState,
        part: &ParsedBatch<'_>,
        nonce: u64,
        contents: &mut Contents,
    ) -> Result<(), StoreError> {
        let mut made = Making::default();
        for (receipt, sealed) in part.receipts.iter().zip(part.batch.receipts) {
            if made.is_full(sealed) {
                let full = core::mem::take(&mut made);
                self.finish(state, part, full, nonce, contents)?;
            }
            made.add(state, receipt, sealed)?;
        }
        self.finish(state, part, made, nonce, contents)?;
        state.head = part.after;
        Ok(())
    }

    fn finish(
        &self,
        state: &mut LogState,
        part: &ParsedBatch<'_>,
        made: Making,
        nonce: u64,
        contents: &mut Contents,
    ) -> Result<(), StoreError> {
        let (
            log,
            Making {
                segment, beside, ..
            },
        ) = (part.batch.log, made);
        let content = segment.put();
        let object = Name::of(nonce, &content);
        let mut ciphertexts = None;
        let kept = (!beside.0.is_empty()).then(|| beside.put());
        if let Some(kept) = &kept {
            if kept.len() > BESIDE {
                return Err(StoreError::Invalid {
                    what: format!(
                        "log {log}: the ciphertexts beside receipt {} take {} bytes; expected {BESIDE} at most",
                        segment.from,
                        kept.len()
                    ),
                });
            }
            let name = Name::of(nonce, kept);
            ciphertexts = Some((name, crate::codec::count(beside.0.len())));
        }
        let entry = segment.entry(object, ciphertexts);
        if let (Some(kept), Some(name)) = (kept, entry.beside_path(log)) {
            contents.push((name, kept));
        }
        let name = entry.path(log, 0);
        contents.push((name.clone(), content));
        state.bytes = state
            .bytes
            .saturating_add(segment.bytes())
            .saturating_add(beside.bytes());
        let tail = Tail::of(log, &segment, &beside)?;
        {
            let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
            if tails.len() >= TAILS {
                tails.clear();
            }
            tails.insert(name, tail);
        }
        self.push(log, state, entry, nonce, contents)
    }
}

/// What one append has written so far. Where only the root moved, the next try names the same objects.
#[derive(Debug)]
struct Written {
    nonce: u64,
    names: HashSet<String>,
    /// The highest of the roots that were to name them.
    revision: u64,
}

impl Written {
    fn new() -> Result<Self, StoreError> {
        Ok(Self {
            nonce: nonce()?,
            names: HashSet::new(),
            revision: 0,
        })
    }
}

/// A segment while it is put together.
#[derive(Debug, Default)]
struct Making {
    segment: Segment,
    beside: Beside,
    bytes: usize,
    beside_bytes: usize,
}

fn beside_len(sealed: &Sealed) -> usize {
    let lengths = sealed.ciphertexts().iter().map(|one| one.bytes.len());
    lengths.fold(0, usize::saturating_add)
}

impl Making {
    /// Whether the receipt is to begin another one.
    fn is_full(&self, next: &Sealed) -> bool {
        let over = |have: usize, more: usize, most| have.saturating_add(more) > most;
        !self.segment.rows.is_empty()
            && (self.segment.rows.len() >= segment::RECEIPTS
                || over(self.bytes, next.as_bytes().len(), segment::BYTES)
                || over(self.beside_bytes, beside_len(next), segment::BESIDE))
    }

    fn add(
        &mut self,
        state: &mut LogState,
        receipt: &UnverifiedReceipt<'_>,
        sealed: &Sealed,
    ) -> Result<(), StoreError> {
        let header = receipt.header();
        let segment = &mut self.segment;
        if segment.rows.is_empty() {
            segment.from = header.seq;
        }
        segment.rows.push(Row {
            id: header.id,
            sealed_at: header.sealed_at,
            kind: header.kind.number(),
        });
        segment.sealed.push(sealed.as_bytes().to_vec());
        state
            .frontier
            .push_with(receipt.hash(), |level, _, node| match level {
                0 => segment.leaves.push(node),
                level if level.is_multiple_of(NODE_STEP) => segment.nodes.push(level, node),
                _ => {}
            })
            .map_err(|error| corrupt(error.to_string()))?;
        for one in sealed.ciphertexts() {
            self.beside.0.push((header.seq, one.clone()));
        }
        self.bytes = self.bytes.saturating_add(sealed.as_bytes().len());
        self.beside_bytes = self.beside_bytes.saturating_add(beside_len(sealed));
        Ok(())
    }
}
