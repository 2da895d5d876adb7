//! Asking a directory's witnesses: for cosignatures, and for how far they saw a log.

use crate::{DirectoryError, LogDirectory};
use ai_audit_note::{Checkpoint, Policy, SignedNote};
use ai_audit_store::{LogName, StoreError, SystemClock};
use ai_audit_witness::{Behind, ClientOptions, Collected, WitnessReport, ask, collect};
use std::time::Duration;

impl LogDirectory {
    /// Makes a checkpoint of a log as it is now, asks all witnesses for cosignatures and keeps what
    /// came in the store. Works beside a running writer.
    ///
    /// # Errors
    ///
    /// When the directory has no witnesses, the checkpoint cannot be made, or the store fails. What
    /// goes wrong with a witness is in its report.
    pub fn cosign(
        &self,
        log: &LogName,
        options: &ClientOptions,
    ) -> Result<Collected, DirectoryError> {
        let policy = self.some_witnesses()?;
        let note = self.make_checkpoint(log)?;
        let mut collected = collect(self.store(), log, &note, &policy, options, &SystemClock)?;
        let corrupt = |what: String| StoreError::Corrupt { what };
        let size = Checkpoint::parse(note.text())
            .map_err(|error| corrupt(error.to_string()))?
            .size;
        let store = self.store_beside()?;
        store.put_checkpoint(log, size, &collected.note.to_string())?;
        // Somebody else may have asked at the same time: the store has what both got.
        if let Some(kept) = store.latest_checkpoint(log)?
            && kept.size == size
        {
            collected.note = SignedNote::parse(kept.note.as_bytes())
                .map_err(|error| corrupt(format!("checkpoint of size {size}: {error}")))?;
            collected.quorum = policy.judge(&collected.note);
        }
        Ok(collected)
    }

    /// Asks all witnesses how far they saw a log, and compares.
    ///
    /// # Errors
    ///
    /// When the directory has no witnesses, or the store cannot be read.
    pub fn ask_witnesses(
        &self,
        log: &LogName,
        options: &ClientOptions,
    ) -> Result<Vec<WitnessReport<Behind>>, DirectoryError> {
        let policy = self.some_witnesses()?;
        let line = self.key_line(log)?;
        Ok(ask(self.store(), log, &line, &policy, options)?)
    }

    fn some_witnesses(&self) -> Result<Policy, DirectoryError> {
        self.witnesses()?
            .filter(|policy| !policy.witnesses().is_empty())
            .ok_or_else(|| DirectoryError::NoWitnesses {
                path: self.layout().root().into(),
            })
    }

    /// Asks before a log is written to: one that a witness saw further than it is here is not to be.
    /// Returns what could not be asked.
    pub(crate) fn refuse_behind(&self, log: &LogName) -> Result<Vec<String>, DirectoryError> {
        let mut warnings = Vec::new();
        if self
            .witnesses()?
            .is_none_or(|policy| policy.witnesses().is_empty())
        {
            warnings.push("ask-witnesses is set, and the directory has no witnesses".into());
            return Ok(warnings);
        }
        // Somebody waits to record: a witness that is away is not waited for as long as elsewhere.
        let options = ClientOptions {
            timeout: Duration::from_secs(3),
            deadline: Duration::from_secs(5),
            tries: 2,
            ..ClientOptions::default()
        };
        for report in self.ask_witnesses(log, &options)? {
            let witness = &report.name;
            let what = match report.result {
                Ok(Behind::Behind { has, held, proven }) => {
                    let says = if proven { "shows" } else { "says it has" };
                    format!(
                        "witness {witness} {says} a checkpoint of {has} receipts, here are {held}: \
                         this directory was restored from an older copy, or its end was cut off"
                    )
                }
                Ok(Behind::Forked { has }) => format!(
                    "witness {witness} shows another checkpoint of {has} receipts than this log \
                     leads to: it was written on from an older copy"
                ),
                Ok(_) => continue,
                Err(error) => {
                    warnings.push(format!(
                        "log {log}: witness {witness} was not asked how far it saw the log: {error}"
                    ));
                    continue;
                }
            };
            let log = log.clone();
            return Err(DirectoryError::BehindWitness { log, what });
        }
        Ok(warnings)
    }
}
