//! Ciphertexts beside receipts: kept, read, and removed so that they are gone.

use crate::delete::{begin, empty_wal};
use crate::error::{corrupt, sql};
use crate::read::{head, number};
use crate::schema::{CIPHERTEXTS, CREATE_CIPHERTEXTS, raise};
use ai_audit_core::SubjectKeyId;
use ai_audit_store::{Ciphertext, LogName, StoreError};
use core::ops::RangeInclusive;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// Keeps those of one receipt, in the transaction that stores it.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    log: i64,
    seq: u64,
    ciphertexts: &[Ciphertext],
) -> Result<(), StoreError> {
    if ciphertexts.is_empty() {
        return Ok(());
    }
    let failed = sql("keeping ciphertexts");
    if !are_kept(transaction)? {
        transaction
            .execute_batch(CREATE_CIPHERTEXTS)
            .map_err(&failed)?;
        // Software that knows no ciphertexts would write on without them, and delete receipts while
        // theirs stay.
        raise(transaction, CIPHERTEXTS).map_err(&failed)?;
    }
    let mut insert = transaction
        .prepare_cached(
            "INSERT INTO ciphertexts (log, seq, place, key, bytes) VALUES (?, ?, ?, ?, ?)",
        )
        .map_err(&failed)?;
    for (place, ciphertext) in (0_i64..).zip(ciphertexts) {
        insert
            .execute(params![
                log,
                number(seq)?,
                place,
                ciphertext.key.as_bytes(),
                ciphertext.bytes,
            ])
            .map_err(&failed)?;
    }
    Ok(())
}

/// Those of one receipt that are there.
pub(crate) fn read(
    connection: &Connection,
    log: i64,
    seq: u64,
) -> Result<Vec<Ciphertext>, StoreError> {
    let failed = sql("reading ciphertexts");
    let Ok(seq) = i64::try_from(seq) else {
        return Ok(Vec::new());
    };
    if !are_kept(connection)? {
        return Ok(Vec::new());
    }
    let mut select = connection
        .prepare_cached(
            "SELECT key, bytes FROM ciphertexts WHERE log = ? AND seq = ? ORDER BY place",
        )
        .map_err(&failed)?;
    let rows = select
        .query_map(params![log, seq], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .map_err(&failed)?;
    rows.map(|row| {
        let (key, bytes) = row.map_err(&failed)?;
        let key: [u8; 16] = key.as_slice().try_into().map_err(|_| {
            corrupt(format!(
                "a ciphertext of receipt {seq} has a key id of {} bytes",
                key.len()
            ))
        })?;
        let key = SubjectKeyId::from_bytes(key);
        Ok(Ciphertext { key, bytes })
    })
    .collect()
}

/// Removes a log's ciphertexts under these keys. As with receipts, the connection overwrites what it
/// deletes, and the write-ahead log is emptied afterwards, also where nothing is left to remove. Where
/// a reader keeps it from that, it is emptied when the reader has ended: until then it may have pages
/// with what nobody can read any more.
pub(crate) fn delete_by_key(
    connection: &mut Connection,
    log: &LogName,
    keys: &[SubjectKeyId],
) -> Result<u64, StoreError> {
    let failed = sql("removing ciphertexts");
    let transaction = begin(connection)?;
    let Some(row) = head(&transaction, log)? else {
        return Ok(0);
    };
    if !are_kept(&transaction)? {
        return Ok(0);
    }
    let mut removed = 0;
    for key in keys {
        removed += transaction
            .prepare_cached("DELETE FROM ciphertexts WHERE log = ? AND key = ?")
            .map_err(&failed)?
            .execute(params![row.id, key.as_bytes()])
            .map_err(&failed)?;
    }
    transaction.commit().map_err(&failed)?;
    match empty_wal(connection) {
        Ok(()) | Err(StoreError::Locked { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

/// Removes those of the receipts in a range that have no bytes, in the transaction that deletes them.
pub(crate) fn delete_by_receipt(
    transaction: &Transaction<'_>,
    log: i64,
    range: &RangeInclusive<u64>,
) -> Result<(), StoreError> {
    if !are_kept(transaction)? {
        return Ok(());
    }
    transaction
        .execute(
            "DELETE FROM ciphertexts WHERE log = ?1 AND seq IN (
                 SELECT seq FROM receipts
                 WHERE log = ?1 AND seq >= ?2 AND seq <= ?3 AND length(sealed) = 0
             )",
            params![log, number(*range.start())?, number(*range.end())?],
        )
        .map_err(sql("removing the ciphertexts of deleted receipts"))?;
    Ok(())
}

/// Whether the file has the table. Asked each time: another connection may have made it since.
fn are_kept(connection: &Connection) -> Result<bool, StoreError> {
    let failed = sql("looking for ciphertexts");
    let found = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ciphertexts'")
        .map_err(&failed)?
        .query_row([], |_| Ok(()))
        .optional()
        .map_err(&failed)?;
    Ok(found.is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::append::{Frontiers, append};
    use crate::open::{OpenMode, open};
    use ai_audit_core::Head;
    use ai_audit_store::Batch;
    use ai_audit_testkit::TestLog;
    use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
    use std::fs;
    use std::time::Duration;

    #[test]
    fn a_reader_holds_no_removal_back_and_the_journal_is_emptied_when_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let mut connection = open(&path, OpenMode::Create).unwrap().connection;
        // The reader of this test never ends by itself.
        connection.busy_timeout(Duration::ZERO).unwrap();
        let (log, mut sealed) = (LogName::default(), TestLog::new(1));
        let text = b"a ciphertext that is looked for in the files";
        let one = vec![ciphertext(1, text)];
        let mut receipts = sealed.seal(2);
        let decision = sealed.seal_next(&decision_with("person-7", &one));
        receipts.push(decision.with_ciphertexts(one));
        let batch = Batch {
            log: &log,
            expected: &Head::EMPTY,
            receipts: &receipts,
        };
        append(&mut connection, &mut Frontiers::new(), &[batch]).unwrap();
        let on_disk = || {
            let mut files = fs::read_dir(folder.path()).unwrap();
            files.any(|entry| {
                let file = fs::read(entry.unwrap().path()).unwrap();
                file.windows(text.len()).any(|window| window == text)
            })
        };
        let reader = open(&path, OpenMode::ReadOnly).unwrap().connection;
        reader.execute_batch("BEGIN; SELECT * FROM logs;").unwrap();
        let removed = delete_by_key(&mut connection, &log, &[key_id(1)]);
        assert_eq!(removed, Ok(1));
        assert!(read(&connection, 1, 2).unwrap().is_empty() && on_disk());
        reader.execute_batch("COMMIT").unwrap();
        let again = delete_by_key(&mut connection, &log, &[key_id(1)]);
        assert_eq!((again, on_disk()), (Ok(0), false));
    }
}
