//! Deleting receipts' bytes, and putting them back. The role that does it can do no more than this, and
//! rules of the tables hold it to what the log says: see `sql/`.

use crate::append::named;
use crate::ciphertexts;
use crate::client::Client;
use crate::error::{Answer, Fail, Trouble, corrupt};
use crate::read::{HeadRow, bytes32, head, number, unsigned};
use crate::schema::control_kinds;
use ai_audit_core::{LeafHash, UnverifiedReceipt};
use ai_audit_store::{LogName, Sealed, StoreError};
use core::ops::RangeInclusive;
use std::collections::HashMap;

/// Takes the bytes, and the names that they are found by, of a range's receipts, but of control receipts.
const TAKE_BYTES: &str = concat!(
    "UPDATE receipts SET sealed = NULL, trace_id = NULL, session_id = NULL
     WHERE log = $1 AND seq >= $2 AND seq <= $3 AND sealed IS NOT NULL AND kind NOT IN (",
    control_kinds!(),
    ")"
);

/// Takes the ciphertexts beside a range's receipts that have no bytes.
const TAKE_CIPHERTEXTS: &str =
    "DELETE FROM ciphertexts WHERE log = $1 AND seq >= $2 AND seq <= $3 AND seq IN (
     SELECT seq FROM receipts WHERE log = $1 AND seq >= $2 AND seq <= $3 AND sealed IS NULL)";

/// Does something in a transaction.
fn within<T>(client: &mut Client, work: impl FnOnce(&mut Client) -> Answer<T>) -> Answer<T> {
    client.batch("BEGIN")?;
    match work(client) {
        Ok(done) => {
            client.batch("COMMIT")?;
            Ok(done)
        }
        Err(Fail::Server(trouble @ Trouble::Cut { .. })) => Err(trouble.into()),
        Err(fail) => {
            client.batch("ROLLBACK")?;
            Err(fail)
        }
    }
}

/// Deletes the bytes of the receipts in a range, but of control receipts.
pub(crate) fn delete(
    client: &mut Client,
    log: &LogName,
    range: &RangeInclusive<u64>,
) -> Answer<u64> {
    within(client, |client| {
        let row = head(client, log)?;
        let held = row.as_ref().map_or(0, |row| row.head.size());
        let Some(HeadRow { id, .. }) = row.filter(|_| *range.end() < held) else {
            let (log, seq) = (log.clone(), *range.end());
            return Err(StoreError::NoSuchReceipt { log, seq, held }.into());
        };
        let (first, last) = (number(*range.start())?, number(*range.end())?);
        let deleted = client.execute(TAKE_BYTES, &[&id, &first, &last])?;
        client.execute(TAKE_CIPHERTEXTS, &[&id, &first, &last])?;
        Ok(deleted)
    })
}

/// Runs what deletes, on nothing. The server looks at rights, and at whether it takes writes, before it looks for rows, so
/// it answers as it would answer a deletion, and no list of rights has to be kept in step with the statements.
///
/// What putting back needs beyond that, `INSERT` on ciphertexts, is not asked for: no deletion fails without it.
pub(crate) fn may_delete(client: &mut Client, log: &LogName) -> Answer<()> {
    within(client, |client| {
        head(client, log)?;
        let nothing: [i64; 3] = [0, 1, 0];
        let [log_id, first, last] = &nothing;
        client.execute(TAKE_BYTES, &[log_id, first, last])?;
        client.execute(TAKE_CIPHERTEXTS, &[log_id, first, last])?;
        Ok(())
    })
}

/// Puts bytes back, all of them or none.
pub(crate) fn restore(client: &mut Client, log: &LogName, receipts: &[Sealed]) -> Answer<u64> {
    within(client, |client| {
        let row = head(client, log)?;
        let (id, held) = row.map_or((0, 0), |row| (row.id, row.head.size()));
        let leaves = leaves(client, id, receipts)?;
        let (mut seqs, mut bytes) = (Vec::new(), Vec::new());
        let (mut traces, mut sessions) = (Vec::new(), Vec::new());
        let mut beside = HashMap::new();
        for sealed in receipts {
            let receipt = sealed.parse_restored(log, held, |seq| match leaves.get(&seq) {
                Some(leaf) => Ok(Some(*leaf)),
                None => Err(corrupt(format!("receipt {seq} is missing"))),
            })?;
            let header = receipt.header();
            // The same one twice is put back once.
            if beside.insert(header.seq, sealed).is_some() {
                continue;
            }
            seqs.push(number(header.seq)?);
            bytes.push(sealed.as_bytes());
            traces.push(named(header.trace_id).map(|name| name.into_owned()));
            sessions.push(named(header.session_id).map(|name| name.into_owned()));
        }
        let rows = client.rows(
            "UPDATE receipts SET sealed = back.sealed, trace_id = back.trace_id,
                                 session_id = back.session_id
             FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::text[])
                  AS back (seq, sealed, trace_id, session_id)
             WHERE receipts.log = $1 AND receipts.seq = back.seq AND receipts.sealed IS NULL
             RETURNING receipts.seq",
            &[&id, &seqs, &bytes, &traces, &sessions],
        )?;
        let mut all = Vec::new();
        for row in &rows {
            let seq = unsigned(row.try_get(0)?)?;
            let kept = beside
                .get(&seq)
                .map_or(&[][..], |sealed| sealed.ciphertexts());
            all.extend(
                kept.iter()
                    .enumerate()
                    .map(|(place, kept)| (seq, place, kept)),
            );
        }
        ciphertexts::insert(client, log, &all)?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    })
}

/// The hashes that the log has in the places of these receipts.
fn leaves(client: &mut Client, log: i64, receipts: &[Sealed]) -> Answer<HashMap<u64, LeafHash>> {
    // What is no receipt is told later.
    let seqs: Vec<i64> = receipts
        .iter()
        .filter_map(|sealed| UnverifiedReceipt::parse(sealed.as_bytes()).ok())
        .filter_map(|receipt| number(receipt.header().seq).ok())
        .collect();
    let rows = client.rows(
        "SELECT seq, hash FROM receipts WHERE log = $1 AND seq = ANY ($2)",
        &[&log, &seqs],
    )?;
    rows.iter()
        .map(|row| {
            let leaf = LeafHash::from_bytes(bytes32(row.try_get(1)?)?);
            Ok((unsigned(row.try_get(0)?)?, leaf))
        })
        .collect()
}

/// How many receipts of a range have no bytes.
pub(crate) fn count(client: &mut Client, log: i64, range: &RangeInclusive<u64>) -> Answer<u64> {
    let Ok(first) = i64::try_from(*range.start()) else {
        return Ok(0);
    };
    let last = i64::try_from(*range.end()).unwrap_or(i64::MAX);
    let row = client.row(
        "SELECT count(*) FROM receipts WHERE log = $1 AND seq >= $2 AND seq <= $3 AND sealed IS NULL",
        &[&log, &first, &last],
    )?;
    Ok(unsigned(row.try_get(0)?)?)
}
