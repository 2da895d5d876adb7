//! Receipt keys: which one is valid, and handing over to the next.

use super::Writer;
use super::log::Log;
use super::pending::Pending;
use crate::{AppendError, LedgerError, LogName, ReadLimit, Store, StoredReceipt, key_changes};
use ai_audit_core::{
    Genesis, KeyHistory, KeyRotation, LogId, SealError, Signer, UnverifiedReceipt,
};
use std::collections::BTreeMap;

/// Policy entry of a genesis: how the receipt key is kept.
const RECEIPT_KEY_POLICY: &str = "receipt-key";
/// Its value where the key rotates with each epoch.
const FORWARD_SECURE: &str = "forward-secure";

/// Whether the log promises to rotate its receipt key with each epoch.
pub(super) fn is_forward_secure(genesis: &Genesis<'_>) -> bool {
    genesis.policy_value(RECEIPT_KEY_POLICY) == Some(FORWARD_SECURE)
}

impl Writer {
    /// Hands over to a new receipt key and destroys the old one. Returns the rotation's `seq`.
    pub(super) fn rotate(&mut self, name: &LogName, reason: &str) -> Result<u64, LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        self.settle(name).map_err(append)?;
        let Some(log) = self.logs.get_mut(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let mut pending = Pending::new(log);
        self.sealer
            .rotation(log, &mut pending, reason)
            .map_err(append)?;
        let seq = pending.head.size().saturating_sub(1);
        let outcome = self
            .commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name);
        outcome.unwrap_or(Ok(())).map_err(append)?;
        // The rotation is in the log; without the new key nothing more can be.
        self.hold_valid_key(name).map_err(append)?;
        Ok(seq)
    }

    /// Sees to it that the log's valid key is the current one, and that no other is left.
    pub(super) fn hold_valid_key(&mut self, name: &LogName) -> Result<(), AppendError> {
        match self.logs.get_mut(name) {
            Some(log) => log.hold_valid_key(),
            None => Ok(()),
        }
    }
}

impl Log {
    /// Makes the valid key the current one where it is not yet.
    pub(super) fn hold_valid_key(&mut self) -> Result<(), AppendError> {
        let valid = self.keys.valid();
        let current = self.signers.receipt.current().map(Signer::verifying_key);
        if current.as_ref() == Some(valid) {
            return Ok(());
        }
        self.signers
            .receipt
            .settle(valid)
            .map_err(AppendError::Keys)
    }
}

impl super::log::Sealer {
    /// Seals a rotation to a key that is made now. The rest of the pending receipts is sealed by
    /// the new key, so it should be stored before anything follows.
    pub(super) fn rotation(
        &mut self,
        log: &mut Log,
        pending: &mut Pending,
        reason: &str,
    ) -> Result<(), AppendError> {
        let (log_id, old) = (pending.head.log_id(), *pending.keys.valid());
        let next = log.signers.receipt.prepare().map_err(AppendError::Keys)?;
        // The clock may put a receipt of its own before the rotation, so the place is not known
        // before; the proof is made for the one after it.
        let next = next.verifying_key();
        self.own_with(log, pending, |log, seq| {
            let signer = log
                .signers
                .receipt
                .held(&next)
                .ok_or_else(|| AppendError::Keys(lost(&next)))?;
            KeyRotation::new(&log_id, &old, seq, signer, reason).map_err(|error| AppendError::Own {
                kind: ai_audit_core::Kind::KEY_ROTATION,
                error: SealError::Signer(error),
            })
        })
        .map(drop)
    }
}

fn lost(key: &ai_audit_core::VerifyingKey) -> crate::ReceiptKeysError {
    crate::ReceiptKeysError::new(format!("key {} is not held any more", key.id()))
}

/// Walks the key history of a stored log.
pub(super) fn walk(
    store: &dyn Store,
    name: &LogName,
    log_id: LogId,
    genesis: &Genesis<'_>,
) -> Result<KeyHistory, LedgerError> {
    let mut history = KeyHistory::new(log_id, genesis);
    for seq in key_changes(store, name)? {
        let found = store.read(name, seq, ReadLimit::ONE)?;
        let contradiction = |what: String| LedgerError::Contradiction {
            log: name.clone(),
            what,
        };
        let sealed = found.first().filter(|receipt| receipt.seq == seq);
        let Some(sealed) = sealed.and_then(StoredReceipt::sealed) else {
            return Err(contradiction(format!("receipt {seq} is missing")));
        };
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| LedgerError::Receipt {
            log: name.clone(),
            seq,
            error,
        })?;
        history
            .take(&receipt)
            .map_err(|error| contradiction(format!("receipt {seq}: {error}")))?;
    }
    Ok(history)
}
