//! A log's policy in force: what its genesis says, changed by the policy receipts behind it.

use crate::writer::from_ledger;
use crate::{DirectoryError, LogDirectory, Writer};
use ai_audit_agentic::{APPROVALS_POLICY, ApprovalRules};
use ai_audit_core::{
    Body as _, DecodeBody as _, Genesis, Kind, PolicyChange, PolicyEntry, UnverifiedReceipt,
};
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
        // An empty value is no entry, here as in a change.
        let given = genesis
            .policy
            .iter()
            .filter(|entry| !entry.value.is_empty());
        for entry in given {
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
        match self.redaction(log)? {
            Some(policy) => free_of_names(&policy, &format!("log {log}"), texts),
            None => Ok(()),
        }
    }
}

/// Refuses texts as [`LogDirectory::names_nobody`] does, where the log for which they are is elsewhere: by
/// the redaction policy that a log begins with, which looks for every kind that this software knows.
///
/// # Errors
///
/// Names the text in which personal data was found and of which kind.
pub fn names_nobody(texts: &[(&str, &str)]) -> Result<(), DirectoryError> {
    free_of_names(&Policy::default(), "a log", texts)
}

/// Refuses the first text of which a policy keeps something out of the log that `place` names.
fn free_of_names(
    policy: &Policy,
    place: &str,
    texts: &[(&str, &str)],
) -> Result<(), DirectoryError> {
    let redactor =
        Redactor::new(policy).map_err(|error| DirectoryError::Policy(error.to_string()))?;
    for (what, text) in texts {
        let found = redactor.find(text);
        if let Some(found) = found.iter().find(|found| found.confidence >= CERTAIN) {
            return Err(DirectoryError::Policy(format!(
                "{what}: it holds personal data ({}), and would stand in {place} for ever; expected words that name nobody",
                found.kind.name()
            )));
        }
    }
    Ok(())
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
        let change = ChangePolicy {
            entries: all_checked(change.entries)?,
            ..change
        };
        let entries = change.entries.iter().map(|(name, value)| PolicyEntry {
            name: name.as_str().into(),
            value: value.as_str().into(),
        });
        let body = PolicyChange {
            policy: entries.collect::<Vec<_>>().into(),
            reason: change.reason.as_str().into(),
        };
        body.check()
            .map_err(|error| DirectoryError::Policy(error.to_string()))?;
        self.directory()
            .names_nobody(log, &[("reason", &change.reason)])?;
        self.attach(log)?;
        self.ledger()
            .change_policy(log, change)
            .map_err(from_ledger)
    }
}

/// Policy entries as they are to be sealed, each name once.
pub(crate) fn all_checked(
    entries: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<(String, String)>, DirectoryError> {
    let mut values = BTreeMap::new();
    for (name, value) in entries
        .into_iter()
        .map(checked)
        .collect::<Result<Vec<_>, _>>()?
    {
        if values.get(&name).is_some_and(|known| *known != value) {
            return Err(DirectoryError::Policy(format!(
                "policy entry {name}: it stands twice, with two values; expected one"
            )));
        }
        values.insert(name, value);
    }
    Ok(values.into_iter().collect())
}

/// A policy entry as it is to be sealed: a redaction policy in its canonical form, and no rules for approvals
/// that nobody can read. With such ones the log would fail from there on, and no later entry would mend it.
fn checked((name, value): (String, String)) -> Result<(String, String), DirectoryError> {
    let policy = |error: String| DirectoryError::Policy(error);
    match name.as_str() {
        _ if value.is_empty() => Ok((name, value)),
        REDACTION_POLICY => match Policy::from_json(&value) {
            Ok(policy) => Ok((name, policy.to_json())),
            Err(error) => Err(policy(error.to_string())),
        },
        APPROVALS_POLICY => match ApprovalRules::from_json(&value) {
            Ok(_) => Ok((name, value)),
            Err(error) => Err(policy(format!(
                "policy entry {name}: {error}; expected an object of tools, each with \"keys\" and \"needed\" (docs/spec/approvals.md)"
            ))),
        },
        _ => Ok((name, value)),
    }
}

fn corrupt(log: &LogName, seq: u64, error: impl core::fmt::Display) -> DirectoryError {
    StoreError::Corrupt {
        what: format!("log {log}, receipt {seq}: {error}"),
    }
    .into()
}
