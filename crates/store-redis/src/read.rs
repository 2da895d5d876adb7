//! Queries: heads, ranges, rows.

use crate::error::corrupt;
use crate::keys::{LogKeys, RUN, place};
use crate::script::number;
use crate::store::RedisStore;
use ai_audit_core::{Head, LeafHash, LogId, ReceiptId, Timestamp};
use ai_audit_store::{LogName, ReadLimit, StoreError, StoredContent, StoredReceipt};
use core::ops::Range;
use redis::{Cmd, Pipeline};

/// Bytes of a head.
const HEAD: usize = 80;
/// Bytes of a row.
pub(crate) const ROW: u64 = 26;
/// Receipts that are asked for at once: 64 KiB each at most.
const PAGE: u64 = 128;

/// What is kept of each receipt when its bytes are deleted, beside its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: ReceiptId,
    pub(crate) sealed_at: Timestamp,
    pub(crate) kind: u16,
}

impl Row {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.sealed_at.as_micros().to_be_bytes());
        out.extend_from_slice(&self.kind.to_be_bytes());
    }

    fn parse(bytes: &[u8; 26]) -> Self {
        let (mut id, mut micros) = ([0; 16], [0; 8]);
        let (first, rest) = bytes.split_at(16);
        let (second, kind) = rest.split_at(8);
        id.copy_from_slice(first);
        micros.copy_from_slice(second);
        Self {
            id: ReceiptId::from_bytes(id),
            sealed_at: Timestamp::from_micros(u64::from_be_bytes(micros)),
            kind: kind
                .iter()
                .fold(0, |number, byte| number << 8 | u16::from(*byte)),
        }
    }
}

pub(crate) fn head_bytes(head: &Head) -> Vec<u8> {
    if head.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(HEAD);
    out.extend_from_slice(head.log_id().as_bytes());
    out.extend_from_slice(&head.size().to_be_bytes());
    out.extend_from_slice(head.hash().as_bytes());
    out.extend_from_slice(&head.sealed_at().as_micros().to_be_bytes());
    out
}

/// A head, or [`Head::EMPTY`] where there are no bytes.
pub(crate) fn parse_head(log: &LogName, bytes: &[u8]) -> Result<Head, StoreError> {
    if bytes.is_empty() {
        return Ok(Head::EMPTY);
    }
    let wrong = || corrupt(format!("the head of log {log} has {} bytes", bytes.len()));
    let (id, rest) = bytes.split_first_chunk::<32>().ok_or_else(wrong)?;
    let (size, rest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
    let (hash, rest) = rest.split_first_chunk::<32>().ok_or_else(wrong)?;
    let micros: [u8; 8] = rest.try_into().map_err(|_| wrong())?;
    let size = u64::from_be_bytes(*size);
    // The script counts in doubles.
    if size == 0 || size >= 1 << 53 {
        return Err(corrupt(format!(
            "log {log} has {size} receipts by its head"
        )));
    }
    Ok(Head::from_parts(
        LogId::from_bytes(*id),
        size,
        LeafHash::from_bytes(*hash),
        Timestamp::from_micros(u64::from_be_bytes(micros)),
    ))
}

pub(crate) fn get_field(key: &str, field: &str) -> Cmd {
    let mut cmd = Cmd::new();
    cmd.arg("HGET").arg(key).arg(field);
    cmd
}

pub(crate) fn get_range(key: &str, range: Range<u64>) -> Cmd {
    let mut cmd = Cmd::new();
    let last = range.end.saturating_sub(1);
    cmd.arg("GETRANGE").arg(key).arg(range.start).arg(last);
    cmd
}

/// A range of receipts, cut where runs end.
pub(crate) fn by_run(range: Range<u64>) -> impl Iterator<Item = (u64, Range<u64>)> {
    let mut at = range.start;
    core::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let (run, _) = place(at);
        let part = at..range.end.min((run + 1).saturating_mul(RUN));
        at = part.end;
        Some((run, part))
    })
}

impl RedisStore {
    pub(crate) fn read_logs(&self) -> Result<Vec<LogName>, StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("HKEYS").arg(&self.keys.heads);
        let names: Vec<String> = self.ask("listing logs", &cmd)?;
        let mut names = names
            .iter()
            .map(|name| LogName::new(name).map_err(|error| corrupt(error.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) fn read_head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        let cmd = get_field(&self.keys.heads, log.as_str());
        let found: Option<Vec<u8>> = self.ask("reading a head", &cmd)?;
        let head = found.map(|bytes| parse_head(log, &bytes)).transpose()?;
        Ok(head.filter(|head| !head.is_empty()))
    }

    /// How often the log was changed otherwise than by growing.
    pub(crate) fn read_revision(&self, log: &LogName) -> Result<Vec<u8>, StoreError> {
        let cmd = get_field(&self.keys.revisions, log.as_str());
        let found: Option<Vec<u8>> = self.ask("reading a revision", &cmd)?;
        Ok(found.unwrap_or_default())
    }

    /// How many complete runs of the log are indexed. Read it before the head: a run that is completed in between then
    /// shows as a change.
    pub(crate) fn read_indexed(&self, log: &LogName) -> Result<Vec<u8>, StoreError> {
        let cmd = get_field(&self.keys.indexed, log.as_str());
        let found: Option<Vec<u8>> = self.ask("reading how much is indexed", &cmd)?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn read_totals(&self) -> Result<(u64, [u64; 2]), StoreError> {
        let mut cmd = Cmd::new();
        cmd.arg("HLEN").arg(&self.keys.heads);
        let logs: u64 = self.ask("counting logs", &cmd)?;
        let mut cmd = Cmd::new();
        cmd.arg("HMGET").arg(&self.keys.totals);
        cmd.arg("receipts").arg("bytes");
        let totals: Vec<Option<i64>> = self.ask("reading sums", &cmd)?;
        let total = |place: usize| {
            let found = totals.get(place).copied().flatten();
            u64::try_from(found.unwrap_or(0)).unwrap_or(0)
        };
        Ok((logs, [total(0), total(1)]))
    }

    pub(crate) fn read_receipts(
        &self,
        log: &LogName,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        let size = self.read_head(log)?.map_or(0, |head| head.size());
        let most = u64::try_from(limit.receipts).unwrap_or(u64::MAX);
        let end = size.min(from.saturating_add(most));
        let (keys, mut out, mut bytes) = (self.keys.of(log), Vec::new(), 0);
        let mut at = from;
        while at < end {
            // A little at first, where little is wanted.
            let page = match limit.bytes {
                0 => 1,
                _ => PAGE,
            };
            let part = at..end.min(at + page);
            at = part.end;
            for (seq, sealed) in part.clone().zip(self.sealed(log, &keys, part)?) {
                bytes += sealed.len();
                if bytes > limit.bytes && !out.is_empty() {
                    return Ok(out);
                }
                let content = match sealed.is_empty() {
                    true => StoredContent::Deleted(self.leaf(log, size, seq)?),
                    false => StoredContent::Sealed(sealed),
                };
                out.push(StoredReceipt { seq, content });
            }
        }
        Ok(out)
    }

    /// The bytes of receipts that the log has, empty where they were deleted.
    pub(crate) fn sealed(
        &self,
        log: &LogName,
        keys: &LogKeys,
        range: Range<u64>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut pipeline = Pipeline::new();
        for (run, part) in by_run(range.clone()) {
            let mut cmd = Cmd::new();
            cmd.arg("HMGET").arg(keys.sealed(run));
            for seq in part {
                cmd.arg(number(seq));
            }
            pipeline.add_command(cmd);
        }
        let found: Vec<Vec<Option<Vec<u8>>>> = self.ask_all("reading receipts", &pipeline)?;
        range
            .zip(found.into_iter().flatten())
            .map(|(seq, sealed)| {
                sealed.ok_or_else(|| corrupt(format!("log {log}: receipt {seq} is missing")))
            })
            .collect()
    }

    /// The same of receipts here and there.
    pub(crate) fn sealed_at(
        &self,
        log: &LogName,
        keys: &LogKeys,
        seqs: &[u64],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut pipeline = Pipeline::new();
        for seq in seqs {
            pipeline.add_command(get_field(&keys.sealed(place(*seq).0), &seq.to_string()));
        }
        let found: Vec<Option<Vec<u8>>> = self.ask_all("reading receipts", &pipeline)?;
        seqs.iter()
            .zip(found)
            .map(|(seq, sealed)| {
                sealed.ok_or_else(|| corrupt(format!("log {log}: receipt {seq} is missing")))
            })
            .collect()
    }

    /// The lengths of those bytes: zero where they were deleted.
    pub(crate) fn lengths(
        &self,
        keys: &LogKeys,
        seqs: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<u64>, StoreError> {
        let mut pipeline = Pipeline::new();
        for seq in seqs {
            let mut cmd = Cmd::new();
            cmd.arg("HSTRLEN").arg(keys.sealed(place(seq).0));
            cmd.arg(number(seq));
            pipeline.add_command(cmd);
        }
        self.ask_all("reading lengths", &pipeline)
    }

    /// The rows of receipts that the log has, of one run.
    pub(crate) fn rows(
        &self,
        log: &LogName,
        keys: &LogKeys,
        range: Range<u64>,
    ) -> Result<Vec<Row>, StoreError> {
        let ((run, first), count) = (place(range.start), range.end.saturating_sub(range.start));
        let bytes = first * ROW..(first + count) * ROW;
        let found: Vec<u8> = self.ask("reading rows", &get_range(&keys.rows(run), bytes))?;
        let (rows, rest) = found.as_chunks::<26>();
        if !rest.is_empty() || u64::try_from(rows.len()) != Ok(count) {
            return Err(corrupt(format!(
                "log {log}: of receipts {} to {} there are {} rows",
                range.start,
                range.end,
                rows.len()
            )));
        }
        Ok(rows.iter().map(Row::parse).collect())
    }
}
