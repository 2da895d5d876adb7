//! Checkpoints: on demand and by policy.

use super::Writer;
use crate::{LedgerError, LogName};
use ai_audit_core::{Signer, VerifyingKey};
use ai_audit_note::{Checkpoint, VKey};
use core::time::Duration;
use std::time::Instant;

/// How long a checkpoint by number waits after one that failed: the signer may be far away.
const RETRY: Duration = Duration::from_secs(1);

impl Writer {
    /// Makes a checkpoint of what is durably in the log and stores it; if there is one of that size
    /// already, which others may have cosigned, it is that one.
    pub(super) fn checkpoint(&mut self, name: &LogName) -> Result<String, LedgerError> {
        let Some(log) = self.logs.get_mut(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        // Asked for or not, the next one by policy is due an interval from now.
        log.checkpointed_at = Instant::now();
        let size = log.frontier.size();
        let checkpoint = Checkpoint {
            origin: log.origin.clone(),
            size,
            root: log.frontier.root(),
            extensions: Vec::new(),
        };
        // Another process may have made it, and witnesses may have cosigned it.
        if let Some(stored) = self.store.latest_checkpoint(name)?
            && stored.size == size
            && open(
                &stored.note,
                &log.origin,
                &log.signers.checkpoint.verifying_key(),
            )
            .is_ok_and(|found| found == checkpoint)
        {
            log.checkpointed = size.as_u64();
            return Ok(stored.note);
        }
        let note = sign(&checkpoint, &*log.signers.checkpoint).map_err(|reason| {
            let log = name.clone();
            LedgerError::Checkpoint { log, reason }
        })?;
        self.store.put_checkpoint(name, size, &note)?;
        log.checkpointed = size.as_u64();
        self.queue.count(|stats| stats.checkpoints += 1);
        Ok(note)
    }

    /// When the next checkpoint by time is due.
    pub(super) fn next_checkpoint(&self) -> Option<Instant> {
        let every = self.config.checkpoints.every?;
        self.logs
            .values()
            .filter(|log| log.taken_over.is_none() && log.head.size() > log.checkpointed)
            .filter_map(|log| log.checkpointed_at.checked_add(every))
            .min()
    }

    /// Makes the checkpoints that the policy asks for. One that fails is counted and tried again
    /// later: the receipts are stored all the same.
    pub(super) fn checkpoint_where_due(&mut self) {
        let policy = self.config.checkpoints;
        if policy.every.is_none() && policy.every_receipts.is_none() {
            return;
        }
        let due: Vec<LogName> = self
            .logs
            .iter()
            .filter(|(_, log)| {
                let new = log.head.size().saturating_sub(log.checkpointed);
                let by_number = policy
                    .every_receipts
                    .is_some_and(|every| new >= every.max(1))
                    && log
                        .checkpoint_failed_at
                        .is_none_or(|failed| failed.elapsed() >= RETRY);
                let by_time = policy
                    .every
                    .is_some_and(|every| log.checkpointed_at.elapsed() >= every);
                log.taken_over.is_none() && new > 0 && (by_number || by_time)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            let failed = self.checkpoint(&name);
            if let Some(log) = self.logs.get_mut(&name) {
                log.checkpoint_failed_at = failed.is_err().then(Instant::now);
            }
            if let Err(error) = failed {
                self.queue.count(|stats| {
                    stats.checkpoint_failures += 1;
                    stats.last_error = Some(error.to_string());
                });
            }
        }
    }
}

/// Signs a checkpoint and reads it back: a signer far away may answer nonsense, and a log whose last
/// checkpoint does not verify could not be attached again.
fn sign(checkpoint: &Checkpoint, signer: &(dyn Signer + Send)) -> Result<String, String> {
    let note = checkpoint
        .sign(signer)
        .map_err(|error| error.to_string())?
        .to_string();
    open(&note, &checkpoint.origin, &signer.verifying_key())?;
    Ok(note)
}

/// Reads a checkpoint of this origin that this key signed.
pub(super) fn open(note: &str, origin: &str, key: &VerifyingKey) -> Result<Checkpoint, String> {
    let key = VKey::ed25519(origin, *key).map_err(|error| error.to_string())?;
    Checkpoint::open(note.as_bytes(), &key).map_err(|error| error.to_string())
}
