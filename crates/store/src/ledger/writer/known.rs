//! Holding the keys of subjects against the receipts that others wrote, before anything is stored under such a key.

use super::Writer;
use crate::key_conflicts::LookError;
use crate::{AppendError, KeyConflict, KeyConflictKind, LogName, Record};
use ai_audit_core::SubjectKeyId;
use ai_audit_shredding::{SubjectKeys, SubjectKeysError};
use std::sync::Arc;

impl Writer {
    /// Looks, before the first record since the log was attached that has something encrypted, at the receipts which were there
    /// by then: from there on nobody else appends. Where the keys were handed out by a
    /// [`KnownSubjectKeys`](crate::KnownSubjectKeys) these are few. Where something was found, also at those that came since,
    /// of which one may be an erasure.
    pub(super) fn look_at_keys(
        &mut self,
        name: &LogName,
        records: &[Record],
    ) -> Result<(), AppendError> {
        if records.iter().all(|record| record.ciphertexts.is_empty()) {
            return Ok(());
        }
        let Some(keys) = self.keys_of_records(name)? else {
            return Ok(());
        };
        match self.look(name, &*keys) {
            // A store for what is old that is away keeps no log from growing: keys that are here go on, and who hands out
            // new ones looked before. It is waited for once, since no log grows meanwhile.
            Err(LookError::Store(_)) => {
                if let Some(log) = self.logs.get_mut(name) {
                    log.conflicts.give_up();
                }
                Ok(())
            }
            Err(LookError::Keys(error)) => Err(AppendError::SubjectKeys(error)),
            Ok(()) => Ok(()),
        }
    }

    fn keys_of_records(&self, name: &LogName) -> Result<Option<Arc<dyn SubjectKeys>>, AppendError> {
        let (Some(source), Some(head)) = (&self.config.subject_keys, self.head(name)) else {
            return Ok(None);
        };
        source
            .subject_keys(name, head.log_id())
            .map(Some)
            .map_err(|reason| AppendError::SubjectKeys(SubjectKeysError::new(reason)))
    }

    pub(super) fn look(&mut self, name: &LogName, keys: &dyn SubjectKeys) -> Result<(), LookError> {
        let Some(log) = self.logs.get_mut(name) else {
            return Ok(());
        };
        let conflicts = &mut log.conflicts;
        if conflicts.was_given_up() {
            return Ok(());
        }
        if !conflicts.was_read() {
            conflicts.look(&*self.store, name, keys, log.attached)?;
            // If that fails they are read again by the next process.
            let _ = conflicts.note(&*self.store, name, keys);
        }
        if !conflicts.is_empty() {
            conflicts.look(&*self.store, name, keys, log.head.size())?;
        }
        Ok(())
    }

    /// Refuses to erase a subject by a key that is here while the log uses another one, which would stay, unless that one is
    /// said to be lost.
    pub(super) fn is_erasable(
        &self,
        name: &LogName,
        subject: &str,
        lost: &[(String, SubjectKeyId)],
    ) -> Result<(), SubjectKeysError> {
        let Some(log) = self.logs.get(name) else {
            return Ok(());
        };
        let stays = |conflict: &&KeyConflict| {
            conflict.kind != KeyConflictKind::InUseHere
                && lost.iter().all(|(_, key)| *key != conflict.key)
        };
        match log.conflicts.of(subject).find(stays) {
            Some(conflict) => Err(SubjectKeysError::new(conflict.to_string())),
            None => Ok(()),
        }
    }
}
