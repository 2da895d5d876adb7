//! Erasing subjects: request, destruction, completion; and finishing what was cut off.

use super::Writer;
use super::open::parse;
use super::owed::{Erasing, Owed};
use super::pending::Pending;
use crate::ledger::{ChangePolicy, Receipt, Shred, Shredded};
use crate::{AppendError, LedgerError, LogName, StoreError, open_erasures};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, PolicyChange, PolicyEntry, SubjectKeyId};
use ai_audit_shredding::{
    ErasedSubject, ErasureCompleted, ErasureRequested, HeldKey, KekId, SubjectKeys,
    SubjectKeysError,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of subjects in one request: far below what a receipt holds.
const REQUEST_LEN: usize = 32 * 1024;
/// What a subject takes beside its name: lengths, and the id of its key.
const SUBJECT_LEN: usize = 24;

/// A request that is in the log.
struct Requested {
    seq: u64,
    hash: LeafHash,
    subjects: BTreeSet<String>,
    keys: Vec<SubjectKeyId>,
    kek: KekId,
}

impl Writer {
    /// Destroys the keys of subjects.
    pub(super) fn shred(&mut self, name: &LogName, wish: &Shred) -> Result<Shredded, LedgerError> {
        // What is owed of another one comes first.
        self.pay(name)?;
        let keys = self.keeper(name)?;
        let failed = failed_keys(name);
        keys.sync().map_err(&failed)?;
        // What cannot be read keeps no erasure back.
        let _ = self.look(name, &*keys);
        let mut subjects = BTreeSet::new();
        let mut nothing = Vec::new();
        for subject in wish.subjects.iter().collect::<BTreeSet<_>>() {
            self.is_erasable(name, subject, &wish.lost)
                .map_err(&failed)?;
            match keys.find(subject).map_err(&failed)? {
                Some(key) => {
                    subjects.insert((subject.clone(), key));
                }
                None => nothing.push(subject.clone()),
            }
        }
        subjects.extend(wish.lost.iter().cloned());
        if !nothing.is_empty() || subjects.is_empty() {
            return Err(LedgerError::NothingHeld {
                log: name.clone(),
                subjects: nothing,
            });
        }
        let subjects: Vec<(String, SubjectKeyId)> = subjects.into_iter().collect();
        let doomed: Vec<SubjectKeyId> = subjects.iter().map(|(_, key)| *key).collect();
        // What is recorded has to be finished, and nothing else is recorded before that.
        keys.may_destroy(&doomed).map_err(&failed)?;
        self.store.may_delete(name)?;
        let kek = keys.kek().map_err(&failed)?;
        let (requests, requested) = self.request(name, wish, &subjects, kek)?;
        let (completions, ciphertexts) = self.destroy(name, &*keys, &requested)?;
        self.paid(name)?;
        Ok(Shredded {
            subjects,
            requests,
            completions,
            ciphertexts,
        })
    }

    /// Makes the requests durable.
    fn request(
        &mut self,
        name: &LogName,
        wish: &Shred,
        subjects: &[(String, SubjectKeyId)],
        kek: KekId,
    ) -> Result<(Vec<Receipt>, Vec<Requested>), LedgerError> {
        let append = failed_to_append(name);
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let mut pending = Pending::new(log);
        let (mut receipts, mut requested) = (Vec::new(), Vec::new());
        for part in parts(subjects) {
            // A verifier expects each entry of a subject to name the key in use, so he has one, with all his keys.
            let of_one = part.chunk_by(|one, next| one.0 == next.0);
            let erased = of_one.filter_map(|keys| {
                Some(ErasedSubject {
                    subject: keys.first()?.0.as_str().into(),
                    keys: keys.iter().map(|(_, key)| *key).collect(),
                })
            });
            let body = ErasureRequested {
                subjects: erased.collect(),
                reason: wish.reason.as_str().into(),
                legal_basis: wish.legal_basis.as_str().into(),
                requested_by: wish.requested_by.as_str().into(),
                kek,
            };
            let receipt = self
                .sealer
                .own(log, &mut pending, |_| body)
                .map_err(&append)?;
            receipts.push(receipt);
            requested.push(Requested {
                seq: receipt.seq,
                hash: receipt.hash,
                subjects: part.iter().map(|(subject, _)| subject.clone()).collect(),
                keys: part.iter().map(|(_, key)| *key).collect(),
                kek,
            });
        }
        self.set_erasing(name, Erasing::Open);
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        Ok((receipts, requested))
    }

    /// Destroys the keys of requests that are durable, and completes them, but for those of which a store that is away
    /// has something yet.
    fn destroy(
        &mut self,
        name: &LogName,
        keys: &dyn SubjectKeys,
        requested: &[Requested],
    ) -> Result<(Vec<Receipt>, u64), LedgerError> {
        let append = failed_to_append(name);
        let (mut removed, mut owed) = (0_u64, None::<Owed>);
        let mut bodies = Vec::with_capacity(requested.len());
        // All requests of one time have one key-encryption key, and need one destruction.
        let mut by_kek: BTreeMap<KekId, Vec<&Requested>> = BTreeMap::new();
        for request in requested {
            by_kek.entry(request.kek).or_default().push(request);
        }
        for (kek, requests) in by_kek {
            let doomed: Vec<SubjectKeyId> = requests
                .iter()
                .flat_map(|request| request.keys.iter().copied())
                .collect();
            let kek = keys.destroy(&doomed, kek).map_err(failed_keys(name))?;
            for request in requests {
                // A server that says nothing is waited for, and no log of this writer grows meanwhile: once is enough. Where it
                // answered, one request that it cannot do keeps none of the others.
                if let Some(owed) = owed.as_mut().filter(|owed| owed.is_away()) {
                    owed.extend(&request.subjects);
                    continue;
                }
                let ciphertexts = match self.store.delete_ciphertexts(name, &request.keys) {
                    Ok(ciphertexts) => ciphertexts,
                    Err(error @ StoreError::Owed { .. }) => {
                        let waits =
                            owed.get_or_insert_with(|| Owed::new(request.seq, error.clone()));
                        waits.again(error);
                        waits.extend(&request.subjects);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                removed = removed.saturating_add(ciphertexts);
                bodies.push(ErasureCompleted {
                    request: request.hash,
                    keys: request.keys.iter().copied().collect(),
                    kek,
                    ciphertexts,
                });
            }
        }
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let mut pending = Pending::new(log);
        let mut receipts = Vec::with_capacity(bodies.len());
        for body in bodies {
            let receipt = self
                .sealer
                .own(log, &mut pending, |_| body)
                .map_err(&append)?;
            receipts.push(receipt);
        }
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        self.set_erasing(name, owed.map_or(Erasing::Nothing, Erasing::Owed));
        Ok((receipts, removed))
    }

    /// Whether erasures were requested that are not completed.
    pub(super) fn has_open_erasures(&self, name: &LogName) -> Result<bool, LedgerError> {
        let requests = self.places(name, Kind::ERASURE_REQUESTED, None)?;
        let completions = self.places(name, Kind::ERASURE_COMPLETED, None)?;
        Ok(requests.len() != completions.len())
    }

    /// Finishes erasures that were requested and not completed. What is owed then by a store that is away is no error:
    /// see [`paid`](Self::paid).
    pub(super) fn finish_erasures(&mut self, name: &LogName) -> Result<(), LedgerError> {
        let open = self.requested(name)?;
        let Some(seq) = open.first().map(|request| request.seq) else {
            self.set_erasing(name, Erasing::Nothing);
            return Ok(());
        };
        // Then their keys are gone, and the log grows whatever comes of it.
        let is_owed = self.paid(name).is_err();
        let finished = self
            .keeper(name)
            .and_then(|keys| self.destroy(name, &*keys, &open));
        finished.map(drop).map_err(|error| match is_owed {
            true => error,
            false => LedgerError::Unfinished {
                log: name.clone(),
                seq,
                error: Box::new(error),
            },
        })
    }

    /// The requests that are not completed.
    fn requested(&self, name: &LogName) -> Result<Vec<Requested>, LedgerError> {
        let mut open = Vec::new();
        for seq in open_erasures(&*self.store, name)? {
            let sealed = self.read_sealed(name, seq)?;
            let receipt = parse(name, seq, &sealed)?;
            let request = ErasureRequested::decode(&receipt);
            let request = request.map_err(|error| LedgerError::Receipt {
                log: name.clone(),
                seq,
                error,
            })?;
            let subjects = request.subjects.iter().map(|one| one.subject.to_string());
            open.push(Requested {
                seq,
                hash: receipt.hash(),
                subjects: subjects.collect(),
                keys: request.keys().collect(),
                kek: request.kek,
            });
        }
        Ok(open)
    }

    /// Makes the keys durable that were handed out for what is about to be stored.
    pub(super) fn sync_keys(&mut self, name: &LogName) -> Result<(), AppendError> {
        let (Some(source), Some(head)) = (&self.config.subject_keys, self.head(name)) else {
            return Ok(());
        };
        let Some(keys) = source.opened(name, head.log_id()) else {
            return Ok(());
        };
        if let Some(log) = self.logs.get_mut(name) {
            // If that fails the next process has more to read.
            let _ = log.conflicts.advance(&*keys, &log.head);
        }
        keys.sync().map_err(AppendError::SubjectKeys)
    }

    /// Refuses records that hang on keys which are not in use any more, or on the next ones of subjects whose erasure is
    /// not completed.
    pub(super) fn check_keys(
        &self,
        name: &LogName,
        records: &[crate::Record],
    ) -> Result<(), AppendError> {
        let (Some(source), Some(head)) = (&self.config.subject_keys, self.head(name)) else {
            return Ok(());
        };
        let log = self.logs.get(name);
        let owed = log.and_then(|log| log.erasing.owed());
        for (index, record) in records.iter().enumerate() {
            let used: BTreeSet<SubjectKeyId> =
                record.ciphertexts.iter().map(|text| text.key).collect();
            for key in used {
                let keys = source
                    .subject_keys(name, head.log_id())
                    .map_err(|reason| AppendError::SubjectKeys(SubjectKeysError::new(reason)))?;
                match keys.held(key).map_err(AppendError::SubjectKeys)? {
                    HeldKey::InUse { subject, .. } => {
                        if let Some(owed) = owed.filter(|owed| owed.concerns(&subject)) {
                            return Err(AppendError::Erasing(Box::new(owed.told(name))));
                        }
                        if let Some(conflict) =
                            log.and_then(|log| log.conflicts.of(&subject).next())
                        {
                            let conflict = Box::new(conflict.clone());
                            return Err(AppendError::KeyConflict { index, conflict });
                        }
                    }
                    _ => return Err(AppendError::Erased { index, key }),
                }
            }
        }
        Ok(())
    }

    /// The keeper of a log's subject keys.
    fn keeper(&self, name: &LogName) -> Result<Arc<dyn SubjectKeys>, LedgerError> {
        let Some(source) = &self.config.subject_keys else {
            return Err(LedgerError::NoSubjectKeys { log: name.clone() });
        };
        let Some(head) = self.head(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        source
            .subject_keys(name, head.log_id())
            .map_err(|reason| LedgerError::SubjectKeys {
                log: name.clone(),
                error: SubjectKeysError::new(reason),
            })
    }

    /// Appends a change of policy.
    pub(super) fn change_policy(
        &mut self,
        name: &LogName,
        change: &ChangePolicy,
    ) -> Result<Receipt, LedgerError> {
        let append = failed_to_append(name);
        self.settle(name).map_err(&append)?;
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let mut entries = change.entries.clone();
        entries.sort();
        let entries = entries.iter().map(|(entry, value)| PolicyEntry {
            name: entry.as_str().into(),
            value: value.as_str().into(),
        });
        let body = PolicyChange {
            policy: entries.collect(),
            reason: change.reason.as_str().into(),
        };
        let mut pending = Pending::new(log);
        let receipt = self
            .sealer
            .own(log, &mut pending, |_| body)
            .map_err(&append)?;
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        Ok(receipt)
    }
}

/// Subjects in parts that fit one request.
fn parts(subjects: &[(String, SubjectKeyId)]) -> Vec<&[(String, SubjectKeyId)]> {
    let mut parts = Vec::new();
    let mut rest = subjects;
    while !rest.is_empty() {
        let mut len = 0;
        let fitting = rest
            .iter()
            .take_while(|(subject, _)| {
                len += subject.len() + SUBJECT_LEN;
                len <= REQUEST_LEN
            })
            .count();
        let mut end = fitting.max(1);
        // All keys of a subject stand in one request.
        while end < rest.len() && rest[end].0 == rest[end - 1].0 {
            end += 1;
        }
        let (part, behind) = rest.split_at(end);
        parts.push(part);
        rest = behind;
    }
    parts
}

fn failed_to_append(name: &LogName) -> impl Fn(AppendError) -> LedgerError {
    |error| LedgerError::Append {
        log: name.clone(),
        error,
    }
}

fn failed_keys(name: &LogName) -> impl Fn(SubjectKeysError) -> LedgerError {
    |error| LedgerError::SubjectKeys {
        log: name.clone(),
        error,
    }
}
