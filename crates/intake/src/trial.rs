//! For checking a whole input before anything of it is sealed.

use crate::{Admission, IntakeError};
use ai_audit_core::{LogId, ReceiptId, SubjectKeyId};
use ai_audit_ingest::{Keys, Protection, Redaction};
use ai_audit_pii::{Policy, PseudonymKey};
use ai_audit_shredding::SubjectKey;
use ai_audit_store::LogName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// For checking: ids, digests and ciphertexts that nobody will see, and the redaction that counts.
#[derive(Debug)]
pub struct Trial<'d> {
    admission: Admission<'d>,
    /// A redaction policy that is to be put in force first.
    given: Option<&'d Policy>,
    redactions: BTreeMap<LogName, Option<Arc<Redaction>>>,
    key: Arc<SubjectKey>,
    /// Who needs a key, by log.
    subjects: Subjects,
    failed: Option<IntakeError>,
}

/// Subjects that need a key, by log.
pub type Subjects = BTreeMap<LogName, BTreeSet<String>>;

/// So many are kept of each log; others get theirs when they come.
const MOST_SUBJECTS: usize = 100_000;

impl<'d> Trial<'d> {
    /// `given` is a redaction policy that is going to be put in force first.
    #[must_use]
    pub fn new(admission: Admission<'d>, given: Option<&'d Policy>) -> Self {
        let nobody = (SubjectKeyId::from_bytes([0; 16]), LogId::ZERO);
        Self {
            admission,
            given,
            redactions: BTreeMap::new(),
            key: Arc::new(SubjectKey::new(nobody.0, nobody.1, &[0; 32])),
            subjects: Subjects::new(),
            failed: None,
        }
    }

    /// Who needs a key.
    #[must_use]
    pub fn into_subjects(self) -> Subjects {
        self.subjects
    }

    /// What went wrong while the last group was read.
    #[must_use]
    pub fn take_failure(&mut self) -> Option<IntakeError> {
        self.failed.take()
    }

    fn redaction(&mut self, log: &LogName) -> Result<Option<Arc<Redaction>>, IntakeError> {
        if let Some(known) = self.redactions.get(log) {
            return Ok(known.clone());
        }
        let directory = self.admission.directory();
        // A log that is not there yet begins with the policy of the default one.
        let there = directory.store().head(log)?.is_some();
        let from = if there {
            log.clone()
        } else {
            LogName::default()
        };
        let policy = match self.given {
            Some(policy) => Some(policy.clone()),
            None if directory.store().head(&from)?.is_some() => directory.redaction(&from)?,
            None => None,
        };
        let redaction = match policy {
            None => None,
            Some(policy) => {
                let pseudonyms = policy.pseudonymizes().then(|| PseudonymKey::new([0; 32]));
                Some(Arc::new(Redaction::new(&policy, pseudonyms)?))
            }
        };
        self.redactions.insert(log.clone(), redaction.clone());
        Ok(redaction)
    }
}

impl Keys for Trial<'_> {
    fn new_id(&mut self) -> ReceiptId {
        ReceiptId::from_bytes([0; 16])
    }

    fn nonce(&mut self) -> [u8; 12] {
        [0; 12]
    }

    fn protection(&mut self, tenant: Option<&str>, subject: &str, encrypts: bool) -> Protection {
        let mut protection = Protection {
            key: Some(Arc::clone(&self.key)),
            ..Protection::default()
        };
        // A tenant that cannot be a log is refused when the group is admitted.
        if let Ok(log) = self.admission.log(tenant) {
            let keyed = self.admission.keyed() && !subject.is_empty();
            if keyed || encrypts {
                let subjects = self.subjects.entry(log.clone()).or_default();
                if subjects.len() < MOST_SUBJECTS && !subjects.contains(subject) {
                    subjects.insert(subject.to_owned());
                }
            }
            match self.redaction(&log) {
                Ok(redaction) => protection.redaction = redaction,
                Err(error) => self.failed = Some(error),
            }
        }
        protection
    }
}
