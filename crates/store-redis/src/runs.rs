//! Indexes of 1,024 receipts each, written when there are as many: ids, and traces and sessions.
//!
//! They have no ids and names but marks, the first eight bytes of a SHA-256. What they find is held against
//! the receipts; names of deleted ones go with their bytes.

use crate::error::corrupt;
use crate::keys::{Index, LogKeys, place};
use crate::script::Change;
use crate::store::RedisStore;
use ai_audit_core::{Digest, Header, ReceiptId, UnverifiedReceipt};
use ai_audit_store::{LogName, StoreError};
use core::ops::Range;
use redis::Cmd;
use std::collections::HashSet;

/// Bytes of an entry: a mark, and the place in the run.
const ENTRY: usize = 10;

/// Which name of a receipt.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    Trace,
    Session,
}

pub(crate) fn mark_of_id(id: &ReceiptId) -> [u8; 8] {
    first(&Digest::of(id.as_bytes()))
}

pub(crate) fn mark_of_name(field: Field, name: &str) -> [u8; 8] {
    let text = match field {
        Field::Trace => format!("trace:{name}"),
        Field::Session => format!("session:{name}"),
    };
    first(&Digest::of(text.as_bytes()))
}

fn first(digest: &Digest) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    [a, b, c, d, e, f, g, h]
}

fn entry(mark: [u8; 8], seq: u64) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    let (_, at) = place(seq);
    let at = u16::try_from(at).unwrap_or(u16::MAX);
    for (byte, value) in entry
        .iter_mut()
        .zip(mark.into_iter().chain(at.to_be_bytes()))
    {
        *byte = value;
    }
    entry
}

/// Entries of the names that a receipt has.
pub(crate) fn name_entries(header: &Header<'_>) -> impl Iterator<Item = [u8; ENTRY]> {
    let seq = header.seq;
    let names = [
        (Field::Trace, header.trace_id),
        (Field::Session, header.session_id),
    ];
    names
        .into_iter()
        .filter(|(_, name)| !name.is_empty())
        .map(|(field, name)| entry(mark_of_name(field, name), seq))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The indexes of one run while they are made.
#[derive(Debug, Default)]
pub(crate) struct Run {
    ids: Vec<[u8; ENTRY]>,
    names: Vec<[u8; ENTRY]>,
}

impl Run {
    pub(crate) fn add(&mut self, header: &Header<'_>) {
        self.ids.push(entry(mark_of_id(&header.id), header.seq));
        self.names.extend(name_entries(header));
    }

    /// Receipts of one run that are in the store already.
    pub(crate) fn add_stored(
        &mut self,
        store: &RedisStore,
        log: &LogName,
        keys: &LogKeys,
        range: Range<u64>,
    ) -> Result<(), StoreError> {
        let rows = store.rows(log, keys, range.clone())?;
        for (row, seq) in rows.iter().zip(range.clone()) {
            self.ids.push(entry(mark_of_id(&row.id), seq));
        }
        for (sealed, seq) in store.sealed(log, keys, range.clone())?.iter().zip(range) {
            if !sealed.is_empty() {
                let receipt = stored(log, seq, sealed)?;
                self.names.extend(name_entries(receipt.header()));
            }
        }
        Ok(())
    }

    pub(crate) fn write(self, change: &mut Change, keys: &LogKeys, run: u64) {
        change.set(&keys.run(Index::Ids, run), sorted(self.ids));
        change.set(&keys.run(Index::Names, run), sorted(self.names));
    }
}

/// A receipt out of the store.
pub(crate) fn stored<'b>(
    log: &LogName,
    seq: u64,
    sealed: &'b [u8],
) -> Result<UnverifiedReceipt<'b>, StoreError> {
    UnverifiedReceipt::parse(sealed)
        .map_err(|error| corrupt(format!("log {log}, receipt {seq}: {error}")))
}

fn sorted(mut entries: Vec<[u8; ENTRY]>) -> Vec<u8> {
    entries.sort_unstable();
    entries.dedup();
    entries.concat()
}

impl RedisStore {
    /// The names' index of a complete run without those of these receipts, and with these entries.
    pub(crate) fn names_with(
        &self,
        keys: &LogKeys,
        run: u64,
        without: &HashSet<u64>,
        with: Vec<[u8; ENTRY]>,
    ) -> Result<Vec<u8>, StoreError> {
        let key = keys.run(Index::Names, run);
        let mut cmd = Cmd::new();
        cmd.arg("GET").arg(&key);
        let found: Option<Vec<u8>> = self.ask("reading an index", &cmd)?;
        let found = found.unwrap_or_default();
        let (entries, rest) = found.as_chunks::<ENTRY>();
        if !rest.is_empty() {
            return Err(corrupt(format!("key {key} has {} bytes", found.len())));
        }
        let first = run.saturating_mul(crate::keys::RUN);
        let kept = entries.iter().copied().filter(|entry| {
            let [.., high, low] = *entry;
            !without.contains(&(first + u64::from(u16::from_be_bytes([high, low]))))
        });
        Ok(sorted(kept.chain(with).collect()))
    }
}
