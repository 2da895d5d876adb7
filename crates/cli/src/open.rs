//! Opening what commands work on: directories with their settings, logs, receipts, times.

use crate::failure::usage;
use ai_audit_core::{
    LeafHash, MAX_SEALED_LEN, Next, ReceiptId, ReceiptSource as _, Timestamp, UnverifiedReceipt,
};
use ai_audit_directory::{DeletionInfo, Layout, LogDirectory, Settings};
use ai_audit_store::{LogName, Query, StoreReader};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::path::Path;

/// What start receipts name.
pub(crate) const SOFTWARE: &str = concat!("ai-audit ", env!("CARGO_PKG_VERSION"));

/// Defaults, the directory's file, the environment.
pub(crate) fn settings(dir: &Path) -> anyhow::Result<Settings> {
    Ok(Settings::load(&Layout::new(dir).settings(), |name| {
        std::env::var(name).ok()
    })?)
}

/// A directory for reading.
pub(crate) fn directory(dir: &Path) -> anyhow::Result<LogDirectory> {
    Ok(LogDirectory::open(dir, settings(dir)?)?)
}

/// A log's name.
pub(crate) fn log_name(text: &str) -> anyhow::Result<LogName> {
    LogName::new(text).map_err(|error| usage(error.to_string()))
}

/// The `seq` of a receipt that is named by `seq`, id or hash.
pub(crate) fn find(directory: &LogDirectory, log: &LogName, text: &str) -> anyhow::Result<u64> {
    let size = directory.head(log)?.size();
    let missing = || {
        usage(format!(
            "log {log} has no receipt {text}; it has receipts 0 to {}",
            size - 1
        ))
    };
    if let Ok(seq) = text.parse::<u64>() {
        return if seq < size { Ok(seq) } else { Err(missing()) };
    }
    if let Ok(id) = text.parse::<ReceiptId>() {
        let found = directory.store().find(log, &Query::Id(id), None, 1)?;
        return found.first().copied().ok_or_else(missing);
    }
    let Ok(hash) = text.parse::<LeafHash>() else {
        return Err(usage(format!(
            "{text:?}: expected a receipt's seq, id or hash"
        )));
    };
    // Stores have no index of hashes: nobody else looks for them.
    let mut source = StoreReader::new(directory.store(), log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    for seq in 0..size {
        let found = match source.read_next(&mut buf)? {
            Some(Next::Sealed(len)) => UnverifiedReceipt::parse(&buf[..len])
                .ok()
                .map(|receipt| receipt.hash()),
            Some(Next::Deleted(hash)) => Some(hash),
            None => break,
        };
        if found == Some(hash) {
            return Ok(seq);
        }
    }
    Err(missing())
}

/// A receipt whose bytes are deleted, as JSON.
pub(crate) fn deleted(seq: u64, hash: LeafHash, deletion: Option<&DeletionInfo>) -> Value {
    json!({
        "seq": seq,
        "deleted": true,
        "hash": hash,
        "deletion": deletion.map(|deletion| deletion.receipt),
        "epoch": deletion.map(|deletion| deletion.epoch),
        "archive": deletion.and_then(|deletion| deletion.archive),
    })
}

/// A time in RFC 3339 form.
pub(crate) fn time(text: &str) -> anyhow::Result<Timestamp> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        usage(format!(
            "{text:?}: expected a time such as 2026-11-24T09:30:00Z"
        ))
    })?;
    let micros = u64::try_from(time.as_microsecond())
        .map_err(|_| usage(format!("{text}: expected a time after 1970")))?;
    Ok(Timestamp::from_micros(micros))
}

/// Longest file that is read whole, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// Reads a small file that the caller named. It may be an enemy's, or no end of zeros.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let cannot = |error: std::io::Error| usage(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(usage(format!(
            "{}: the file is longer than 16 MiB; expected a key, checkpoint, proof or text",
            path.display()
        )));
    }
    Ok(bytes)
}

/// Refuses a file that the caller named and that cannot be opened.
pub(crate) fn readable(path: &Path) -> anyhow::Result<()> {
    std::fs::File::open(path)
        .map(drop)
        .map_err(|error| usage(format!("{}: {error}", path.display())))
}

/// The same, where it is not longer than it may be.
pub(crate) fn read_at_most(path: &Path, max: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let cannot = |error: std::io::Error| usage(format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut contents = Vec::new();
    file.take(max as u64 + 1)
        .read_to_end(&mut contents)
        .map_err(cannot)?;
    if contents.len() > max {
        let path = path.display();
        return Err(usage(format!("{path}: expected at most {max} bytes")));
    }
    Ok(contents)
}

/// Writes a result to a file, or to standard output where none is named.
pub(crate) fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    match path {
        Some(path) => std::fs::write(path, text).with_context(|| path.display().to_string()),
        None => std::io::stdout()
            .lock()
            .write_all(text.as_bytes())
            .context("standard output"),
    }
}
