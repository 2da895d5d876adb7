//! Creating a log, and attaching one that is there.

use super::log::Log;
use super::pending::Pending;
use super::{Writer, batch, keys, recover_frontier};
use crate::ledger::LogInfo;
use crate::ledger::config::{Attach, LogSigners, NewLog};
use crate::{
    AppendError, LedgerError, LogName, ReadLimit, ReceiptKeysError, StoreTiles, StoredContent,
};
use ai_audit_core::{
    Chain, DecodeBody, Gap, Genesis, Head, KeyHistory, Kind, LeafHash, LogId, PolicyEntry,
    SealMode, Signer, Start, Timestamp, UnverifiedReceipt, VerifyingKey,
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
        let Some(receipt) = signers.receipt.current().map(Signer::verifying_key) else {
            let what = "there is no receipt key to open the log with".to_owned();
            return Err(LedgerError::Append {
                log: name.clone(),
                error: AppendError::Keys(ReceiptKeysError::new(what)),
            });
        };
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
                &receipt,
                &signers.checkpoint.verifying_key(),
                &recovery,
                salt,
            )
        };
        let origin = origin_of(name, &genesis)?;
        retention(name, &genesis)?;
        let keys = KeyHistory::new(LogId::ZERO, &genesis);
        let tree = (Frontier::new(), 0);
        let log = Log::new(signers, origin, keys, &genesis, Head::EMPTY, tree);
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
        with: Attach,
    ) -> Result<LogInfo, LedgerError> {
        // One that was taken over by another writer may be attached again.
        if self.queue.is_attached(name) {
            return Err(LedgerError::Attached { log: name.clone() });
        }
        self.let_go(name);
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
        let keys = keys::walk(&*self.store, name, head.log_id(), &genesis)?;
        // A revocation begins with its successor's key; without one the valid key is needed.
        let needed = with.revocation.as_ref().map(|said| said.successor);
        let needed = needed.as_ref().unwrap_or(keys.valid());
        if signers.receipt.held(needed).is_none() {
            let current = signers.receipt.current().map(Signer::verifying_key);
            same_key(name, "receipt", needed, current.as_ref())?;
        }
        let checkpoint = signers.checkpoint.verifying_key();
        same_key(
            name,
            "checkpoint",
            &genesis.checkpoint_key,
            Some(&checkpoint),
        )?;
        // That it is an older copy is said before what is wrong with where it ends.
        let gap = match self.check_mark(name, &head) {
            Ok(()) => with
                .missing
                .as_deref()
                .filter(|_| with.adopt)
                .map(|what| gap(&head, self.config.clock.now(), None, what)),
            Err(error) => Some(adopted(&with, &head, self.config.clock.now(), error)?),
        };
        let clean = self.check_last(name, &head, &keys)?;
        let frontier = recover_frontier(&*self.store, name, head.size())
            .map_err(|error| contradiction(name, error.to_string()))?;
        let checkpointed = self.check_checkpoint(name, &head, &origin, &genesis.checkpoint_key)?;
        self.resume_deletion(name, &head)?;
        let tree = (frontier, checkpointed);
        let mut log = Log::new(signers, origin, keys, &genesis, head, tree);
        log.epoch = self.recover_epoch(name, &head)?;
        // Another writer took it over before they could be declared.
        for loss in self.kept_losses(name, &head)? {
            log.lose(loss);
        }
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        let mut pending = Pending::new(&log);
        match with.revocation {
            Some(revocation) => self
                .sealer
                .own(&log, &mut pending, |_| revocation)
                .map(drop)
                .map_err(append)?,
            None => log.hold_valid_key().map_err(append)?,
        }
        if let Some(gap) = gap {
            self.sealer
                .own(&log, &mut pending, |_| gap)
                .map_err(append)?;
        }
        self.sealer
            .declare(&mut log, &mut pending)
            .map_err(append)?;
        if !self.has_open_erasures(name)? {
            return self.start(name, log, pending, clean);
        }
        // Before anything else: what cannot be finished keeps the log from growing under keys that
        // are to be gone.
        self.logs.insert(name.clone(), log);
        let outcome = self.commit(BTreeMap::from([(name.clone(), pending)]));
        let finished = outcome.into_values().next().unwrap_or(Ok(()));
        let finished = finished.map_err(append);
        if finished.is_ok() {
            // Declared, whatever becomes of the erasures.
            self.undeclared.remove(name);
        }
        if let Err(error) = finished.and_then(|()| self.finish_erasures(name)) {
            self.let_go(name);
            return Err(error);
        }
        let log = self.logs.remove(name);
        let log = log.ok_or_else(|| LedgerError::NotAttached { log: name.clone() })?;
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
            self.let_go(name);
            return Err(append(error));
        }
        self.undeclared.remove(name);
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
        keys: &KeyHistory,
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
        if header.mode == SealMode::Batched {
            let log = name.clone();
            return Err(LedgerError::Unsealed { log, seq });
        }
        // A receipt that changes the key was verified by walking the history.
        if !matches!(header.kind, Kind::KEY_ROTATION | Kind::KEY_REVOCATION) {
            verify(name, &last, keys.valid())?;
        }
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
    /// `tree` is its frontier, and the size of its last checkpoint.
    fn new(
        signers: LogSigners,
        origin: String,
        keys: KeyHistory,
        genesis: &Genesis<'_>,
        head: Head,
        tree: (Frontier, u64),
    ) -> Self {
        Self {
            signers,
            origin,
            keys,
            forward_secure: keys::is_forward_secure(genesis),
            batches: batch::is_permitted(genesis),
            head,
            frontier: tree.0,
            epoch: EpochTracker::new(),
            epoch_failed_at: None,
            behind: false,
            losses: Vec::new(),
            doubt: None,
            erasing: super::owed::Erasing::Nothing,
            attached: head.size(),
            conflicts: crate::key_conflicts::KeyConflicts::default(),
            taken_over: None,
            checkpointed: tree.1,
            checkpointed_at: Instant::now(),
            checkpoint_failed_at: None,
        }
    }
}

/// The gap that declares what a log lacks that is adopted all the same; the error where it is not.
fn adopted(
    with: &Attach,
    head: &Head,
    now: Timestamp,
    error: LedgerError,
) -> Result<Gap<'static>, LedgerError> {
    let lost = match &error {
        LedgerError::Behind { held, marked, .. } => Some(marked.saturating_sub(*held)),
        LedgerError::Forked { .. } => None,
        _ => return Err(error),
    };
    if !with.adopt {
        return Err(error);
    }
    Ok(gap(head, now, lost, &error.to_string()))
}

fn gap(head: &Head, now: Timestamp, lost: Option<u64>, what: &str) -> Gap<'static> {
    let mut reason = format!("adopted: {what}");
    // A gap must fit a receipt whatever a witness has to say.
    super::shorten(&mut reason);
    Gap {
        from: head.sealed_at(),
        to: now.max(head.sealed_at()),
        lost,
        reason: reason.into(),
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
    found: Option<&VerifyingKey>,
) -> Result<(), LedgerError> {
    if found == Some(expected) {
        return Ok(());
    }
    Err(LedgerError::OtherKey {
        log: name.clone(),
        purpose,
        expected: expected.to_string(),
        found: found.map_or_else(|| "none".to_owned(), ToString::to_string),
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
