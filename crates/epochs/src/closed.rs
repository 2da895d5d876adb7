//! The sealed epochs of a log, and the deletion receipts that account for what is gone of them.

use crate::{Deletion, EpochError, EpochSeal, Retention, RetentionError};
use ai_audit_core::{DecodeBody as _, Digest, Genesis, Timestamp, UnverifiedReceipt};
use alloc::vec::Vec;
use serde::Serialize;

/// An epoch of which bytes are deleted, and the receipt that accounts for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletedEpoch {
    /// Which epoch.
    pub epoch: u64,
    /// Its first `seq`.
    pub first: u64,
    /// The `seq` of its seal.
    pub last: u64,
    /// Receipts without bytes.
    pub deleted: u64,
    /// `seq` of the deletion receipt.
    pub deletion: u64,
    /// SHA-256 of the archive's file, as the deletion receipt names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<Digest>,
}

/// Receipts of one epoch without bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gone {
    pub(crate) count: u64,
    pub(crate) first: Option<u64>,
}

impl Gone {
    pub(crate) fn add(&mut self, seq: u64) {
        self.count += 1;
        self.first.get_or_insert(seq);
    }
}

#[derive(Debug)]
struct Epoch {
    first: u64,
    last: u64,
    /// Receipts that are no control receipts.
    bulk: u64,
    sealed_at: Timestamp,
    gone: Gone,
    /// The first deletion receipt that names it.
    deletion: Option<(u64, Option<Digest>)>,
}

/// All that later receipts are held against. It grows by one entry with each seal.
#[derive(Debug, Default)]
pub(crate) struct ClosedEpochs {
    epochs: Vec<Epoch>,
    retention: Option<Result<Retention, RetentionError>>,
}

impl ClosedEpochs {
    /// Notes what the genesis promises.
    pub(crate) fn genesis(&mut self, receipt: &UnverifiedReceipt<'_>) {
        if let Ok(genesis) = Genesis::decode(receipt) {
            self.retention = Retention::promised(&genesis).transpose();
        }
    }

    /// Notes an epoch whose seal was found right.
    pub(crate) fn close(&mut self, seal: &EpochSeal, sealed_at: Timestamp, gone: Gone) {
        self.epochs.push(Epoch {
            first: seal.first,
            last: seal.size,
            bulk: seal.count.saturating_sub(seal.control),
            sealed_at,
            gone,
            deletion: None,
        });
    }

    /// Holds the deletion receipt `seq` against the epoch that it names.
    pub(crate) fn delete(
        &mut self,
        seq: u64,
        sealed_at: Timestamp,
        deletion: &Deletion<'_>,
    ) -> Result<(), EpochError> {
        let sealed = self.epochs.len();
        let epoch = usize::try_from(deletion.epoch)
            .ok()
            .and_then(|number| self.epochs.get_mut(number))
            .ok_or(EpochError::NotSealed {
                epoch: deletion.epoch,
                sealed: u64::try_from(sealed).unwrap_or(u64::MAX),
            })?;
        for (field, found, expected) in [
            ("first", deletion.first, epoch.first),
            ("last", deletion.last, epoch.last),
            ("count", deletion.count, epoch.bulk),
        ] {
            if found != expected {
                return Err(EpochError::Deletion {
                    field,
                    expected,
                    found,
                });
            }
        }
        match &self.retention {
            Some(Err(error)) => return Err(EpochError::Retention(error.clone())),
            Some(Ok(retention)) if !retention.allows(epoch.sealed_at, sealed_at) => {
                return Err(EpochError::TooYoung {
                    epoch: deletion.epoch,
                    days: retention.as_days(),
                });
            }
            _ => {}
        }
        epoch.deletion.get_or_insert((seq, deletion.archive));
        Ok(())
    }

    /// The epochs of which bytes are gone, or the first `seq` that nobody accounts for.
    pub(crate) fn finish(&self) -> Result<Vec<DeletedEpoch>, (u64, EpochError)> {
        let mut deleted = Vec::new();
        for (number, epoch) in (0..).zip(&self.epochs) {
            let Some(first_gone) = epoch.gone.first else {
                continue;
            };
            let Some((deletion, archive)) = epoch.deletion else {
                let epoch = Some(number);
                return Err((first_gone, EpochError::Unaccounted { epoch }));
            };
            deleted.push(DeletedEpoch {
                epoch: number,
                first: epoch.first,
                last: epoch.last,
                deleted: epoch.gone.count,
                deletion,
                archive,
            });
        }
        Ok(deleted)
    }
}
