//! Destroying keys: one step in the file, between two at the key-encryption key.

use super::file::{KEYS, begin};
use super::rows::{Failure, Result};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{SubjectKeysError, WrapsKeys};
use ai_audit_store::Random;
use rusqlite::{Connection, Transaction, params};
use std::collections::BTreeSet;

/// Both key-encryption keys of an erasure.
pub(super) struct Handover<'a> {
    pub(super) old: &'a dyn WrapsKeys,
    pub(super) next: &'a dyn WrapsKeys,
}

/// In one transaction: leaves tombstones in place of the keys and wraps all others anew.
pub(super) fn destroy(
    connection: &mut Connection,
    log: &LogId,
    keys: &[SubjectKeyId],
    keks: &Handover<'_>,
    random: &dyn Random,
) -> Result<()> {
    let transaction = begin(connection)?;
    wrap_anew(
        &transaction,
        log,
        &keys.iter().copied().collect(),
        keks,
        random,
    )?;
    {
        let mut insert =
            transaction.prepare("INSERT OR IGNORE INTO tombstones (key) VALUES (?)")?;
        for key in keys {
            insert.execute([key.as_bytes()])?;
        }
    }
    // Under the key that the rows were read under, or not at all.
    let changed = transaction.execute(
        "UPDATE meta SET kek = ? WHERE kek = ?",
        params![keks.next.id().as_bytes(), keks.old.id().as_bytes()],
    )?;
    if changed != 1 {
        return Err(Failure::Damaged(format!(
            "its keys are no longer wrapped under key-encryption key {}: another process writes it; end that one and try again",
            keks.old.id()
        )));
    }
    Ok(transaction.commit()?)
}

/// Copies what stays into a new table and drops the old one, all of whose pages SQLite overwrites with
/// zeros. Deleting the rows would overwrite these, and not the copies that stay behind in a page where
/// SQLite moved a row to another one.
fn wrap_anew(
    transaction: &Transaction<'_>,
    log: &LogId,
    destroyed: &BTreeSet<SubjectKeyId>,
    keks: &Handover<'_>,
    random: &dyn Random,
) -> Result<()> {
    transaction.execute_batch(&format!("CREATE TABLE next_keys {KEYS}"))?;
    {
        let mut select =
            transaction.prepare("SELECT key, subject, wrapped FROM keys ORDER BY key")?;
        let mut insert = transaction
            .prepare("INSERT INTO next_keys (key, subject, wrapped) VALUES (?, ?, ?)")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id = SubjectKeyId::from_bytes(row.get(0)?);
            if destroyed.contains(&id) {
                continue;
            }
            let subject: String = row.get(1)?;
            let wrapped: Vec<u8> = row.get(2)?;
            // Whether a service is away or a row is damaged cannot be told: nothing may be lost.
            let key = keks
                .old
                .unwrap(log, &subject, id, &wrapped)
                .map_err(|error| does_not_open(id, &subject, &error))?;
            let wrapped = keks.next.wrap(&subject, &key, nonce(random)?)?;
            insert.execute(params![id.as_bytes(), subject, wrapped])?;
        }
    }
    transaction.execute_batch("DROP TABLE keys; ALTER TABLE next_keys RENAME TO keys")?;
    Ok(())
}

/// Whether every key but these opens.
pub(super) fn all_open(
    connection: &Connection,
    log: &LogId,
    but: &BTreeSet<SubjectKeyId>,
    kek: &dyn WrapsKeys,
) -> Result<()> {
    let mut select = connection.prepare("SELECT key, subject, wrapped FROM keys")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let id = SubjectKeyId::from_bytes(row.get(0)?);
        if !but.contains(&id) {
            let subject: String = row.get(1)?;
            let wrapped: Vec<u8> = row.get(2)?;
            kek.unwrap(log, &subject, id, &wrapped)
                .map_err(|error| does_not_open(id, &subject, &error))?;
        }
    }
    Ok(())
}

/// A nonce for wrapping.
pub(super) fn nonce(random: &dyn Random) -> Result<[u8; 12]> {
    let mut nonce = [0; 12];
    fill(random, &mut nonce)?;
    Ok(nonce)
}

pub(super) fn fill(random: &dyn Random, out: &mut [u8]) -> Result<()> {
    random
        .fill(out)
        .map_err(|error| Failure::Key(SubjectKeysError::new(error.to_string())))
}

pub(super) fn does_not_open(
    id: SubjectKeyId,
    subject: &str,
    error: &SubjectKeysError,
) -> SubjectKeysError {
    SubjectKeysError::new(format!(
        "key {id} of subject {subject:?} does not open: {error}; bring back a copy of the file from before it was damaged, or erase that subject too"
    ))
}
