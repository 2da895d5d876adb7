//! What a log holds on its subjects.

use crate::texts::{TextState, kept_texts};
use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{
    Decision, DecodeBody as _, DigestSecret, Kind, LeafHash, ReceiptId, SubjectKeyId, TextDigest,
    Timestamp, UnverifiedReceipt,
};
use ai_audit_shredding::{
    Access, AccessOutcome, Erasure, ErasureAudit, ErasureCompleted, ErasureRequested, HeldKey,
    SubjectKeys, SubjectKeysError,
};
use ai_audit_store::{LogName, Query, StoreReader};
use std::collections::{BTreeMap, BTreeSet};

/// A subject in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectInfo {
    /// The pseudonym; empty for the log itself.
    pub subject: String,
    /// Decisions about it.
    pub receipts: u64,
    /// Texts of them that are encrypted under a key of the subject.
    pub encrypted: u64,
    /// How many of these hang on a key that is destroyed.
    pub erased: u64,
    /// The key in use, where keys are kept here and there is one.
    pub key: Option<SubjectKeyId>,
    /// The completion by which that key is destroyed: it came back from before, and is not in use.
    pub destroyed: Option<u64>,
    /// The completion of the last erasure that names it.
    pub erasure: Option<u64>,
}

/// Everything that is held on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOn {
    /// The pseudonym; empty for the log itself.
    pub subject: String,
    /// The key in use, where keys are kept here and there is one.
    pub key: Option<SubjectKeyId>,
    /// The completion by which that key is destroyed: it came back from before, and is not in use.
    pub destroyed: Option<u64>,
    /// The decisions about it.
    pub receipts: Vec<HeldReceipt>,
    /// The erasures that name it.
    pub erasures: Vec<Erasure>,
    /// Who was shown what.
    pub accesses: Vec<HeldAccess>,
    /// Receipts of the log whose bytes are deleted: what they named is not known any more.
    pub deleted: u64,
}

/// A decision about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReceipt {
    /// Its place.
    pub seq: u64,
    /// Its id.
    pub id: ReceiptId,
    /// Its hash.
    pub hash: LeafHash,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// The texts that it keeps.
    pub texts: Vec<(String, TextState)>,
    /// Whether what is encrypted in it hangs on a destroyed key.
    pub erased: bool,
    /// Whether something in it hangs on a key that nothing destroyed and that is not the one here, where keys are kept.
    pub is_elsewhere: bool,
}

/// Somebody was shown what is kept encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAccess {
    /// The access receipt.
    pub seq: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Who looked; may be empty.
    pub actor_id: String,
    /// The receipt that was looked into; none for all.
    pub receipt: Option<LeafHash>,
    /// The field; empty for all.
    pub field: String,
    /// What for; may be empty.
    pub purpose: String,
    /// What came of it.
    pub outcome: AccessOutcome,
}

/// What one walk over a log tells: each receipt once, and the erasures at the end.
fn walk(
    directory: &LogDirectory,
    log: &LogName,
    mut see: impl FnMut(&UnverifiedReceipt<'_>),
) -> Result<(ErasureAudit, u64), DirectoryError> {
    directory.head(log)?;
    let mut reader = StoreReader::new(directory.store(), log)?;
    let mut audit = ErasureAudit::new();
    let mut deleted = 0;
    while let Some(stored) = reader.read_receipt()? {
        let Some(receipt) = stored
            .sealed()
            .and_then(|sealed| UnverifiedReceipt::parse(sealed).ok())
        else {
            deleted += 1;
            continue;
        };
        // What does not hold is for `verify` to say.
        let _ = audit.push(&receipt);
        see(&receipt);
    }
    Ok((audit, deleted))
}

fn keys_of(decision: &Decision<'_>) -> Vec<SubjectKeyId> {
    decision.encrypted().map(|(_, field)| field.key).collect()
}

impl LogDirectory {
    /// The subjects of a log, sorted: those that receipts name, and those of whom a key is kept.
    ///
    /// # Errors
    ///
    /// When the log or the keys cannot be read.
    pub fn subjects(&self, log: &LogName) -> Result<Vec<SubjectInfo>, DirectoryError> {
        let mut found: BTreeMap<String, (SubjectInfo, Vec<SubjectKeyId>)> = BTreeMap::new();
        let (audit, _) = walk(self, log, |receipt| {
            let Some((subject, used)) = concerns(receipt) else {
                return;
            };
            if subject.is_empty() && used.is_empty() {
                return;
            }
            let (info, all) = found
                .entry(subject.clone())
                .or_insert_with(|| (SubjectInfo::new(subject), Vec::new()));
            info.receipts += u64::from(receipt.header().kind == Kind::DECISION);
            info.encrypted += u64::try_from(used.len()).unwrap_or(u64::MAX);
            all.extend(used);
        })?;
        if let Some(keys) = self.subject_keys(log)? {
            for (subject, key) in keys.subjects()? {
                let (info, _) = found
                    .entry(subject.clone())
                    .or_insert_with(|| (SubjectInfo::new(subject), Vec::new()));
                info.key = Some(key);
            }
        }
        for (info, used) in found.values_mut() {
            let gone = used.iter().filter(|key| audit.is_destroyed(key)).count();
            info.erased = u64::try_from(gone).unwrap_or(u64::MAX);
            info.destroyed = info.key.and_then(|key| audit.destroyed_by(&key));
        }
        for erasure in &audit.finish().all {
            for (subject, _) in &erasure.subjects {
                if let Some((info, _)) = found.get_mut(subject) {
                    info.erasure = erasure.completed.or(info.erasure);
                }
            }
        }
        Ok(found.into_values().map(|(info, _)| info).collect())
    }

    /// Everything that a log holds on one subject. Nothing is decrypted.
    ///
    /// # Errors
    ///
    /// When the log or the keys cannot be read.
    pub fn held_on(&self, log: &LogName, subject: &str) -> Result<HeldOn, DirectoryError> {
        let mut held = HeldOn {
            subject: subject.to_owned(),
            key: None,
            destroyed: None,
            receipts: Vec::new(),
            erasures: Vec::new(),
            accesses: Vec::new(),
            deleted: 0,
        };
        let mut used = Vec::new();
        let (audit, deleted) = walk(self, log, |receipt| {
            let header = receipt.header();
            if let Ok(access) = Access::decode(receipt)
                && access.subject == *subject
            {
                held.accesses.push(HeldAccess {
                    seq: header.seq,
                    sealed_at: header.sealed_at,
                    actor_id: header.actor_id.to_owned(),
                    receipt: access.receipt,
                    field: access.field.to_string(),
                    purpose: access.purpose.to_string(),
                    outcome: access.outcome,
                });
            }
            let Ok(decision) = Decision::decode(receipt) else {
                return;
            };
            let keys = keys_of(&decision);
            // The log's own key holds what is of nobody: a decision without either is not held on it.
            if decision.subject != *subject || (subject.is_empty() && keys.is_empty()) {
                return;
            }
            held.receipts.push(HeldReceipt {
                seq: header.seq,
                id: header.id,
                hash: receipt.hash(),
                sealed_at: header.sealed_at,
                texts: kept_texts(&decision),
                erased: false,
                is_elsewhere: false,
            });
            used.push(keys);
        })?;
        let kept = self.subject_keys(log)?;
        if let Some(kept) = &kept {
            held.key = kept.find(subject)?;
        }
        let here = held.key;
        held.destroyed = here.and_then(|key| audit.destroyed_by(&key));
        let is_elsewhere = |key: &SubjectKeyId| here != Some(*key) && !audit.is_destroyed(key);
        for (receipt, keys) in held.receipts.iter_mut().zip(used) {
            receipt.erased = keys.iter().any(|key| audit.is_destroyed(key));
            receipt.is_elsewhere = kept.is_some() && keys.iter().any(is_elsewhere);
        }
        held.erasures = audit.finish().of(subject).cloned().collect();
        held.deleted = deleted;
        Ok(held)
    }
}

impl LogDirectory {
    /// The secret under which the texts of a receipt about `subject` were digested.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Erased`]; when the keys cannot be read or are not here.
    pub fn digest_secret_of(
        &self,
        log: &LogName,
        seq: u64,
        subject: &str,
    ) -> Result<DigestSecret, DirectoryError> {
        if subject.is_empty() {
            return self.digest_secret(log);
        }
        // A key that came after an erasure is not the one that was in use then.
        let requests = Query::Kind(Kind::ERASURE_REQUESTED);
        for request in self.store().find(log, &requests, Some(seq), usize::MAX)? {
            let sealed = self.receipt(log, request)?;
            let names = UnverifiedReceipt::parse(&sealed).and_then(|receipt| {
                ErasureRequested::decode(&receipt)
                    .map(|request| request.subjects.iter().any(|one| one.subject == *subject))
            });
            if names.unwrap_or(false) {
                let log = log.clone();
                return Err(DirectoryError::Erased { log, seq });
            }
        }
        let missing = || {
            let what = format!("no key is held for the subject of receipt {seq} of log {log}");
            DirectoryError::SubjectKeys(SubjectKeysError::new(what))
        };
        let keys = self.subject_keys(log)?.ok_or_else(missing)?;
        let id = keys.find(subject)?.ok_or_else(missing)?;
        match keys.held(id)? {
            HeldKey::InUse { key, .. } => Ok(key.digest_secret()),
            _ => Err(missing()),
        }
    }
}

impl LogDirectory {
    /// The keys of which the log says that they are destroyed.
    pub(crate) fn destroyed_keys(
        &self,
        log: &LogName,
    ) -> Result<BTreeSet<SubjectKeyId>, DirectoryError> {
        let completions = Query::Kind(Kind::ERASURE_COMPLETED);
        let mut destroyed = BTreeSet::new();
        for seq in self.store().find(log, &completions, None, usize::MAX)? {
            destroyed.extend(self.completed_keys(log, seq)?);
        }
        Ok(destroyed)
    }

    /// The keys of one completion.
    fn completed_keys(&self, log: &LogName, seq: u64) -> Result<Vec<SubjectKeyId>, DirectoryError> {
        let sealed = self.receipt(log, seq)?;
        let keys = UnverifiedReceipt::parse(&sealed).and_then(|receipt| {
            ErasureCompleted::decode(&receipt)
                .map(|completed| completed.keys.iter().copied().collect::<Vec<_>>())
        });
        // What is none is for `verify` to say.
        Ok(keys.unwrap_or_default())
    }

    /// Of keys that are held, with their subjects, those of which the log says that they are destroyed: the file of keys came
    /// back from before that. None of them stands in for the key that the log uses since (A132). A completion that cannot be
    /// read says nothing of them, and keeps no erasure back.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked where the completions are.
    pub fn keys_that_came_back(
        &self,
        log: &LogName,
        mut held: Vec<(String, SubjectKeyId)>,
    ) -> Result<Vec<(String, SubjectKeyId)>, DirectoryError> {
        if held.is_empty() {
            return Ok(held);
        }
        let completions = Query::Kind(Kind::ERASURE_COMPLETED);
        let mut destroyed = BTreeSet::new();
        for seq in self.store().find(log, &completions, None, usize::MAX)? {
            destroyed.extend(self.completed_keys(log, seq).unwrap_or_default());
        }
        held.retain(|(_, key)| destroyed.contains(key));
        Ok(held)
    }
}

/// What an erasure does not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remains {
    /// Texts of the subjects that are kept in the clear.
    pub clear: u64,
    /// Decisions about them with digests that anybody with a guess can check.
    pub plain_digests: u64,
}

impl LogDirectory {
    /// What of some subjects an erasure does not reach.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn remains_of(
        &self,
        log: &LogName,
        subjects: &[String],
    ) -> Result<Remains, DirectoryError> {
        let mut remains = Remains::default();
        walk(self, log, |receipt| {
            let Ok(decision) = Decision::decode(receipt) else {
                return;
            };
            let subject = decision.subject.as_str();
            if subject.is_empty() || !subjects.iter().any(|one| one == subject) {
                return;
            }
            let texts = kept_texts(&decision);
            let clear = texts.iter().filter(|(_, state)| *state == TextState::Plain);
            remains.clear += u64::try_from(clear.count()).unwrap_or(u64::MAX);
            let digests = [decision.input, decision.output].into_iter().flatten();
            let plain = digests
                .into_iter()
                .any(|digest| matches!(digest, TextDigest::Plain(_)));
            remains.plain_digests += u64::from(plain);
        })?;
        Ok(remains)
    }

    /// Keys under which the log still has encrypted texts and that nobody keeps: lost, or destroyed in
    /// what this copy of the log does not know of.
    ///
    /// # Errors
    ///
    /// When the log or the keys cannot be read.
    pub fn lost_keys(
        &self,
        log: &LogName,
        keys: &dyn SubjectKeys,
    ) -> Result<Vec<(String, SubjectKeyId)>, DirectoryError> {
        let mut used: BTreeMap<SubjectKeyId, String> = BTreeMap::new();
        walk(self, log, |receipt| {
            if let Ok(decision) = Decision::decode(receipt) {
                for key in keys_of(&decision) {
                    used.entry(key)
                        .or_insert_with(|| decision.subject.to_string());
                }
            }
        })?;
        for key in self.destroyed_keys(log)? {
            used.remove(&key);
        }
        let mut lost = Vec::new();
        for (key, subject) in used {
            if keys.find(&subject)? != Some(key)
                && !matches!(keys.held(key)?, HeldKey::InUse { .. })
            {
                lost.push((subject, key));
            }
        }
        Ok(lost)
    }
}

/// Whom a receipt is about, and the keys under which something of it is encrypted.
fn concerns(receipt: &UnverifiedReceipt<'_>) -> Option<(String, Vec<SubjectKeyId>)> {
    match receipt.header().kind {
        Kind::DECISION => {
            let decision = Decision::decode(receipt).ok()?;
            Some((decision.subject.to_string(), keys_of(&decision)))
        }
        Kind::ACCESS => {
            let access = Access::decode(receipt).ok()?;
            Some((access.subject.to_string(), Vec::new()))
        }
        _ => None,
    }
}

impl SubjectInfo {
    const fn new(subject: String) -> Self {
        Self {
            subject,
            receipts: 0,
            encrypted: 0,
            erased: 0,
            key: None,
            destroyed: None,
            erasure: None,
        }
    }
}
