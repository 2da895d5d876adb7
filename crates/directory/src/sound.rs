//! What is checked before a checkpoint is signed: the log goes on from its last checkpoint, its tree
//! is that of its receipts, and it is not behind its high-water mark.

use crate::writer::from_ledger;
use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{
    Chain, Head, Kind, LeafHash, NodeHash, SealMode, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::{Frontier, Tiled, TreeSize, frontier, root};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_store::{
    FileMarks, HighWaterMark as _, LedgerError, LogName, Mark, StoreError, StoreReader, StoreTiles,
    StoredContent,
};

/// What a checkpoint of a log would be.
pub(crate) enum Sound {
    /// One that is stored already.
    Kept(SignedNote),
    /// One with this root.
    New(NodeHash),
}

impl LogDirectory {
    /// The mark of a log, where marks are kept. Read it before the head that it is held against: a
    /// writer may run, which moves the mark on after the head.
    pub(crate) fn mark(&self, log: &LogName) -> Result<Option<Mark>, DirectoryError> {
        let Some(folder) = &self.settings().high_water_marks else {
            return Ok(None);
        };
        let log_id = self.head(log)?.log_id();
        FileMarks::new(folder).read(&log_id).map_err(|error| {
            let log = log.clone();
            from_ledger(LedgerError::Mark { log, error })
        })
    }

    /// Whether a log lacks what its mark remembers, or has something else there.
    pub(crate) fn contradicts_mark(&self, log: &LogName) -> Result<bool, DirectoryError> {
        Ok(self.refused_by_mark(log)?.is_some())
    }

    /// What a log is refused for because of its mark; none where the mark has nothing against it.
    pub(crate) fn refused_by_mark(
        &self,
        log: &LogName,
    ) -> Result<Option<DirectoryError>, DirectoryError> {
        let Some(mark) = self.mark(log)? else {
            return Ok(None);
        };
        let size = self.head(log)?.size();
        if mark.size > size {
            return Ok(Some(behind(log, size, mark.size)));
        }
        let Some(seq) = mark.size.checked_sub(1) else {
            return Ok(None);
        };
        if self.leaf(log, seq)? == mark.hash {
            return Ok(None);
        }
        let log = log.clone();
        Ok(Some(from_ledger(LedgerError::Forked { log, seq })))
    }

    /// Checks that a log's first `head.size()` receipts may be signed as its history. Reads the
    /// receipts since the newest stored checkpoint and O(log n) of the tree.
    pub(crate) fn sound(
        &self,
        log: &LogName,
        head: &Head,
        line: &VKey,
        mark: Option<Mark>,
    ) -> Result<Sound, DirectoryError> {
        let size = head.size();
        let corrupt = |what: String| -> DirectoryError {
            let what = format!("log {log}: {what}; no checkpoint is made of it");
            StoreError::Corrupt { what }.into()
        };
        if let Some(mark) = mark.filter(|mark| mark.size > size) {
            return Err(behind(log, size, mark.size));
        }
        let mut tree = Tiled::new(StoreTiles::new(self.store(), log));
        let base = self.newest_checkpoint(log, line)?;
        let (mut recomputed, mut chain) = (Frontier::new(), Chain::new());
        if let Some((kept, _)) = &base {
            let covered = kept.size.as_u64();
            if covered > size {
                return Err(behind(log, size, covered));
            }
            recomputed =
                frontier(&mut tree, kept.size).map_err(|error| corrupt(error.to_string()))?;
            if recomputed.root() != kept.root {
                return Err(corrupt(format!(
                    "its first {covered} receipts are not those of its checkpoint of that size"
                )));
            }
            if covered > 0 {
                let last = self.leaf(log, covered - 1)?;
                // Its time is not known here; the receipts behind it are held against each other.
                let time = Timestamp::from_micros(0);
                chain = Chain::resume(Head::from_parts(head.log_id(), covered, last, time));
            }
        }
        let seq_of_mark = mark.and_then(|mark| mark.size.checked_sub(1));
        let mut at_mark = match seq_of_mark {
            Some(seq) if seq < chain.head().size() => Some(self.leaf(log, seq)?),
            _ => None,
        };
        let mut last = None;
        let mut receipts = StoreReader::range(self.store(), log, chain.head().size()..size);
        while let Some(stored) = receipts.read_receipt()? {
            let seq = stored.seq;
            let wrong = |what: String| corrupt(format!("receipt {seq}: {what}"));
            let hash = match &stored.content {
                StoredContent::Sealed(sealed) => {
                    let receipt = UnverifiedReceipt::parse(sealed)
                        .map_err(|error| wrong(error.to_string()))?;
                    chain
                        .push(&receipt)
                        .map_err(|error| wrong(error.to_string()))?;
                    receipt.hash()
                }
                // What was deleted is in the tree by its hash, which the next receipt names.
                StoredContent::Deleted(hash) => {
                    chain
                        .push_deleted(*hash)
                        .map_err(|error| wrong(error.to_string()))?;
                    *hash
                }
            };
            recomputed
                .push(hash)
                .map_err(|error| wrong(error.to_string()))?;
            if seq_of_mark == Some(seq) {
                at_mark = Some(hash);
            }
            if seq + 1 == size {
                last = Some(stored);
            }
        }
        if let (Some(mark), Some(seq)) = (mark, seq_of_mark)
            && at_mark != Some(mark.hash)
        {
            let log = log.clone();
            return Err(from_ledger(LedgerError::Forked { log, seq }));
        }
        if chain.head().hash() != head.hash() {
            return Err(corrupt(
                "its last receipt is not the one of its head".into(),
            ));
        }
        // Each receipt has the hash of the one before in it: the last one's signature covers all.
        if let Some(last) = &last
            && let Some(sealed) = last.sealed()
        {
            self.check_signature(log, sealed)
                .map_err(|what| corrupt(format!("receipt {}: {what}", last.seq)))?;
        }
        let stored = root(&mut tree, TreeSize::new(size));
        if stored.map_err(|error| corrupt(error.to_string()))? != recomputed.root() {
            return Err(corrupt(
                "the stored nodes of its tree are not those of its receipts".into(),
            ));
        }
        Ok(match base {
            Some((kept, note)) if kept.size.as_u64() == size => Sound::Kept(note),
            _ => Sound::New(recomputed.root()),
        })
    }

    /// The largest stored checkpoint that the log's checkpoint key signed.
    fn newest_checkpoint(
        &self,
        log: &LogName,
        line: &VKey,
    ) -> Result<Option<(Checkpoint, SignedNote)>, DirectoryError> {
        let open = |note: &str| {
            let checkpoint = Checkpoint::open(note.as_bytes(), line).ok()?;
            Some((checkpoint, SignedNote::parse(note.as_bytes()).ok()?))
        };
        let Some(latest) = self.store().latest_checkpoint(log)? else {
            return Ok(None);
        };
        if let Some(found) = open(&latest.note) {
            return Ok(Some(found));
        }
        let all = self.store().checkpoints(log)?;
        Ok(all.iter().rev().find_map(|kept| open(&kept.note)))
    }

    /// The hash of a receipt as the stored tree has it.
    fn leaf(&self, log: &LogName, seq: u64) -> Result<LeafHash, DirectoryError> {
        let mut hashes = Vec::new();
        let range = seq..seq.saturating_add(1);
        self.store().hashes(log, 0, range, &mut hashes)?;
        match hashes.first() {
            Some(hash) => Ok(LeafHash::from_bytes(*hash.as_bytes())),
            None => Err(StoreError::Corrupt {
                what: format!("log {log}: the hash of receipt {seq} is missing"),
            }
            .into()),
        }
    }

    /// Verifies the last receipt's signature under the key that is valid there.
    fn check_signature(&self, log: &LogName, sealed: &[u8]) -> Result<(), String> {
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| error.to_string())?;
        let history = self.key_history(log).map_err(|error| error.to_string())?;
        // One that changes the key was verified by walking the history.
        if matches!(
            receipt.header().kind,
            Kind::GENESIS | Kind::KEY_ROTATION | Kind::KEY_REVOCATION
        ) {
            return Ok(());
        }
        if receipt.header().mode == SealMode::Batched {
            return Err(
                "it is batched, and the batch seal that signs for it is missing: the log's end was lost or cut off"
                    .into(),
            );
        }
        let Some(valid) = history.keys.last() else {
            return Err("no key is valid".into());
        };
        receipt
            .verify_signature(&valid.key)
            .map_err(|error| error.to_string())
    }
}

fn behind(log: &LogName, held: u64, marked: u64) -> DirectoryError {
    from_ledger(LedgerError::Behind {
        log: log.clone(),
        held,
        marked,
    })
}
