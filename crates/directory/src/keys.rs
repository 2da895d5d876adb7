//! Key history of a log directory: showing it, revoking a key, adopting a log that is behind.

use crate::Adopted;
use crate::writer::Writer;
use crate::{DirectoryError, LogDirectory, Settings};
use ai_audit_core::{
    DecodeBody as _, Genesis, KeyChange, KeyHistory, KeyRevocation, KeyRotation, Kind, LogId,
    SigningKey, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_store::{Attach, LogName, LogSigners, Query, ReceiptKeys, StoreError};
use ai_audit_verify::DetachedRevocation;
use std::path::Path;

/// A receipt key of a log, and where it is valid.
#[derive(Debug, Clone)]
pub struct KeyHistoryEntry {
    /// The key.
    pub key: VerifyingKey,
    /// First `seq` for which it is valid.
    pub from: u64,
    /// Last `seq` for which it is valid; none for the valid one.
    pub to: Option<u64>,
    /// The receipt that introduced it, and its kind: genesis, rotation or revocation.
    pub by: (u64, Kind),
    /// Why, as that receipt says; may be empty.
    pub reason: String,
}

/// The receipt keys of a log, the oldest first, and what was revoked.
#[derive(Debug, Clone)]
pub struct KeyHistoryReport {
    /// The log's id.
    pub log_id: LogId,
    /// The keys.
    pub keys: Vec<KeyHistoryEntry>,
    /// Revocations: `seq`, key, last `seq` that is not suspect, time.
    pub revoked: Vec<(u64, VerifyingKey, u64, Timestamp)>,
}

impl KeyHistoryReport {
    /// The key that the receipt behind `seq` hangs on: valid there, or valid now where `seq` is the
    /// last receipt.
    #[must_use]
    pub fn valid_behind(&self, seq: u64) -> Option<VerifyingKey> {
        let next = seq.saturating_add(1);
        self.keys
            .iter()
            .find(|entry| entry.from <= next && entry.to.is_none_or(|to| next <= to))
            .map(|entry| entry.key)
    }
}

impl LogDirectory {
    /// Walks the log's receipt keys from its genesis, verifying each change.
    ///
    /// # Errors
    ///
    /// When the stored log contradicts itself or cannot be read.
    pub fn key_history(&self, log: &LogName) -> Result<KeyHistoryReport, DirectoryError> {
        let mut report = KeyHistoryReport {
            log_id: LogId::ZERO,
            keys: Vec::new(),
            revoked: Vec::new(),
        };
        self.walk_keys(log, |history, receipt, change| {
            let (seq, kind) = (receipt.header().seq, receipt.header().kind);
            report.log_id = *history.log_id();
            let reason = match kind {
                Kind::GENESIS => Ok("".into()),
                Kind::KEY_ROTATION => KeyRotation::decode(receipt).map(|body| body.reason),
                _ => KeyRevocation::decode(receipt).map(|body| body.reason),
            };
            if let Some(KeyChange::Revoked(said)) = change {
                report
                    .revoked
                    .push((seq, said.key, said.after, said.compromised_at));
            }
            if let Some(last) = report.keys.last_mut() {
                last.to = Some(history.since().saturating_sub(1));
            }
            report.keys.push(KeyHistoryEntry {
                key: *history.valid(),
                from: history.since(),
                to: None,
                by: (seq, kind),
                reason: reason.map(|text| text.to_string()).unwrap_or_default(),
            });
        })?;
        Ok(report)
    }

    /// The receipt keys of a log at its end: gives its genesis and each receipt that changes them to `each`, once it is verified.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::key_history`].
    pub(crate) fn walk_keys(
        &self,
        log: &LogName,
        mut each: impl FnMut(&KeyHistory, &UnverifiedReceipt<'_>, Option<KeyChange>),
    ) -> Result<KeyHistory, DirectoryError> {
        let wrong = |seq: u64, what: String| {
            let what = format!("receipt {seq} of log {log}: {what}");
            DirectoryError::from(StoreError::Corrupt { what })
        };
        let sealed = self.receipt(log, 0)?;
        let first =
            UnverifiedReceipt::parse(&sealed).map_err(|error| wrong(0, error.to_string()))?;
        let genesis = Genesis::decode(&first).map_err(|error| wrong(0, error.to_string()))?;
        let mut history = KeyHistory::new(first.hash().to_log_id(), &genesis);
        history
            .take(&first)
            .map_err(|error| wrong(0, error.to_string()))?;
        each(&history, &first, None);
        for seq in self.key_changes(log)? {
            let sealed = self.receipt(log, seq)?;
            let receipt =
                UnverifiedReceipt::parse(&sealed).map_err(|error| wrong(seq, error.to_string()))?;
            let change = history
                .take(&receipt)
                .map_err(|error| wrong(seq, error.to_string()))?;
            each(&history, &receipt, change);
        }
        Ok(history)
    }
}

/// A revocation that is to be made.
#[derive(Debug)]
pub struct Revoke {
    /// The key to revoke.
    pub key: VerifyingKey,
    /// The last receipt that is not suspect.
    pub after: u64,
    /// When at the earliest somebody else may have had the key.
    pub compromised_at: Timestamp,
    /// Why; may be empty.
    pub reason: String,
}

impl Writer {
    /// Revokes a receipt key with the recovery key: makes a successor, gives the detached revocation
    /// to `keep`, and begins the log anew with the revocation, which the successor signs. The
    /// revoked key signs nothing more.
    ///
    /// # Errors
    ///
    /// When the recovery key is not the log's, the key to revoke is not the one that the receipts
    /// behind `after` hang on, the log is behind its mark or its witnesses, `keep` fails, or the
    /// revocation cannot be stored. Only after that last error is what `keep` was given valid all the
    /// same; revoking again takes the same successor.
    pub fn revoke(
        path: &Path,
        settings: Settings,
        software: &str,
        log: &LogName,
        recovery: &SigningKey,
        what: Revoke,
        keep: impl FnOnce(&DetachedRevocation) -> Result<(), DirectoryError>,
    ) -> Result<u64, DirectoryError> {
        let writer = Self::for_one(path, settings, software)?;
        let directory = writer.directory();
        let size = directory.head(log)?.size();
        let sealed = directory.receipt(log, 0)?;
        let wrong = |what: String| DirectoryError::Ledger(format!("revoking a key: {what}"));
        let genesis = UnverifiedReceipt::parse(&sealed)
            .and_then(|receipt| Genesis::decode(&receipt))
            .map_err(|error| wrong(error.to_string()))?;
        if genesis.recovery_key != recovery.verifying_key() {
            return Err(wrong(format!(
                "the recovery key of log {log} is {}, this is {}",
                genesis.recovery_key.id(),
                recovery.verifying_key().id()
            )));
        }
        let Revoke {
            key,
            after,
            compromised_at,
            reason,
        } = what;
        if after >= size {
            return Err(wrong(format!(
                "expected the last trusted receipt to be in the log, which has {size} receipts, found {after}"
            )));
        }
        let valid = directory.key_history(log)?.valid_behind(after);
        if valid != Some(key) {
            let valid = valid.map_or_else(String::new, |key| key.id().to_string());
            return Err(wrong(format!(
                "receipts after {after} hang on key {valid}, and revoking {} would leave them trusted",
                key.id()
            )));
        }
        directory.is_not_behind_cold(log)?;
        // What could fail comes before anybody is given the revocation.
        let checkpoint = directory.checkpoint_key(log)?;
        writer.ask_witnesses(log)?;
        if directory.contradicts_mark(log)? {
            return Err(wrong(format!(
                "log {log} is behind its high-water mark; adopt it first"
            )));
        }
        let mut keys = directory.receipt_keys_to_revoke(log)?;
        if let Some(entry) = directory.key_history(log)?.keys.last() {
            // A rotation that was cut off is finished first; a key that is lost is about to be.
            let _ = ReceiptKeys::settle(&mut keys, &entry.key);
        }
        let successor = keys.successor()?;
        let said = KeyRevocation::sign(
            &directory.head(log)?.log_id(),
            key,
            after,
            compromised_at,
            successor,
            &reason,
            recovery,
        )
        .map_err(|error| wrong(error.to_string()))?;
        let body = ai_audit_core::encode_body(&said).map_err(|error| wrong(error.to_string()))?;
        let line = directory.key_line(log)?;
        let detached =
            DetachedRevocation::new(line.name(), body).map_err(|error| wrong(error.to_string()))?;
        keep(&detached)?;
        let revocation = KeyRevocation {
            reason: said.reason.into_owned(),
            ..said
        };
        let signers = LogSigners {
            receipt: Box::new(keys),
            checkpoint: Box::new(checkpoint),
        };
        let with = Attach {
            revocation: Some(revocation),
            ..Attach::default()
        };
        writer.attach_with(log, signers, with)?;
        writer.close("key revoked")?;
        Ok(size)
    }

    /// Goes on with a log that is behind its high-water mark, or, where they are to be asked, its
    /// witnesses, declaring the loss in a gap receipt. What the store for what is old has of it is brought back
    /// before, and is no loss. Where nothing is missing nothing is written.
    ///
    /// # Errors
    ///
    /// As [`Writer::attach`], but for the mark and the witnesses, and as [`TieredStore::catch_up`](ai_audit_store::TieredStore::catch_up).
    pub fn adopt(
        path: &Path,
        settings: Settings,
        software: &str,
        log: &LogName,
    ) -> Result<Adopted, DirectoryError> {
        let writer = Self::for_one(path, settings, software)?;
        let caught_up = writer.directory().catch_up(log)?;
        let short = caught_up.moved;
        let caught_up = caught_up.receipts;
        let size = writer.directory().head(log)?.size();
        let mut missing = match writer.ask_witnesses(log) {
            Ok(()) => None,
            Err(DirectoryError::BehindWitness { what, .. }) => Some(what),
            Err(error) => return Err(error),
        };
        if let (Some(moved), None) = (short, &missing) {
            missing = Some(format!(
                "{moved} receipts were moved to the store for what is old, which has not so many any more, and here are {size}"
            ));
        }
        let lacks = missing.is_some() || writer.directory().contradicts_mark(log)?;
        if !lacks && caught_up == 0 {
            return Ok(Adopted {
                caught_up,
                gap: None,
            });
        }
        let signers = LogSigners {
            receipt: writer.directory().receipt_keys(log)?,
            checkpoint: Box::new(writer.directory().checkpoint_key(log)?),
        };
        let with = Attach {
            adopt: true,
            missing,
            ..Attach::default()
        };
        // What came back has to be something that can be gone on with.
        writer.attach_with(log, signers, with)?;
        let gaps = Query::Kind(Kind::GAP);
        let store = writer.directory().store();
        let found = store.find(log, &gaps, size.checked_sub(1), 1)?;
        if short.is_some() {
            writer.directory().give_up_moved(log)?;
        }
        writer.close("adopted")?;
        Ok(Adopted {
            caught_up,
            gap: found.first().copied().filter(|_| lacks),
        })
    }
}
