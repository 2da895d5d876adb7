//! Ciphertexts beside the receipts of one segment: an object of their own, so that they can go.

use crate::codec::{In, Kind, Out, corrupt, count};
use crate::delete::PIECE;
use crate::filter::Mark;
use crate::root::Entry;
use crate::store::ObjectStore;
use crate::tree::{Cache, Go};
use ai_audit_core::SubjectKeyId;
use ai_audit_store::{Ciphertext, LogName, StoreError};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError};

/// Ciphertexts by receipt and place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside(pub(crate) Vec<(u64, Ciphertext)>);

impl Beside {
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = self.0.iter().map(|(_, one)| one.bytes.len());
        count(bytes.fold(0, usize::saturating_add))
    }

    pub(crate) fn put(&self) -> Vec<u8> {
        let mut out = Out::new(Kind::Beside);
        out.list(&self.0, |out, (seq, one)| {
            out.u64(*seq);
            out.raw(one.key.as_bytes());
            out.bytes(&one.bytes);
        });
        out.end()
    }

    pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut object = In::new(name, bytes, Kind::Beside)?;
        let all = object.list(28, |object| {
            let seq = object.u64()?;
            let key = SubjectKeyId::from_bytes(object.array()?);
            let bytes = object.bytes()?.to_vec();
            Ok((seq, Ciphertext { key, bytes }))
        })?;
        object.end()?;
        Ok(Self(all))
    }
}

impl ObjectStore {
    /// The ciphertexts beside a segment's receipts.
    pub(crate) fn beside(&self, log: &LogName, entry: &Entry) -> Result<Arc<Beside>, StoreError> {
        let (Some(name), Some(beside)) = (entry.beside_path(log), &entry.beside) else {
            return Ok(Arc::default());
        };
        // The last one alone: whoever goes through a log asks for each of its receipts.
        let last = |cache: &Cache| {
            let found = cache.beside.as_ref().filter(|(known, _)| *known == name);
            found.map(|(_, beside)| Arc::clone(beside))
        };
        if let Some(found) = last(&self.cache.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let all = Beside::parse(&name, &self.fetch(&name, &beside.hash)?)?;
        let fits = |(seq, _): &(u64, Ciphertext)| (entry.from..entry.end()).contains(seq);
        if !all.0.iter().all(fits) {
            return Err(corrupt(format!(
                "object {name}: a ciphertext of a receipt that is elsewhere"
            )));
        }
        let all = Arc::new(all);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.beside = Some((name, Arc::clone(&all)));
        Ok(all)
    }

    pub(crate) fn read_beside(
        &self,
        log: &LogName,
        seq: u64,
    ) -> Result<Vec<Ciphertext>, StoreError> {
        self.reading(|root| {
            let Some(state) = root.logs.get(log) else {
                return Ok(Vec::new());
            };
            let mut found = Vec::new();
            let with = |entry: &Entry| entry.ciphertexts > 0;
            self.walk(log, state, seq, &with, None, &mut |entry| {
                if entry.from <= seq {
                    let all = self.beside(log, entry)?;
                    let own = all.0.iter().filter(|(of, _)| *of == seq);
                    found.extend(own.map(|(_, one)| one.clone()));
                }
                Ok(Go::Stop)
            })?;
            Ok(found)
        })
    }

    /// Removes a log's ciphertexts under these keys; gives how many.
    pub(crate) fn remove_beside(
        &self,
        log: &LogName,
        keys: &[SubjectKeyId],
    ) -> Result<u64, StoreError> {
        let keys: HashSet<&SubjectKeyId> = keys.iter().collect();
        self.changing(log, |root, change| {
            let mut removed = 0;
            let Some(state) = root.logs.get(log) else {
                return Ok(0);
            };
            // A walk for each key, so that filters are of use; a segment may have several of them.
            let mut found = BTreeMap::<u64, Entry>::new();
            let with = |entry: &Entry| entry.ciphertexts > 0;
            for key in &keys {
                self.walk(log, state, 0, &with, Some(Mark::key(key)), &mut |entry| {
                    found.entry(entry.from).or_insert_with(|| entry.clone());
                    Ok(Go::On)
                })?;
            }
            for entry in found.into_values() {
                let all = self.beside(log, &entry)?;
                let (before, weight) = (all.0.len(), all.bytes());
                let kept = all.0.iter().filter(|(_, one)| !keys.contains(&one.key));
                let kept = Beside(kept.cloned().collect());
                if kept.0.len() < before {
                    removed += count(before - kept.0.len());
                    change.beside(log, &entry, weight, &kept);
                    self.write(change, PIECE)?;
                }
            }
            self.rewrite(log, change)?;
            // What was read may have had versions that what was written has not.
            self.deletes()?;
            Ok(removed)
        })
    }
}
