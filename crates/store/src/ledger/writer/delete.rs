//! Deleting the bytes of a sealed epoch: what is asked first, and in which order it is done.

use super::Writer;
use super::open::{contradiction, parse, retention};
use super::pending::Pending;
use super::{Tiled, TreeSize};
use crate::ledger::{Archived, DeleteEpoch, EpochDeleted};
use crate::{LedgerError, LogName, StoreTiles};
use ai_audit_core::{DecodeBody as _, Genesis, Head, Kind, Timestamp};
use ai_audit_epochs::{Deletion, EpochSeal, Retention};
use ai_audit_merkle::root;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;

/// Receipts that are deleted in one transaction.
const CHUNK: u64 = 8192;

impl Writer {
    /// Deletes the bytes of an epoch, after a deletion receipt is durable.
    pub(super) fn delete_epoch(
        &mut self,
        name: &LogName,
        wish: &DeleteEpoch,
    ) -> Result<EpochDeleted, LedgerError> {
        self.settle(name).map_err(|error| LedgerError::Append {
            log: name.clone(),
            error,
        })?;
        let seal = self.may_delete(name, wish.epoch)?;
        self.store.may_delete(name)?;
        let range = seal.first..=seal.size;
        let deletion = match self.store.count_deleted(name, range.clone())? {
            0 => self.declare_deletion(name, &seal, wish)?,
            // It was interrupted: the receipt is there.
            _ => self.find_deletion(name, &seal)?,
        };
        let deleted = self.delete_range(name, range)?;
        Ok(EpochDeleted {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            deleted,
            deletion,
        })
    }

    /// Ends a deletion that was cut off: where the writer ended between the deletion receipt and the last byte, the
    /// receipt is the log's last.
    ///
    /// Where the store failed and the writer went on, others follow it, and nothing is resumed: whoever deletes the epoch
    /// again goes on under that receipt where bytes are gone, and declares the deletion anew where none is. Then nobody
    /// could tell it from an epoch that was put back since, which no receipt says. [`Store::may_delete`](crate::Store::may_delete)
    /// is asked before, so that this takes a store that fails in the middle.
    pub(super) fn resume_deletion(&self, name: &LogName, head: &Head) -> Result<(), LedgerError> {
        let seq = head.size().saturating_sub(1);
        let sealed = self.read_sealed(name, seq)?;
        let last = parse(name, seq, &sealed)?;
        if last.header().kind != Kind::DELETION {
            return Ok(());
        }
        let deletion = Deletion::decode(&last).map_err(|error| LedgerError::Receipt {
            log: name.clone(),
            seq,
            error,
        })?;
        self.delete_range(name, deletion.first..=deletion.last)
            .map(drop)
    }

    fn delete_range(&self, name: &LogName, range: RangeInclusive<u64>) -> Result<u64, LedgerError> {
        let (mut start, end) = range.into_inner();
        let mut deleted: u64 = 0;
        loop {
            let last = end.min(start.saturating_add(CHUNK - 1));
            deleted = deleted.saturating_add(self.store.delete_receipts(name, start..=last)?);
            if last >= end {
                return Ok(deleted);
            }
            start = last + 1;
        }
    }

    /// The seal of an epoch that may be deleted.
    fn may_delete(&self, name: &LogName, epoch: u64) -> Result<EpochSeal, LedgerError> {
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let (log_name, head) = (|| name.clone(), &log.head);
        let seals = self.places(name, Kind::EPOCH_SEAL, None)?;
        let place = usize::try_from(epoch).ok().and_then(|n| seals.get(n));
        let Some(place) = place.copied() else {
            return Err(LedgerError::NotSealed {
                log: log_name(),
                epoch,
                sealed: u64::try_from(seals.len()).unwrap_or(u64::MAX),
            });
        };
        let (seal, _) = self.read_seal(name, place)?;
        let mut tiles = Tiled::new(StoreTiles::new(&*self.store, name));
        let root = root(&mut tiles, TreeSize::new(seal.size))
            .map_err(|error| contradiction(name, error.to_string()))?;
        if seal.number != epoch || seal.root != root {
            let what = format!("receipt {place} is not the seal of epoch {epoch} of this log");
            return Err(contradiction(name, what));
        }
        if seal.control >= seal.count {
            let log = log_name();
            return Err(LedgerError::NothingToDelete { log, epoch });
        }

        let retention = self.retention(name)?;
        let sealed = self.read_sealed(name, place)?;
        let sealed_at = parse(name, place, &sealed)?.header().sealed_at;
        // The deletion receipt will not be earlier than that.
        let now = self.config.clock.now().max(head.sealed_at());
        if !retention.allows(sealed_at, now) {
            let days = retention.as_days();
            let kept = days.saturating_mul(24 * 60 * 60 * 1_000_000);
            let until = Timestamp::from_micros(sealed_at.as_micros().saturating_add(kept));
            let log = log_name();
            return Err(LedgerError::Retained {
                log,
                epoch,
                days,
                until,
            });
        }

        let key = log.signers.checkpoint.verifying_key();
        let size = self.check_checkpoint(name, head, &log.origin, &key)?;
        if size <= place {
            return Err(LedgerError::NotCovered {
                log: log_name(),
                epoch,
                seal: place,
                size,
            });
        }
        Ok(seal)
    }

    /// What the log's genesis promises, or the configuration asks for beyond that.
    fn retention(&self, name: &LogName) -> Result<Retention, LedgerError> {
        let sealed = self.read_sealed(name, 0)?;
        let genesis =
            Genesis::decode(&parse(name, 0, &sealed)?).map_err(|error| LedgerError::Receipt {
                log: name.clone(),
                seq: 0,
                error,
            })?;
        let promised = retention(name, &genesis)?;
        Ok(promised.max(self.config.retention).unwrap_or_default())
    }

    /// Makes the deletion receipt durable.
    fn declare_deletion(
        &mut self,
        name: &LogName,
        seal: &EpochSeal,
        wish: &DeleteEpoch,
    ) -> Result<u64, LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let deletion = Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seal.count.saturating_sub(seal.control),
            archive: match wish.archived {
                Archived::File(digest) => Some(digest),
                Archived::Nowhere => None,
            },
            reason: wish.reason.as_str().into(),
        };
        let mut pending = Pending::new(log);
        let receipt = self
            .sealer
            .own(log, &mut pending, |_| deletion)
            .map_err(append)?;
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        Ok(receipt.seq)
    }

    /// The deletion receipt of an epoch of which bytes are gone.
    fn find_deletion(&self, name: &LogName, seal: &EpochSeal) -> Result<u64, LedgerError> {
        for seq in self.places(name, Kind::DELETION, Some(seal.size))? {
            let sealed = self.read_sealed(name, seq)?;
            let receipt = parse(name, seq, &sealed)?;
            if let Ok(deletion) = Deletion::decode(&receipt)
                && deletion.epoch == seal.number
            {
                return Ok(seq);
            }
        }
        let what = format!(
            "bytes of epoch {} are gone, and no deletion receipt says so",
            seal.number
        );
        Err(contradiction(name, what))
    }
}
