//! Ids for what is recorded, and what its texts go through: digest secrets, redaction, encryption.

use crate::{Admission, IntakeError, Subjects};
use ai_audit_core::{DigestSecret, ReceiptId};
use ai_audit_directory::{DirectoryError, OsRandom, REDACTION_POLICY, Writer};
use ai_audit_ingest::{Keys, Protection, Redaction};
use ai_audit_pii::{Policy, PseudonymKey};
use ai_audit_shredding::SubjectKey;
use ai_audit_store::{ChangePolicy, Clock as _, LogName, Random as _, SystemClock};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What protects the texts of a writer's logs, read once of each and shared by all who record with
/// that writer. What is in force changes by that writer alone: while he is open and nobody changes a
/// log's redaction policy but [`LogKeys`], it stays. Of a log that others wrote to it is to be forgotten.
#[derive(Default)]
pub struct Secrets {
    logs: Mutex<BTreeMap<LogName, Known>>,
}

impl Secrets {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<LogName, Known>> {
        // Nothing that can panic runs under this lock.
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_known(&self, log: &LogName) -> bool {
        self.lock().contains_key(log)
    }

    fn known(&self, log: &LogName) -> Option<Known> {
        self.lock().get(log).cloned()
    }

    pub(crate) fn forget(&self, log: &LogName) {
        self.lock().remove(log);
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// Ids, and what protects the texts of the logs, which are opened where they are not there.
pub struct LogKeys<'w> {
    writer: &'w Writer,
    admission: Admission<'w>,
    given: Option<&'w Policy>,
    secrets: &'w Secrets,
    created: Vec<String>,
    /// Logs in which the given policy was put in force, and the receipts that say so.
    policies: Vec<(String, u64)>,
    /// Errors are kept until the group at hand is looked at.
    failed: Option<IntakeError>,
    last: Option<Last>,
}

/// What is known of a log.
#[derive(Clone)]
struct Known {
    /// None where digests are plain.
    secret: Option<Arc<DigestSecret>>,
    redaction: Option<Arc<Redaction>>,
}

/// The subject of the last record, and what hangs on his key: records of one come together.
struct Last {
    log: LogName,
    subject: String,
    key: Arc<SubjectKey>,
    secret: Arc<DigestSecret>,
}

impl<'w> LogKeys<'w> {
    /// `given` is a redaction policy to put in force in each log before anything is recorded there.
    #[must_use]
    pub const fn new(
        writer: &'w Writer,
        admission: Admission<'w>,
        given: Option<&'w Policy>,
        secrets: &'w Secrets,
    ) -> Self {
        Self {
            writer,
            admission,
            given,
            secrets,
            created: Vec::new(),
            policies: Vec::new(),
            failed: None,
            last: None,
        }
    }

    /// Has the keys of subjects that are going to be needed made and kept all at once, which is a
    /// multiple faster than as they come. Logs that are not there yet get theirs later.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read or kept.
    pub fn prepare(&self, subjects: &Subjects) -> Result<(), IntakeError> {
        let directory = self.admission.directory();
        for (log, subjects) in subjects {
            if directory.store().head(log)?.is_none() {
                continue;
            }
            let keys = self.writer.subject_keys(log)?;
            for subject in subjects {
                if keys.find(subject).map_err(DirectoryError::from)?.is_none() {
                    keys.key_for(subject).map_err(DirectoryError::from)?;
                }
            }
            keys.sync().map_err(DirectoryError::from)?;
        }
        Ok(())
    }

    /// Makes sure that the log of a group that was admitted is there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or its keys or policy not be read.
    pub fn ready(&mut self, log: &LogName) -> Result<(), IntakeError> {
        self.load(log).map(drop)
    }

    /// Tells what went wrong while the last group was read.
    ///
    /// # Errors
    ///
    /// That.
    pub fn check(&mut self) -> Result<(), IntakeError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The logs that were opened since the last time.
    #[must_use]
    pub fn take_created(&mut self) -> Vec<String> {
        std::mem::take(&mut self.created)
    }

    /// The policies that were put in force since the last time.
    #[must_use]
    pub fn take_policies(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.policies)
    }

    /// Gets to know a log, which is opened if it is not there.
    fn load(&mut self, log: &LogName) -> Result<Known, IntakeError> {
        if let Some(known) = self.secrets.known(log) {
            return Ok(known);
        }
        let known = self.open(log)?;
        self.secrets.lock().insert(log.clone(), known.clone());
        Ok(known)
    }

    fn open(&mut self, log: &LogName) -> Result<Known, IntakeError> {
        let directory = self.writer.directory();
        if directory.store().head(log)?.is_none() {
            self.writer.create_tenant_log(log.clone())?;
            self.created.push(log.to_string());
        }
        let mut policy = directory.redaction(log)?;
        if let Some(given) = self.given
            && policy.as_ref() != Some(given)
        {
            let change = ChangePolicy {
                entries: vec![(REDACTION_POLICY.into(), given.to_json())],
                reason: "given with what is recorded".into(),
            };
            let receipt = self.writer.change_policy(log, change)?;
            self.policies.push((log.to_string(), receipt.seq));
            policy = Some(given.clone());
        }
        let redaction = match policy {
            None => None,
            Some(policy) => {
                let pseudonyms = match policy.pseudonymizes() {
                    true => {
                        let keys = self.writer.subject_keys(log)?;
                        let own = keys.key_for("").map_err(DirectoryError::from)?;
                        Some(PseudonymKey::new(*own.pseudonym_key()))
                    }
                    false => None,
                };
                Some(Arc::new(Redaction::new(&policy, pseudonyms)?))
            }
        };
        let secret = match self.admission.keyed() {
            true => Some(Arc::new(directory.digest_secret(log)?)),
            false => None,
        };
        Ok(Known { secret, redaction })
    }

    fn protect(
        &mut self,
        tenant: Option<&str>,
        subject: &str,
        encrypts: bool,
    ) -> Result<Protection, IntakeError> {
        // A group that is not admitted is not recorded: its digests are of no use.
        let Ok(log) = self.admission.log(tenant) else {
            return Ok(Protection::default());
        };
        let known = match self.secrets.known(&log) {
            Some(known) => known,
            None => {
                let there = self.admission.directory().store().head(&log)?.is_some();
                if !there && self.admission.may_open(&log).is_err() {
                    return Ok(Protection::default());
                }
                self.load(&log)?
            }
        };
        let encrypts = encrypts
            || known
                .redaction
                .as_ref()
                .is_some_and(|redaction| redaction.encrypts());
        let keyed = known.secret.is_some() && !subject.is_empty();
        let mut protection = Protection {
            secret: known.secret,
            redaction: known.redaction,
            key: None,
        };
        if !encrypts && !keyed {
            return Ok(protection);
        }
        let (key, secret) = self.of_subject(log, subject)?;
        if keyed {
            protection.secret = Some(secret);
        }
        protection.key = encrypts.then_some(key);
        Ok(protection)
    }

    /// The key of a subject, made where he has none, and the secret of digests that hangs on it.
    fn of_subject(
        &mut self,
        log: LogName,
        subject: &str,
    ) -> Result<(Arc<SubjectKey>, Arc<DigestSecret>), IntakeError> {
        if let Some(last) = &self.last
            && last.subject == subject
            && last.log == log
        {
            return Ok((Arc::clone(&last.key), Arc::clone(&last.secret)));
        }
        let keys = self.writer.subject_keys(&log)?;
        let key = keys.key_for(subject).map_err(DirectoryError::from)?;
        let secret = Arc::new(key.digest_secret());
        let key = Arc::new(key);
        self.last = Some(Last {
            log,
            subject: subject.to_owned(),
            key: Arc::clone(&key),
            secret: Arc::clone(&secret),
        });
        Ok((key, secret))
    }
}

impl Keys for LogKeys<'_> {
    fn new_id(&mut self) -> ReceiptId {
        let mut random = [0; 10];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.failed = Some(error.into());
        }
        ReceiptId::from_parts(SystemClock.now(), random)
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut random = [0; 12];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.failed = Some(error.into());
        }
        random
    }

    fn protection(&mut self, tenant: Option<&str>, subject: &str, encrypts: bool) -> Protection {
        match self.protect(tenant, subject, encrypts) {
            Ok(protection) => protection,
            Err(error) => {
                self.failed = Some(error);
                Protection::default()
            }
        }
    }
}

impl fmt::Debug for LogKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKeys")
            .field("admission", &self.admission)
            .finish_non_exhaustive()
    }
}
