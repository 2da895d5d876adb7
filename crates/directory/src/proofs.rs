//! Proofs of single receipts.

use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{Kind, LeafHash, SealMode, UnverifiedReceipt};
use ai_audit_merkle::{LeafIndex, Tiled, inclusion_proof};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{LogName, StoreError, StoreTiles};
use ai_audit_verify::{Disclosure, Included, ReceiptProof};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

/// Hashes that are read at once.
const CHUNK: u64 = 1 << 16;

impl LogDirectory {
    /// The place of the receipt with this hash, also where its bytes are deleted. Stores have no index
    /// of hashes: all of them are looked at, 32 bytes each.
    ///
    /// # Errors
    ///
    /// When the log is not there, or the store cannot be read.
    pub fn place_of_hash(
        &self,
        log: &LogName,
        hash: &LeafHash,
    ) -> Result<Option<u64>, DirectoryError> {
        let found = self.places_of_hashes(log, core::slice::from_ref(hash))?;
        Ok(found.get(hash).copied())
    }

    /// The same of several receipts, in one pass. Those that are not there are not in the answer.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::place_of_hash`].
    pub fn places_of_hashes(
        &self,
        log: &LogName,
        wanted: &[LeafHash],
    ) -> Result<BTreeMap<LeafHash, u64>, DirectoryError> {
        let mut wanted: BTreeSet<LeafHash> = wanted.iter().copied().collect();
        let mut places = BTreeMap::new();
        let size = self.head(log)?.size();
        let mut hashes = Vec::new();
        let mut start = 0;
        while start < size && !wanted.is_empty() {
            let range = start..(start + CHUNK).min(size);
            self.store().hashes(log, 0, range, &mut hashes)?;
            if hashes.is_empty() {
                break;
            }
            for (node, seq) in hashes.iter().zip(start..) {
                let hash = LeafHash::from_bytes(*node.as_bytes());
                if wanted.remove(&hash) {
                    places.insert(hash, seq);
                }
            }
            start += hashes.len() as u64;
        }
        Ok(places)
    }

    /// The newest stored checkpoint of a log, if a proof of a receipt can be made against it: it covers
    /// the receipt, and where that is batched the seal that signs for it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or holds something else than a checkpoint.
    pub fn checkpoint_covering(
        &self,
        log: &LogName,
        seq: u64,
        sealed: &[u8],
    ) -> Result<Option<SignedNote>, DirectoryError> {
        let Some(kept) = self.store().latest_checkpoint(log)? else {
            return Ok(None);
        };
        let mut last = Some(seq);
        if parse(seq, sealed)?.header().mode == SealMode::Batched {
            last = self.batch_seal_of(log, seq)?;
        }
        if last.is_none_or(|last| last >= kept.size.as_u64()) {
            return Ok(None);
        }
        let note = SignedNote::parse(kept.note.as_bytes());
        note.map(Some)
            .map_err(|error| corrupt(format!("checkpoint of size {}: {error}", kept.size)))
    }

    /// The proof that the receipt at `seq`, with these sealed bytes, is in the log which a checkpoint of
    /// it covers. `disclosures` are keys of digests that go with it. Where the bytes came from an archive of
    /// their epoch, its path: a seal that signs for them was deleted with them.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotCovered`]; [`DirectoryError::Deleted`] where a receipt that belongs to the
    /// proof has no bytes; when the store cannot be read or contradicts itself, or the archive is none of the log.
    pub fn prove(
        &self,
        log: &LogName,
        receipt: (u64, Vec<u8>),
        checkpoint: SignedNote,
        disclosures: Vec<Disclosure>,
        archive: Option<&Path>,
    ) -> Result<ReceiptProof, DirectoryError> {
        let (seq, sealed) = receipt;
        let signed = Checkpoint::parse(checkpoint.text())
            .map_err(|error| corrupt(format!("the checkpoint: {error}")))?;
        let size = signed.size.as_u64();
        let not_covered = |batched| DirectoryError::NotCovered { seq, size, batched };
        if seq >= size {
            return Err(not_covered(false));
        }
        let mut nodes = Tiled::new(StoreTiles::new(self.store(), log));
        let mut included = |sealed: Vec<u8>, index| {
            let proof = inclusion_proof(&mut nodes, LeafIndex::new(index), signed.size);
            proof
                .map(|proof| Included {
                    sealed,
                    path: proof.path,
                })
                .map_err(|error| corrupt(format!("the tree of log {log}: {error}")))
        };
        let mut beside = Vec::new();
        for at in self.key_changes(log)? {
            if at == seq || at >= size {
                continue;
            }
            let change = self.receipt(log, at)?;
            // A rotation behind the receipt says nothing of its key; a revocation may.
            let revokes = parse(at, &change)?.header().kind == Kind::KEY_REVOCATION;
            if at < seq || revokes {
                beside.push((at, change));
            }
        }
        if parse(seq, &sealed)?.header().mode == SealMode::Batched {
            let seal = self.batch_seal_of(log, seq)?.filter(|at| *at < size);
            let at = seal.ok_or_else(|| not_covered(true))?;
            let sealed = match (self.receipt(log, at), archive) {
                (Err(DirectoryError::Deleted { .. }), Some(file)) => {
                    self.receipt_from_archive(log, at, file)
                }
                (found, _) => found,
            };
            beside.push((at, sealed?));
            beside.sort_unstable_by_key(|(at, _)| *at);
        }
        let beside = beside.into_iter().map(|(at, sealed)| included(sealed, at));
        let beside = beside.collect::<Result<Vec<_>, _>>()?;
        let genesis = included(self.receipt(log, 0)?, 0)?;
        let receipt = (included(sealed, seq)?, LeafIndex::new(seq));
        Ok(ReceiptProof::new(
            checkpoint,
            genesis,
            beside,
            receipt,
            disclosures,
        ))
    }
}

fn parse(seq: u64, sealed: &[u8]) -> Result<UnverifiedReceipt<'_>, DirectoryError> {
    UnverifiedReceipt::parse(sealed).map_err(|error| corrupt(format!("receipt {seq}: {error}")))
}

fn corrupt(what: impl Display) -> DirectoryError {
    let what = what.to_string();
    StoreError::Corrupt { what }.into()
}
