//! Deleting receipts' bytes so that they are gone, and putting them back.

use crate::append::named;
use crate::ciphertexts;
use crate::error::{corrupt, sql};
use crate::names::{self, Field};
use crate::read::{bytes32, head, number, unsigned};
use crate::schema::{DELETED, raise};
use ai_audit_core::{Kind, LeafHash};
use ai_audit_store::{LogName, Sealed, StoreError};
use core::ops::RangeInclusive;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

/// Deletes the bytes of the receipts in a range, but of control receipts.
///
/// The connection overwrites what it deletes (`secure_delete`), and the write-ahead log, which may
/// still have pages with the bytes, is emptied afterwards.
pub(crate) fn delete(
    connection: &mut Connection,
    log: &LogName,
    range: RangeInclusive<u64>,
) -> Result<u64, StoreError> {
    let failed = sql("deleting receipts");
    let transaction = begin(connection)?;
    let row = head(&transaction, log)?;
    let held = row.as_ref().map_or(0, |row| row.head.size());
    let row = row.filter(|_| *range.end() < held);
    let Some(row) = row else {
        let (log, seq) = (log.clone(), *range.end());
        return Err(StoreError::NoSuchReceipt { log, seq, held });
    };
    let deleted = transaction
        .execute(
            &format!(
                "UPDATE receipts SET sealed = x'', trace_id = NULL, session_id = NULL
                 WHERE log = ? AND seq >= ? AND seq <= ? AND length(sealed) > 0
                 AND kind NOT IN ({})",
                control_kinds()
            ),
            params![row.id, number(*range.start())?, number(*range.end())?],
        )
        .map_err(&failed)?;
    if deleted > 0 {
        // Software that knows no deleted receipts must not take them for damage.
        raise(&transaction, DELETED).map_err(&failed)?;
        ciphertexts::delete_by_receipt(&transaction, row.id, &range)?;
        names::forget(&transaction, row.id, &range)?;
    }
    transaction.commit().map_err(&failed)?;
    empty_wal(connection)?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// Puts bytes back, all of them or none.
pub(crate) fn restore(
    connection: &mut Connection,
    log: &LogName,
    receipts: &[Sealed],
) -> Result<u64, StoreError> {
    let failed = sql("putting receipts back");
    let transaction = begin(connection)?;
    let row = head(&transaction, log)?;
    let (id, held) = row.map_or((0, 0), |row| (row.id, row.head.size()));
    let mut restored = 0;
    for sealed in receipts {
        let leaf = |seq| leaf(&transaction, id, seq);
        let receipt = sealed.parse_restored(log, held, leaf)?;
        let header = receipt.header();
        let missing = transaction
            .prepare_cached(
                "UPDATE receipts SET sealed = ?, trace_id = ?, session_id = ?
                 WHERE log = ? AND seq = ? AND length(sealed) = 0",
            )
            .map_err(&failed)?
            .execute(params![
                sealed.as_bytes(),
                named(header.trace_id),
                named(header.session_id),
                id,
                number(header.seq)?,
            ])
            .map_err(&failed)?;
        if missing > 0 {
            ciphertexts::insert(&transaction, id, header.seq, sealed.ciphertexts())?;
            let names = [
                (Field::Trace, named(header.trace_id)),
                (Field::Session, named(header.session_id)),
            ];
            names::restore(&transaction, id, held, header.seq, names)?;
        }
        restored += missing;
    }
    transaction.commit().map_err(&failed)?;
    Ok(u64::try_from(restored).unwrap_or(u64::MAX))
}

/// How many receipts of a range have no bytes.
pub(crate) fn count(
    connection: &Connection,
    log: i64,
    range: &RangeInclusive<u64>,
) -> Result<u64, StoreError> {
    let failed = sql("counting deleted receipts");
    let Ok(start) = i64::try_from(*range.start()) else {
        return Ok(0);
    };
    let end = i64::try_from(*range.end()).unwrap_or(i64::MAX);
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM receipts
             WHERE log = ? AND seq >= ? AND seq <= ? AND length(sealed) = 0",
        )
        .map_err(&failed)?
        .query_row(params![log, start, end], |row| row.get(0))
        .map_err(&failed)?;
    unsigned(count)
}

/// Moves everything from the write-ahead log to the file and empties it.
pub(crate) fn empty_wal(connection: &Connection) -> Result<(), StoreError> {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(sql("emptying the write-ahead log"))?;
    if busy == 0 {
        return Ok(());
    }
    Err(StoreError::Locked {
        what: "the write-ahead log, in which deleted bytes may still be, is in use by a reader, so it could not be emptied (delete again later); the database".into(),
        holder: None,
    })
}

pub(crate) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sql("beginning to delete or to put back"))
}

fn leaf(connection: &Connection, log: i64, seq: u64) -> Result<Option<LeafHash>, StoreError> {
    let failed = sql("reading a hash");
    let hash: Option<Vec<u8>> = connection
        .prepare_cached("SELECT hash FROM receipts WHERE log = ? AND seq = ?")
        .map_err(&failed)?
        .query_row(params![log, number(seq)?], |row| row.get(0))
        .optional()
        .map_err(&failed)?;
    match hash {
        Some(hash) => Ok(Some(LeafHash::from_bytes(bytes32(&hash)?))),
        None => Err(corrupt(format!("receipt {seq} is missing"))),
    }
}

/// The numbers of the control kinds, as SQL lists them.
fn control_kinds() -> String {
    let numbers: Vec<String> = (0..=u16::MAX)
        .filter(|number| Kind::new(*number).is_control())
        .map(|number| number.to_string())
        .collect();
    numbers.join(",")
}
