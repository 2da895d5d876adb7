//! A log's policy in force: what its genesis says, changed by the policy receipts behind it.

use crate::writer::from_ledger;
use crate::{DirectoryError, LogDirectory, Writer};
use ai_audit_core::{DecodeBody as _, Genesis, Kind, PolicyChange, UnverifiedReceipt};
use ai_audit_pii::{Policy, Redactor};
use ai_audit_store::{ChangePolicy, LogName, Query, Receipt, StoreError};
use std::collections::BTreeMap;

/// From which confidence on a finding keeps a text out of the log.
const CERTAIN: f32 = 0.9;

/// Policy entry that holds the redaction policy, as its canonical JSON.
pub const REDACTION_POLICY: &str = "redaction";

impl LogDirectory {
    /// The entries of a log's policy in force, by name.
    ///
    /// # Errors
    ///
    /// When a receipt that says so cannot be read.
    pub fn policy(&self, log: &LogName) -> Result<BTreeMap<String, String>, DirectoryError> {
        let mut entries = BTreeMap::new();
        let sealed = self.receipt(log, 0)?;
        let genesis = UnverifiedReceipt::parse(&sealed)
            .and_then(|receipt| Genesis::decode(&receipt))
            .map_err(|error| corrupt(log, 0, error))?;
        for entry in genesis.policy.iter() {
            entries.insert(entry.name.to_string(), entry.value.to_string());
        }
        let changes = Query::Kind(Kind::POLICY);
        for seq in self.store().find(log, &changes, None, usize::MAX)? {
            let sealed = self.receipt(log, seq)?;
            let change = UnverifiedReceipt::parse(&sealed)
                .and_then(|receipt| PolicyChange::decode(&receipt))
                .map_err(|error| corrupt(log, seq, error))?;
            for entry in change.policy.iter() {
                match entry.value.as_str() {
                    "" => entries.remove(entry.name.as_str()),
                    value => entries.insert(entry.name.to_string(), value.to_owned()),
                };
            }
        }
        Ok(entries)
    }

    /// The redaction policy in force, if there is one.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::policy`]; when the entry is no redaction policy that this software knows:
    /// nothing is recorded then rather than something unredacted.
    pub fn redaction(&self, log: &LogName) -> Result<Option<Policy>, DirectoryError> {
        let entries = self.policy(log)?;
        let Some(json) = entries.get(REDACTION_POLICY) else {
            return Ok(None);
        };
        Policy::from_json(json).map(Some).map_err(|error| {
            DirectoryError::Policy(format!(
                "log {log}, policy entry {REDACTION_POLICY}: {error}"
            ))
        })
    }
}

impl LogDirectory {
    /// Refuses texts for the log itself, such as the reason of an erasure, that hold personal data
    /// which the redaction policy in force keeps out: they stand there for ever. `texts` are what each
    /// is, for the error, and the text.
    ///
    /// # Errors
    ///
    /// Names the text in which personal data was found and of which kind; as
    /// [`LogDirectory::redaction`].
    pub fn names_nobody(
        &self,
        log: &LogName,
        texts: &[(&str, &str)],
    ) -> Result<(), DirectoryError> {
        let Some(policy) = self.redaction(log)? else {
            return Ok(());
        };
        let redactor =
            Redactor::new(&policy).map_err(|error| DirectoryError::Policy(error.to_string()))?;
        for (what, text) in texts {
            let found = redactor.find(text);
            if let Some(found) = found.iter().find(|found| found.confidence >= CERTAIN) {
                return Err(DirectoryError::Policy(format!(
                    "{what}: it holds personal data ({}), and would stand in log {log} for ever; expected words that name nobody",
                    found.kind.name()
                )));
            }
        }
        Ok(())
    }
}

impl Writer {
    /// Changes entries of a log's policy from here on; an empty value removes one.
    ///
    /// # Errors
    ///
    /// When the redaction policy is none; for a name that only a genesis sets; when the receipt cannot
    /// be stored.
    pub fn change_policy(
        &self,
        log: &LogName,
        change: ChangePolicy,
    ) -> Result<Receipt, DirectoryError> {
        let entries = change.entries.into_iter().map(checked);
        let change = ChangePolicy {
            entries: entries.collect::<Result<_, _>>()?,
            ..change
        };
        self.directory()
            .names_nobody(log, &[("reason", &change.reason)])?;
        self.attach(log)?;
        self.ledger()
            .change_policy(log, change)
            .map_err(from_ledger)
    }
}

/// A policy entry as it is to be sealed: a redaction policy in its canonical form.
pub(crate) fn checked((name, value): (String, String)) -> Result<(String, String), DirectoryError> {
    if name != REDACTION_POLICY || value.is_empty() {
        return Ok((name, value));
    }
    match Policy::from_json(&value) {
        Ok(policy) => Ok((name, policy.to_json())),
        Err(error) => Err(DirectoryError::Policy(error.to_string())),
    }
}

fn corrupt(log: &LogName, seq: u64, error: impl core::fmt::Display) -> DirectoryError {
    StoreError::Corrupt {
        what: format!("log {log}, receipt {seq}: {error}"),
    }
    .into()
}
