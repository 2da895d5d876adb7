//! Checkpoint notes. One with more signatures is a further row, so that nothing need be changed.

use crate::client::Client;
use crate::error::{Answer, corrupt, invalid};
use crate::open::{durable, hold_durable_now};
use crate::read::{head, log as number_of, number, unsigned};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{LogName, StoreError, StoredCheckpoint};
use core::ops::RangeInclusive;
use tokio_postgres::Row;

/// How often another writer's signatures are joined before one gives up.
const TRIES: usize = 20;

/// Keeps a note, with the signatures of the one that is there.
pub(crate) fn put(
    client: &mut Client,
    server: &str,
    log: &LogName,
    size: TreeSize,
    note: &str,
) -> Answer<()> {
    let row = head(client, log)?;
    let held = row.as_ref().map_or(0, |row| row.head.size());
    let Some(row) = row.filter(|_| (1..=held).contains(&size.as_u64())) else {
        let log = log.clone();
        return Err(StoreError::Beyond { log, size, held }.into());
    };
    if note.contains('\0') {
        return Err(invalid(format!(
            "the checkpoint of size {size} has a character U+0000; expected a signed note"
        ))
        .into());
    }
    let places = number(size.as_u64())?;
    for _ in 0..TRIES {
        let found = client.rows(
            "SELECT revision, note FROM checkpoints WHERE log = $1 AND size = $2
             ORDER BY revision DESC LIMIT 1",
            &[&row.id, &places],
        )?;
        let (revision, joined) = match found.first() {
            None => (0, note.to_owned()),
            Some(found) => {
                let old: String = found.try_get(1)?;
                let kept = StoredCheckpoint { size, note: old };
                let joined = kept.joined(log, note)?;
                if joined == kept.note {
                    return Ok(());
                }
                (found.try_get::<_, i32>(0)?.saturating_add(1), joined)
            }
        };
        let put = client.execute(
            concat!(
                "INSERT INTO checkpoints (log, size, revision, note)
                 SELECT $1::bigint, $2::bigint, $3::integer, $4::text WHERE ",
                durable!()
            ),
            &[&row.id, &places, &revision, &joined],
        );
        match put {
            Ok(0) => {
                hold_durable_now(client, server)?;
            }
            Ok(_) => return Ok(()),
            // Another writer was first: its signatures are joined too.
            Err(trouble) if trouble.is_taken() => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
    let what = format!("the checkpoint of size {size} of log {log}");
    Err(StoreError::Locked { what, holder: None }.into())
}

/// All of a log, smallest size first, or the one of the largest size.
pub(crate) fn read(
    client: &mut Client,
    log: &LogName,
    last_only: bool,
) -> Answer<Vec<StoredCheckpoint>> {
    let Some(log) = number_of(client, log)? else {
        return Ok(Vec::new());
    };
    let rows = match last_only {
        true => client.rows(
            "SELECT size, note FROM checkpoints WHERE log = $1
             ORDER BY size DESC, revision DESC LIMIT 1",
            &[&log],
        )?,
        false => client.rows(
            "SELECT DISTINCT ON (size) size, note FROM checkpoints WHERE log = $1
             ORDER BY size, revision DESC",
            &[&log],
        )?,
    };
    rows.iter().map(checkpoint).collect()
}

/// Those whose size is in a range.
pub(crate) fn read_in(
    client: &mut Client,
    log: &LogName,
    sizes: &RangeInclusive<u64>,
) -> Answer<Vec<StoredCheckpoint>> {
    let Some(log) = number_of(client, log)? else {
        return Ok(Vec::new());
    };
    // No log is as long as that.
    let bound = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    let (low, high) = (bound(*sizes.start()), bound(*sizes.end()));
    let rows = client.rows(
        "SELECT DISTINCT ON (size) size, note FROM checkpoints WHERE log = $1 AND size BETWEEN $2 AND $3
         ORDER BY size, revision DESC",
        &[&log, &low, &high],
    )?;
    rows.iter().map(checkpoint).collect()
}

fn checkpoint(row: &Row) -> Answer<StoredCheckpoint> {
    let size = unsigned(row.try_get(0)?)?;
    if size == 0 {
        return Err(corrupt("a checkpoint of no receipts").into());
    }
    Ok(StoredCheckpoint {
        size: TreeSize::new(size),
        note: row.try_get(1)?,
    })
}
