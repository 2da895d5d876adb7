//! Ids for what is recorded, and what its texts go through: digest secrets, redaction, encryption.

use super::admission::Admission;
use ai_audit_core::{DigestSecret, LogId, ReceiptId, SubjectKeyId};
use ai_audit_directory::{LogDirectory, OsRandom, REDACTION_POLICY, Writer};
use ai_audit_ingest::{Keys, Protection, Redaction};
use ai_audit_pii::{Policy, PseudonymKey};
use ai_audit_shredding::SubjectKey;
use ai_audit_store::{ChangePolicy, Clock as _, LogName, Random as _, SystemClock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// For checking: ids, digests and ciphertexts that nobody will see, and the redaction that counts.
pub(super) struct Trial<'d> {
    directory: &'d LogDirectory,
    admission: Admission<'d>,
    /// A redaction policy that is to be put in force first.
    given: Option<&'d Policy>,
    redactions: BTreeMap<LogName, Option<Arc<Redaction>>>,
    key: Arc<SubjectKey>,
    /// Who needs a key, by log.
    subjects: Subjects,
    failed: Option<anyhow::Error>,
}

/// Subjects that need a key, by log.
pub(super) type Subjects = BTreeMap<LogName, BTreeSet<String>>;

/// So many are kept of each log; others get theirs when they come.
const MOST_SUBJECTS: usize = 100_000;

impl<'d> Trial<'d> {
    pub(super) fn new(
        directory: &'d LogDirectory,
        admission: Admission<'d>,
        given: Option<&'d Policy>,
    ) -> Self {
        let nobody = (SubjectKeyId::from_bytes([0; 16]), LogId::ZERO);
        Self {
            directory,
            admission,
            given,
            redactions: BTreeMap::new(),
            key: Arc::new(SubjectKey::new(nobody.0, nobody.1, &[0; 32])),
            subjects: Subjects::new(),
            failed: None,
        }
    }

    /// Who needs a key.
    pub(super) fn into_subjects(self) -> Subjects {
        self.subjects
    }

    /// What went wrong while the last group was read.
    pub(super) fn take_failure(&mut self) -> Option<anyhow::Error> {
        self.failed.take()
    }

    fn redaction(&mut self, log: &LogName) -> anyhow::Result<Option<Arc<Redaction>>> {
        if let Some(known) = self.redactions.get(log) {
            return Ok(known.clone());
        }
        // A log that is not there yet begins with the policy of the default one.
        let there = self.directory.store().head(log)?.is_some();
        let from = if there {
            log.clone()
        } else {
            LogName::default()
        };
        let policy = match self.given {
            Some(policy) => Some(policy.clone()),
            None if self.directory.store().head(&from)?.is_some() => {
                self.directory.redaction(&from)?
            }
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

/// Ids, and what protects the texts of the logs, which are opened where they are not there.
pub(super) struct LogKeys<'w> {
    writer: &'w Writer,
    admission: Admission<'w>,
    given: Option<&'w Policy>,
    logs: BTreeMap<LogName, Known>,
    created: Vec<String>,
    /// Logs in which the given policy was put in force, and the receipts that say so.
    policies: Vec<(String, u64)>,
    /// Errors are kept until the group at hand is looked at.
    failed: Option<anyhow::Error>,
}

/// What is known of a log.
struct Known {
    /// None where digests are plain.
    secret: Option<Arc<DigestSecret>>,
    redaction: Option<Arc<Redaction>>,
    /// The subject of the last record, and what hangs on his key: records of one come together.
    last: Option<(String, Arc<SubjectKey>, Arc<DigestSecret>)>,
}

impl<'w> LogKeys<'w> {
    pub(super) const fn new(
        writer: &'w Writer,
        admission: Admission<'w>,
        given: Option<&'w Policy>,
    ) -> Self {
        Self {
            writer,
            admission,
            given,
            logs: BTreeMap::new(),
            created: Vec::new(),
            policies: Vec::new(),
            failed: None,
        }
    }

    /// Has the keys of subjects that are going to be needed made and kept all at once, which is a
    /// multiple faster than as they come. Logs that are not there yet get theirs later.
    pub(super) fn prepare(&self, subjects: &Subjects) -> anyhow::Result<()> {
        let directory = self.writer.directory();
        for (log, subjects) in subjects {
            if directory.store().head(log)?.is_none() {
                continue;
            }
            let keys = self.writer.subject_keys(log)?;
            for subject in subjects {
                if keys.find(subject)?.is_none() {
                    keys.key_for(subject)?;
                }
            }
            keys.sync()?;
        }
        Ok(())
    }

    /// Makes sure that the log of a group that was admitted is there.
    pub(super) fn ready(&mut self, log: &LogName) -> anyhow::Result<()> {
        self.load(log).map(drop)
    }

    /// Tells what went wrong while the last group was read.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The logs that were opened since the last time.
    pub(super) fn take_created(&mut self) -> Vec<String> {
        std::mem::take(&mut self.created)
    }

    /// The policies that were put in force since the last time.
    pub(super) fn take_policies(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.policies)
    }

    /// Gets to know a log, which is opened if it is not there.
    fn load(&mut self, log: &LogName) -> anyhow::Result<&mut Known> {
        if !self.logs.contains_key(log) {
            let known = self.open(log)?;
            self.logs.insert(log.clone(), known);
        }
        self.logs
            .get_mut(log)
            .ok_or_else(|| anyhow::anyhow!("log {log} is not known"))
    }

    fn open(&mut self, log: &LogName) -> anyhow::Result<Known> {
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
                        let own = self.writer.subject_keys(log)?.key_for("")?;
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
        Ok(Known {
            secret,
            redaction,
            last: None,
        })
    }

    fn protect(
        &mut self,
        tenant: Option<&str>,
        subject: &str,
        encrypts: bool,
    ) -> anyhow::Result<Protection> {
        // A group that is not admitted is not recorded: its digests are of no use.
        let Ok(log) = self.admission.log(tenant) else {
            return Ok(Protection::default());
        };
        let writer = self.writer;
        let there = writer.directory().store().head(&log)?.is_some();
        if !there && self.admission.may_open(&log).is_err() {
            return Ok(Protection::default());
        }
        let known = self.load(&log)?;
        let mut protection = Protection {
            secret: known.secret.clone(),
            redaction: known.redaction.clone(),
            key: None,
        };
        let encrypts = encrypts
            || known
                .redaction
                .as_ref()
                .is_some_and(|redaction| redaction.encrypts());
        let keyed = known.secret.is_some() && !subject.is_empty();
        if !encrypts && !keyed {
            return Ok(protection);
        }
        let (key, secret) = match &known.last {
            Some((last, key, secret)) if last == subject => (Arc::clone(key), Arc::clone(secret)),
            _ => {
                let key = writer.subject_keys(&log)?.key_for(subject)?;
                let secret = Arc::new(key.digest_secret());
                let key = Arc::new(key);
                let both = (subject.to_owned(), Arc::clone(&key), Arc::clone(&secret));
                known.last = Some(both);
                (key, secret)
            }
        };
        if keyed {
            protection.secret = Some(secret);
        }
        protection.key = encrypts.then_some(key);
        Ok(protection)
    }
}

impl Keys for LogKeys<'_> {
    fn new_id(&mut self) -> ReceiptId {
        let mut random = [0; 10];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.failed = Some(anyhow::anyhow!("{error}"));
        }
        ReceiptId::from_parts(SystemClock.now(), random)
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut random = [0; 12];
        if let Err(error) = OsRandom.fill(&mut random) {
            self.failed = Some(anyhow::anyhow!("{error}"));
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
