//! Creating a log, and attaching one that is there.

use super::log::{Log, Pending};
use super::{Writer, recover_frontier};
use crate::ledger::LogInfo;
use crate::ledger::config::{LogSigners, NewLog};
use crate::{LedgerError, LogName, ReadLimit, StoreTiles, StoredContent};
use ai_audit_core::{
    Chain, DecodeBody, Genesis, Head, Kind, LeafHash, LogId, PolicyEntry, Start, UnverifiedReceipt,
    VerifyingKey,
};
use ai_audit_epochs::{EpochTracker, Retention};
use ai_audit_merkle::{Frontier, Tiled, TreeSize, root};
use std::collections::BTreeMap;
use std::time::Instant;

impl Writer {
    /// Creates a log: genesis and start receipt.
    pub(super) fn create(&mut self, name: &LogName, new: NewLog) -> Result<LogInfo, LedgerError> {
        if self.logs.contains_key(name) || self.store.head(name)?.is_some() {
            return Err(LedgerError::Exists { log: name.clone() });
        }
        let NewLog {
            name: origin_name,
            tenant,
            mut policy,
            recovery,
            signers,
        } = new;
        let mut salt = [0; 16];
        self.config.random.fill(&mut salt)?;
        policy.sort();
        let genesis = Genesis {
            policy: policy
                .iter()
                .map(|(name, value)| PolicyEntry {
                    name: name.as_str().into(),
                    value: value.as_str().into(),
                })
                .collect(),
            ..Genesis::new(
                &origin_name,
                &tenant,
                &signers.receipt.verifying_key(),
                &signers.checkpoint.verifying_key(),
                &recovery,
                salt,
            )
        };
        let origin = origin_of(name, &genesis)?;
        retention(name, &genesis)?;
        let log = Log::new(signers, origin, Head::EMPTY, Frontier::new(), 0);
        let mut pending = Pending::new(&log);
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        self.sealer
            .own(&log, &mut pending, |_| genesis)
            .map_err(append)?;
        self.start(name, log, pending, true)
    }

    /// Attaches a log: what is stored must be what was sealed, as far as its two ends and the last
    /// checkpoint show, and not older than the high-water mark.
    pub(super) fn attach(
        &mut self,
        name: &LogName,
        signers: LogSigners,
    ) -> Result<LogInfo, LedgerError> {
        // One that was taken over by another writer may be attached again.
        if self.queue.is_attached(name) {
            return Err(LedgerError::Attached { log: name.clone() });
        }
        self.logs.remove(name);
        let head = self
            .store
            .head(name)?
            .ok_or_else(|| LedgerError::NoSuchLog { log: name.clone() })?;
        let first = self.read_sealed(name, 0)?;
        let first = parse(name, 0, &first)?;
        let genesis_head = Chain::new()
            .push(&first)
            .map_err(|error| contradiction(name, format!("receipt 0: {error}")))?;
        if genesis_head.log_id() != head.log_id() {
            let what = "the head is of another log than the genesis".to_owned();
            return Err(contradiction(name, what));
        }
        let genesis = Genesis::decode(&first).map_err(|error| LedgerError::Receipt {
            log: name.clone(),
            seq: 0,
            error,
        })?;
        verify(name, &first, &genesis.receipt_key)?;
        let origin = origin_of(name, &genesis)?;
        let (receipt, checkpoint) = (
            signers.receipt.verifying_key(),
            signers.checkpoint.verifying_key(),
        );
        same_key(name, "receipt", &genesis.receipt_key, &receipt)?;
        same_key(name, "checkpoint", &genesis.checkpoint_key, &checkpoint)?;
        let clean = self.check_last(name, &head, &genesis.receipt_key)?;
        self.check_mark(name, &head)?;
        let frontier = recover_frontier(&*self.store, name, head.size())
            .map_err(|error| contradiction(name, error.to_string()))?;
        let checkpointed = self.check_checkpoint(name, &head, &origin, &genesis.checkpoint_key)?;
        self.resume_deletion(name, &head)?;
        let mut log = Log::new(signers, origin, head, frontier, checkpointed);
        log.epoch = self.recover_epoch(name, &head)?;
        let pending = Pending::new(&log);
        self.start(name, log, pending, clean)
    }

    /// Writes the start receipt and lets producers in.
    fn start(
        &mut self,
        name: &LogName,
        log: Log,
        mut pending: Pending,
        clean: bool,
    ) -> Result<LogInfo, LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        let software = self.config.software.clone();
        self.sealer
            .own(&log, &mut pending, |size| Start {
                software: software.into(),
                size,
                clean,
            })
            .map_err(append)?;
        let origin = log.origin.clone();
        self.logs.insert(name.clone(), log);
        let outcome = self
            .commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()));
        if let Err(error) = outcome {
            self.logs.remove(name);
            return Err(append(error));
        }
        self.queue.set_attached(name, true);
        let head = self.head(name).unwrap_or(Head::EMPTY);
        Ok(LogInfo {
            log_id: head.log_id(),
            origin,
            size: head.size(),
        })
    }

    pub(super) fn read_sealed(&self, name: &LogName, seq: u64) -> Result<Vec<u8>, LedgerError> {
        let found = self.store.read(name, seq, ReadLimit::ONE)?;
        match found.into_iter().next() {
            Some(receipt) if receipt.seq == seq => receipt.into_sealed().ok_or_else(|| {
                contradiction(name, format!("the bytes of receipt {seq} are deleted"))
            }),
            _ => Err(contradiction(name, format!("receipt {seq} is missing"))),
        }
    }

    /// The hash of a receipt, also of one whose bytes are deleted.
    pub(super) fn hash(&self, name: &LogName, seq: u64) -> Result<LeafHash, LedgerError> {
        let found = self.store.read(name, seq, ReadLimit::ONE)?;
        match found.into_iter().next().map(|receipt| receipt.content) {
            Some(StoredContent::Sealed(sealed)) => Ok(parse(name, seq, &sealed)?.hash()),
            Some(StoredContent::Deleted(hash)) => Ok(hash),
            None => Err(contradiction(name, format!("receipt {seq} is missing"))),
        }
    }

    /// Checks that the last receipt is the one of the head, and tells whether it ends a run in
    /// order.
    fn check_last(
        &self,
        name: &LogName,
        head: &Head,
        key: &VerifyingKey,
    ) -> Result<bool, LedgerError> {
        let seq = head.size().saturating_sub(1);
        let sealed = self.read_sealed(name, seq)?;
        let last = parse(name, seq, &sealed)?;
        let header = last.header();
        let log_id = if seq == 0 { LogId::ZERO } else { head.log_id() };
        if last.hash() != head.hash()
            || header.seq != seq
            || header.sealed_at != head.sealed_at()
            || header.log_id != log_id
        {
            let what = format!("receipt {seq} is not the one that the head names");
            return Err(contradiction(name, what));
        }
        verify(name, &last, key)?;
        Ok(header.kind == Kind::STOP)
    }

    /// Checks that the log is not behind its high-water mark and has the same receipt there.
    fn check_mark(&self, name: &LogName, head: &Head) -> Result<(), LedgerError> {
        let Some(marks) = &self.config.marks else {
            return Ok(());
        };
        let mark = marks
            .read(&head.log_id())
            .map_err(|error| LedgerError::Mark {
                log: name.clone(),
                error,
            })?;
        let Some(mark) = mark else {
            return Ok(());
        };
        if head.size() < mark.size {
            return Err(LedgerError::Behind {
                log: name.clone(),
                held: head.size(),
                marked: mark.size,
            });
        }
        let Some(seq) = mark.size.checked_sub(1) else {
            return Ok(());
        };
        if self.hash(name, seq)? != mark.hash {
            let log = name.clone();
            return Err(LedgerError::Forked { log, seq });
        }
        Ok(())
    }

    /// Checks that the log still is what its last checkpoint says, and returns that one's size.
    pub(super) fn check_checkpoint(
        &self,
        name: &LogName,
        head: &Head,
        origin: &str,
        key: &VerifyingKey,
    ) -> Result<u64, LedgerError> {
        let Some(stored) = self.store.latest_checkpoint(name)? else {
            return Ok(0);
        };
        let unreadable = |reason: String| LedgerError::Checkpoint {
            log: name.clone(),
            reason,
        };
        let checkpoint = super::checkpoint::open(&stored.note, origin, key).map_err(unreadable)?;
        let size = checkpoint.size.as_u64();
        if size > head.size() {
            return Err(LedgerError::Behind {
                log: name.clone(),
                held: head.size(),
                marked: size,
            });
        }
        let mut tiles = Tiled::new(StoreTiles::new(&*self.store, name));
        let root = root(&mut tiles, TreeSize::new(size))
            .map_err(|error| contradiction(name, error.to_string()))?;
        if root != checkpoint.root {
            let what = format!("the first {size} receipts are not those of the last checkpoint");
            return Err(contradiction(name, what));
        }
        Ok(size)
    }
}

impl Log {
    fn new(
        signers: LogSigners,
        origin: String,
        head: Head,
        frontier: Frontier,
        checkpointed: u64,
    ) -> Self {
        Self {
            signers,
            origin,
            head,
            frontier,
            epoch: EpochTracker::new(),
            epoch_failed_at: None,
            behind: false,
            losses: Vec::new(),
            doubt: None,
            taken_over: None,
            checkpointed,
            checkpointed_at: Instant::now(),
            checkpoint_failed_at: None,
        }
    }
}

pub(super) fn parse<'a>(
    name: &LogName,
    seq: u64,
    sealed: &'a [u8],
) -> Result<UnverifiedReceipt<'a>, LedgerError> {
    UnverifiedReceipt::parse(sealed).map_err(|error| LedgerError::Receipt {
        log: name.clone(),
        seq,
        error,
    })
}

fn verify(
    name: &LogName,
    receipt: &UnverifiedReceipt<'_>,
    key: &VerifyingKey,
) -> Result<(), LedgerError> {
    receipt
        .verify_signature(key)
        .map_err(|error| LedgerError::Signature {
            log: name.clone(),
            seq: receipt.header().seq,
            error,
        })
}

fn origin_of(name: &LogName, genesis: &Genesis<'_>) -> Result<String, LedgerError> {
    let origin = genesis
        .origin()
        .map_err(|error| contradiction(name, error.to_string()))?;
    Ok(origin.to_string())
}

fn same_key(
    name: &LogName,
    purpose: &'static str,
    expected: &VerifyingKey,
    found: &VerifyingKey,
) -> Result<(), LedgerError> {
    if expected == found {
        return Ok(());
    }
    Err(LedgerError::OtherKey {
        log: name.clone(),
        purpose,
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

/// What the genesis promises to keep.
pub(super) fn retention(
    name: &LogName,
    genesis: &Genesis<'_>,
) -> Result<Option<Retention>, LedgerError> {
    Retention::promised(genesis).map_err(|error| LedgerError::Retention {
        log: name.clone(),
        error,
    })
}

pub(super) fn contradiction(name: &LogName, what: String) -> LedgerError {
    LedgerError::Contradiction {
        log: name.clone(),
        what,
    }
}
