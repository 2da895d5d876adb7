//! Ciphertexts beside receipts: kept, read, and removed so that they are gone.

use crate::append::signed;
use crate::error::corrupt;
use crate::keys::LogKeys;
use crate::script::Change;
use crate::store::RedisStore;
use ai_audit_core::SubjectKeyId;
use ai_audit_store::{Ciphertext, LogName, StoreError};
use redis::{Cmd, Pipeline};
use std::collections::{BTreeSet, HashMap};

/// Keeps those of one receipt. Gives their bytes.
pub(crate) fn put(
    change: &mut Change,
    keys: &LogKeys,
    seq: u64,
    ciphertexts: &[Ciphertext],
) -> usize {
    let mut bytes = 0;
    let mut pairs = Vec::with_capacity(2 * ciphertexts.len());
    for (place, ciphertext) in ciphertexts.iter().enumerate() {
        bytes += ciphertext.bytes.len();
        pairs.push(format!("{place}.{}", ciphertext.key).into_bytes());
        pairs.push(ciphertext.bytes.clone());
        let member = format!("{seq}.{place}").into_bytes();
        change.add_members(&keys.subject(&ciphertext.key), vec![member]);
    }
    change.fields(&keys.beside(seq), pairs);
    bytes
}

/// A field of a receipt's hash: the ciphertext's place and its key.
fn parse(key: &str, field: &str) -> Result<(u64, SubjectKeyId), StoreError> {
    let parts = field.split_once('.').and_then(|(place, id)| {
        let id = id.parse::<SubjectKeyId>().ok()?;
        Some((place.parse().ok()?, id))
    });
    parts.ok_or_else(|| corrupt(format!("key {key} has a field {field:?}")))
}

impl RedisStore {
    pub(crate) fn read_beside(
        &self,
        log: &LogName,
        seq: u64,
    ) -> Result<Vec<Ciphertext>, StoreError> {
        let size = self.read_head(log)?.map_or(0, |head| head.size());
        if seq >= size {
            return Ok(Vec::new());
        }
        let key = self.keys.of(log).beside(seq);
        let mut cmd = Cmd::new();
        cmd.arg("HGETALL").arg(&key);
        let found: HashMap<String, Vec<u8>> = self.ask("reading ciphertexts", &cmd)?;
        let mut all = found
            .into_iter()
            .map(|(field, bytes)| {
                let (place, id) = parse(&key, &field)?;
                Ok((place, Ciphertext { key: id, bytes }))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        all.sort_unstable_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, ciphertext)| ciphertext).collect())
    }

    /// Removes a log's ciphertexts under these keys; gives how many.
    pub(crate) fn remove_beside(
        &self,
        log: &LogName,
        subjects: &[SubjectKeyId],
    ) -> Result<u64, StoreError> {
        let (keys, subjects) = (self.keys.of(log), subjects.iter().collect::<BTreeSet<_>>());
        self.until_made("removing ciphertexts", || {
            let revision = self.read_revision(log)?;
            let (mut change, mut count) = (Change::default(), 0_usize);
            let mut lengths = Pipeline::new();
            for subject in &subjects {
                let key = keys.subject(subject);
                let mut cmd = Cmd::new();
                cmd.arg("SMEMBERS").arg(&key);
                let members: Vec<String> = self.ask("looking for ciphertexts", &cmd)?;
                for member in &members {
                    let parts = member.split_once('.');
                    let (seq, place) = parts
                        .and_then(|(seq, place)| Some((seq.parse().ok()?, place)))
                        .ok_or_else(|| corrupt(format!("key {key} has a member {member:?}")))?;
                    let (beside, field) = (keys.beside(seq), format!("{place}.{subject}"));
                    lengths.cmd("HSTRLEN").arg(&beside).arg(&field);
                    change.remove_fields(&beside, vec![field.into_bytes()]);
                }
                count += members.len();
                // Those alone: another may be under this key since.
                let members = members.into_iter().map(String::into_bytes).collect();
                change.remove_members(&key, members);
            }
            if !change.is_empty() {
                let lengths: Vec<usize> = self.ask_all("reading lengths", &lengths)?;
                let bytes = signed(sum(&lengths));
                change.add(&self.keys.totals, "bytes", bytes.saturating_neg());
                change.revise(&self.keys, log.as_str(), &revision);
            }
            Ok((change, u64::try_from(count).unwrap_or(u64::MAX)))
        })
    }

    /// Removes those beside receipts whose bytes go in the same change. Gives their bytes.
    pub(crate) fn remove_beside_receipts(
        &self,
        change: &mut Change,
        keys: &LogKeys,
        seqs: &[u64],
    ) -> Result<usize, StoreError> {
        let mut pipeline = Pipeline::new();
        for seq in seqs {
            pipeline.cmd("HKEYS").arg(keys.beside(*seq));
        }
        let found: Vec<Vec<String>> = self.ask_all("looking for ciphertexts", &pipeline)?;
        let mut lengths = Pipeline::new();
        for (seq, fields) in seqs.iter().zip(found) {
            let key = keys.beside(*seq);
            for field in &fields {
                let (place, subject) = parse(&key, field)?;
                lengths.cmd("HSTRLEN").arg(&key).arg(field);
                let member = format!("{seq}.{place}").into_bytes();
                change.remove_members(&keys.subject(&subject), vec![member]);
            }
            if !fields.is_empty() {
                change.unlink_hash(&key);
            }
        }
        let lengths: Vec<usize> = self.ask_all("reading lengths", &lengths)?;
        Ok(sum(&lengths))
    }
}

/// What a server says of lengths may be anything.
fn sum(lengths: &[usize]) -> usize {
    lengths
        .iter()
        .fold(0, |sum, len| usize::saturating_add(sum, *len))
}
