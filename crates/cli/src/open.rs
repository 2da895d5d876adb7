//! Opening what commands work on: directories with their settings, logs, receipts, times.

use crate::failure::usage;
use crate::output::Output;
use ai_audit_core::{
    LeafHash, MAX_SEALED_LEN, ReceiptId, ReceiptSource as _, Timestamp, UnverifiedReceipt,
};
use ai_audit_directory::{Layout, LogDirectory, Settings};
use ai_audit_store::{LogName, Query, StoreReader};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What start receipts name.
pub(crate) const SOFTWARE: &str = concat!("ai-audit ", env!("CARGO_PKG_VERSION"));

/// What the caller's flags say of the settings, whatever the command is.
static FLAGS: OnceLock<Flags> = OnceLock::new();

#[derive(Debug, Default)]
struct Flags {
    config: Option<PathBuf>,
    set: Vec<String>,
}

/// Keeps the flags for [`settings`]. Once, before a command runs.
pub(crate) fn keep_flags(config: Option<PathBuf>, set: Vec<String>) {
    // A second call would be a mistake in main, and the first one holds.
    let _ = FLAGS.set(Flags { config, set });
}

/// Defaults, the settings file, the environment, flags; the later wins.
pub(crate) fn settings(dir: &Path) -> anyhow::Result<Settings> {
    let defaults = Flags::default();
    let flags = FLAGS.get().unwrap_or(&defaults);
    let mut variables = Vec::new();
    let mut config = flags.config.clone();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("AI_AUDIT_")) else {
            continue;
        };
        let value = value
            .into_string()
            .map_err(|_| usage(format!("{name}: expected a text in UTF-8")))?;
        if name == "AI_AUDIT_CONFIG" {
            config.get_or_insert(value.into());
        } else {
            variables.push((name.to_owned(), value));
        }
    }
    let file = match config {
        // Who names a file does not mean none.
        Some(file) if !file.is_file() => {
            return Err(usage(format!("{}: there is no such file", file.display())));
        }
        Some(file) => file,
        None => Layout::new(dir).settings(),
    };
    let mut settings = Settings::load(&file, variables)?;
    for pair in &flags.set {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--set {pair}: expected NAME=VALUE")))?;
        settings.set(name, value, &format!("--set {name}"))?;
    }
    Ok(settings)
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
    while let Some(len) = source.read_next(&mut buf)? {
        if let Ok(receipt) = UnverifiedReceipt::parse(&buf[..len])
            && receipt.hash() == hash
        {
            return Ok(receipt.header().seq);
        }
    }
    Err(missing())
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

/// Reads a small file that the caller named.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| usage(format!("{}: {error}", path.display())))
}

/// Writes a result to a file that is not there yet, or to standard output where none is named.
pub(crate) fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match path {
        Some(path) => crate::save::save(path, false, text),
        None => Output::new(false, false).text(text),
    }
}
