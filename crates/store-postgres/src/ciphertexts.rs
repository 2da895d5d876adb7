//! Ciphertexts beside receipts: kept, read, and removed.

use crate::client::Client;
use crate::error::{Answer, corrupt};
use crate::read::{log as number_of, number};
use ai_audit_core::SubjectKeyId;
use ai_audit_store::{Ciphertext, LogName};

/// Bytes of ciphertexts in one statement, one more than fits: the server takes messages below 1 GiB.
const CHUNK: usize = 32 << 20;

/// Keeps ciphertexts of a log, each with its receipt and its place beside it.
pub(crate) fn insert(
    client: &mut Client,
    log: &LogName,
    all: &[(u64, usize, &Ciphertext)],
) -> Answer<()> {
    let mut rest = all;
    while !rest.is_empty() {
        let (mut count, mut bytes) = (0, 0);
        for (_, _, ciphertext) in rest {
            if bytes >= CHUNK {
                break;
            }
            bytes += ciphertext.bytes.len();
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        rest = later;
        let (mut seqs, mut places) = (Vec::new(), Vec::new());
        let (mut keys, mut texts) = (Vec::new(), Vec::new());
        for (seq, place, ciphertext) in now {
            seqs.push(number(*seq)?);
            places.push(i32::try_from(*place).unwrap_or(i32::MAX));
            keys.push(ciphertext.key.as_bytes().as_slice());
            texts.push(ciphertext.bytes.as_slice());
        }
        client.execute(
            "INSERT INTO ciphertexts (log, seq, place, key, bytes)
             SELECT logs.id, new.seq, new.place, new.key, new.bytes
             FROM logs, unnest($2::bigint[], $3::integer[], $4::bytea[], $5::bytea[])
                  AS new (seq, place, key, bytes)
             WHERE logs.name = $1",
            &[&log.as_str(), &seqs, &places, &keys, &texts],
        )?;
    }
    Ok(())
}

/// Those of one receipt that are there.
pub(crate) fn read(client: &mut Client, log: i64, seq: u64) -> Answer<Vec<Ciphertext>> {
    let Ok(place) = i64::try_from(seq) else {
        return Ok(Vec::new());
    };
    let rows = client.rows(
        "SELECT key, bytes FROM ciphertexts WHERE log = $1 AND seq = $2 ORDER BY place",
        &[&log, &place],
    )?;
    rows.iter()
        .map(|row| {
            let key: &[u8] = row.try_get(0)?;
            let key = key.try_into().map_err(|_| {
                corrupt(format!(
                    "a ciphertext of receipt {seq} has a key id of {} bytes",
                    key.len()
                ))
            })?;
            Ok(Ciphertext {
                key: SubjectKeyId::from_bytes(key),
                bytes: row.try_get(1)?,
            })
        })
        .collect()
}

/// Removes a log's ciphertexts under these keys.
pub(crate) fn delete(client: &mut Client, log: &LogName, keys: &[SubjectKeyId]) -> Answer<u64> {
    let Some(log) = number_of(client, log)? else {
        return Ok(0);
    };
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes().as_slice()).collect();
    let removed = client.execute(
        "DELETE FROM ciphertexts WHERE log = $1 AND key = ANY ($2)",
        &[&log, &keys],
    )?;
    Ok(removed)
}
