//! Appending: one statement inserts what is new of a log, if the log ends where the writer thinks.

use crate::ciphertexts;
use crate::client::Client;
use crate::error::{Answer, Fail, Trouble, corrupt};
use crate::nodes::{Nodes, is_kept};
use crate::open::{durable, hold_durable_now};
use crate::read::{head, kept, log as number_of, number};
use ai_audit_core::{Head, NodeHash};
use ai_audit_merkle::{Frontier, ProveError, TileError, Tiled, TreeSize, frontier};
use ai_audit_store::{Batch, Ciphertext, LogName, ParsedBatch, StoreError};
use core::fmt;
use std::borrow::Cow;
use std::collections::HashMap;

/// Where logs ended after the last commit of this store, and their trees there.
pub(crate) type Frontiers = HashMap<LogName, (Head, Frontier)>;

/// Bytes of receipts that are taken in one append: the server takes messages below 1 GiB.
const MOST: usize = 512 << 20;

/// Reads what is to be appended, and refuses what no server need be asked about.
pub(crate) fn parse<'a>(batches: &'a [Batch<'a>]) -> Result<Vec<ParsedBatch<'a>>, StoreError> {
    let mut parsed = ParsedBatch::all(batches)?;
    let receipts = batches.iter().flat_map(|batch| batch.receipts);
    let bytes: usize = receipts.map(|sealed| sealed.as_bytes().len()).sum();
    if bytes > MOST {
        let what = format!("receipts of {bytes} bytes in one append; expected at most {MOST}");
        return Err(StoreError::Invalid { what });
    }
    // Two writers that each lock the one and want the other would wait for each other.
    parsed.sort_by_key(|parsed| parsed.batch.log);
    Ok(parsed)
}

/// Appends all or nothing.
pub(crate) fn append(
    client: &mut Client,
    frontiers: &mut Frontiers,
    parsed: &[ParsedBatch<'_>],
    server: &str,
) -> Answer<()> {
    let alone = match parsed {
        [only] => ciphertexts_of(only.batch).is_empty() && !only.receipts.is_empty(),
        _ => false,
    };
    let mut advanced = Vec::with_capacity(parsed.len());
    let done = if alone {
        // One statement is one transaction, and one way there and back.
        extend_all(client, frontiers, parsed, &mut advanced)
    } else {
        client.batch("BEGIN")?;
        let done = extend_all(client, frontiers, parsed, &mut advanced);
        match done {
            Ok(()) => client.batch("COMMIT").map_err(Fail::from),
            Err(Fail::Server(Trouble::Cut { .. })) => done,
            Err(_) => {
                client.batch("ROLLBACK")?;
                done
            }
        }
    };
    match done {
        Ok(()) => {
            frontiers.extend(advanced);
            Ok(())
        }
        Err(fail) => Err(explain(client, parsed, server, fail)),
    }
}

fn extend_all(
    client: &mut Client,
    frontiers: &Frontiers,
    parsed: &[ParsedBatch<'_>],
    advanced: &mut Vec<(LogName, (Head, Frontier))>,
) -> Answer<()> {
    for one in parsed {
        let log = one.batch.log;
        if one.receipts.is_empty() {
            let found = head(client, log)?.map_or(Head::EMPTY, |row| row.head);
            if found != *one.batch.expected {
                return Err(Fail::NotDone);
            }
            continue;
        }
        let mut tree = match frontiers.get(log) {
            Some((at, known)) if at == one.batch.expected => known.clone(),
            _ => recover(client, one.batch)?,
        };
        extend(client, one, &mut tree)?;
        let beside = ciphertexts_of(one.batch);
        if !beside.is_empty() {
            ciphertexts::insert(client, log, &beside)?;
        }
        advanced.push((log.clone(), (one.after, tree)));
    }
    Ok(())
}

/// Inserts receipts and nodes behind the expected last receipt, if it is the last. Of two writers that both
/// find it so, one meets the place that the other took. A new log has no last one, `$4` is null.
macro_rules! extend {
    ($($nodes:literal)?) => {
        concat!(
            "WITH made AS (
                 INSERT INTO logs (name, log_id) SELECT $1::text, $2::bytea
                 WHERE $4::bytea IS NULL AND ", durable!(), " RETURNING id
             ), head AS MATERIALIZED (
                 SELECT id FROM made UNION ALL
                 SELECT logs.id FROM logs JOIN receipts ON receipts.log = logs.id
                 WHERE logs.name = $1::text AND logs.log_id = $2::bytea
                 AND receipts.seq = $3::bigint - 1 AND receipts.hash = $4::bytea
                 AND NOT EXISTS (SELECT FROM receipts later
                                 WHERE later.log = logs.id AND later.seq >= $3::bigint)
                 AND ", durable!(), "
             ), inserted AS (
                 INSERT INTO receipts (log, seq, hash, id, sealed_at, kind, trace_id, session_id, sealed)
                 SELECT head.id, $3::bigint + new.place - 1, new.hash, new.id, new.sealed_at, new.kind,
                        new.trace_id, new.session_id, new.sealed
                 FROM head, unnest($5::bytea[], $6::bytea[], $7::bigint[], $8::integer[], $9::text[],
                                   $10::text[], $11::bytea[]) WITH ORDINALITY
                      AS new (hash, id, sealed_at, kind, trace_id, session_id, sealed, place)
             )", $($nodes,)? " SELECT count(*) FROM head"
        )
    };
}

const EXTEND: &str = extend!();
const EXTEND_WITH_NODES: &str = extend!(
    ", grown AS (
         INSERT INTO nodes (log, level, place, hash)
         SELECT head.id, new.level, new.place, new.hash
         FROM head, unnest($12::smallint[], $13::bigint[], $14::bytea[]) AS new (level, place, hash)
     )"
);

fn extend(client: &mut Client, one: &ParsedBatch<'_>, tree: &mut Frontier) -> Answer<()> {
    let (batch, count) = (one.batch, one.receipts.len());
    let mut hashes = Vec::with_capacity(count);
    let mut ids = Vec::with_capacity(count);
    let mut times = Vec::with_capacity(count);
    let mut kinds = Vec::with_capacity(count);
    let mut traces = Vec::with_capacity(count);
    let mut sessions = Vec::with_capacity(count);
    let mut sealed = Vec::with_capacity(count);
    let mut nodes: Vec<(i16, i64, NodeHash)> = Vec::new();
    let mut beyond = None;
    for (receipt, bytes) in one.receipts.iter().zip(batch.receipts) {
        let header = receipt.header();
        hashes.push(*receipt.hash().as_bytes());
        ids.push(*header.id.as_bytes());
        times.push(number(header.sealed_at.as_micros())?);
        kinds.push(i32::from(header.kind.number()));
        traces.push(named(header.trace_id));
        sessions.push(named(header.session_id));
        sealed.push(bytes.as_bytes());
        tree.push_with(receipt.hash(), |level, place, hash| {
            if is_kept(level) {
                match (i16::try_from(level), number(place)) {
                    (Ok(level), Ok(place)) => nodes.push((level, place, hash)),
                    (_, place) => beyond = place.err(),
                }
            }
        })
        .map_err(|error| corrupt(error.to_string()))?;
    }
    if let Some(error) = beyond {
        return Err(error.into());
    }
    let expected = batch.expected;
    let (first, last) = (number(expected.size())?, expected.hash());
    let last = (expected.size() > 0).then(|| last.as_bytes().as_slice());
    let (hashes, ids) = (slices(&hashes), slices(&ids));
    let (name, log_id) = (batch.log.as_str(), one.after.log_id());
    let log_id = log_id.as_bytes().as_slice();
    let row = if nodes.is_empty() {
        client.row(
            EXTEND,
            &[
                &name, &log_id, &first, &last, &hashes, &ids, &times, &kinds, &traces, &sessions,
                &sealed,
            ],
        )?
    } else {
        let levels: Vec<i16> = nodes.iter().map(|node| node.0).collect();
        let places: Vec<i64> = nodes.iter().map(|node| node.1).collect();
        let above: Vec<&[u8]> = nodes
            .iter()
            .map(|node| node.2.as_bytes().as_slice())
            .collect();
        client.row(
            EXTEND_WITH_NODES,
            &[
                &name, &log_id, &first, &last, &hashes, &ids, &times, &kinds, &traces, &sessions,
                &sealed, &levels, &places, &above,
            ],
        )?
    };
    match row.try_get::<_, i64>(0)? {
        1 => Ok(()),
        _ => Err(Fail::NotDone),
    }
}

fn slices<const N: usize>(all: &[[u8; N]]) -> Vec<&[u8]> {
    all.iter().map(<[u8; N]>::as_slice).collect()
}

/// What there is to find a receipt by; no entry in the index where there is nothing.
pub(crate) fn named(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then(|| kept(text))
}

/// The ciphertexts beside a batch's receipts, with receipt and place.
fn ciphertexts_of<'a>(batch: &Batch<'a>) -> Vec<(u64, usize, &'a Ciphertext)> {
    let receipts = (batch.expected.size()..).zip(batch.receipts);
    receipts
        .flat_map(|(seq, sealed)| {
            let all = sealed.ciphertexts().iter().enumerate();
            all.map(move |(place, ciphertext)| (seq, place, ciphertext))
        })
        .collect()
}

/// The frontier of a log out of its stored nodes. A log that is not there has the empty one: what is
/// then wrong, the statement finds.
fn recover(client: &mut Client, batch: &Batch<'_>) -> Answer<Frontier> {
    let Some(log) = number_of(client, batch.log)? else {
        return Ok(Frontier::new());
    };
    let found = head(client, batch.log)?.map_or(Head::EMPTY, |row| row.head);
    if found != *batch.expected {
        return Err(Fail::NotDone);
    }
    let size = TreeSize::new(batch.expected.size());
    frontier(&mut Tiled::new(Nodes { client, log }), size).map_err(|error| match error {
        ProveError::Reader(TileError::Reader(fail)) => fail,
        error => tree(batch.log, &error).into(),
    })
}

fn tree(log: &LogName, error: &dyn fmt::Debug) -> StoreError {
    corrupt(format!("the tree of log {log}: {error:?}"))
}

/// Why nothing was appended.
fn explain(client: &mut Client, parsed: &[ParsedBatch<'_>], server: &str, fail: Fail) -> Fail {
    let taken = match &fail {
        Fail::NotDone => false,
        Fail::Server(trouble) if trouble.is_taken() => true,
        _ => return fail,
    };
    for one in parsed {
        let found = match head(client, one.batch.log) {
            Ok(row) => row.map_or(Head::EMPTY, |row| row.head),
            Err(fail) => return fail,
        };
        if found != *one.batch.expected {
            return Fail::Store(StoreError::HeadMoved {
                log: one.batch.log.clone(),
                expected: Box::new(*one.batch.expected),
                found: Box::new(found),
            });
        }
    }
    if let Err(fail) = hold_durable_now(client, server) {
        return fail;
    }
    if taken {
        return corrupt(format!(
            "{server}: a row that is to be appended is there already, though its log ends before it"
        ))
        .into();
    }
    // A setting that was changed for a moment.
    fail
}
