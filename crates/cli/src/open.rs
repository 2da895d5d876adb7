//! Opening what commands work on: directories with their settings, logs, receipts, times.

use crate::failure::usage;
use crate::output::{Output, shown_path};
use ai_audit_core::{Kind, LeafHash, ReceiptId, Timestamp};
use ai_audit_directory::{DeletionInfo, Layout, LogDirectory, Settings, Writer};
use ai_audit_store::{LogName, Query};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What start receipts name.
pub(crate) const SOFTWARE: &str = concat!("ai-audit ", env!("CARGO_PKG_VERSION"));

/// Variables that only the Python library `ai-audit-trail` knows.
const PYTHON_OWN: [&str; 3] = [
    "AI_AUDIT_RECEIPT_TTL",
    "AI_AUDIT_SIGNING_KEY",
    "AI_AUDIT_VERIFY_KEY",
];

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
    combined(dir, false)
}

/// The same for a directory that is not the command's own, such as a member's of a fleet or one that is watched: it
/// says itself where its receipts are. What is said of the own one's store does not hold for it, and the password and the
/// bucket's key in the environment go to nobody whom a file of somebody else names.
pub(crate) fn settings_of_another(dir: &Path) -> anyhow::Result<Settings> {
    combined(dir, true)
}

fn combined(dir: &Path, another: bool) -> anyhow::Result<Settings> {
    let defaults = Flags::default();
    let flags = FLAGS.get().unwrap_or(&defaults);
    let mut variables = Vec::new();
    let mut config = flags.config.clone().filter(|_| !another);
    let of_store =
        |name: &str| name == "store" || name.starts_with("store-") || name.starts_with("cold-");
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("AI_AUDIT_")) else {
            continue;
        };
        // Not settings: what only an import asks for, and those of the Python library, which lie about
        // where people change over from it.
        if name.starts_with("AI_AUDIT_IMPORT_") || PYTHON_OWN.contains(&name) {
            continue;
        }
        let setting = name.trim_start_matches("AI_AUDIT_").to_ascii_lowercase();
        if another && of_store(&setting.replace('_', "-")) {
            continue;
        }
        let value = value
            .into_string()
            .map_err(|_| usage(format!("{name}: expected a text in UTF-8")))?;
        if name == "AI_AUDIT_CONFIG" {
            if !another {
                config.get_or_insert(value.into());
            }
        } else {
            variables.push((name.to_owned(), value));
        }
    }
    let file = match config {
        // Who names a file does not mean none.
        Some(file) if !file.is_file() => {
            return Err(usage(format!(
                "{}: there is no such file",
                shown_path(&file)
            )));
        }
        Some(file) => file,
        None => Layout::new(dir).settings(),
    };
    let mut settings = Settings::load(&file, variables)?;
    for pair in &flags.set {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--set {pair}: expected NAME=VALUE")))?;
        if another && of_store(name) {
            continue;
        }
        settings.set(name, value, &format!("--set {name}"))?;
    }
    Ok(settings)
}

/// A directory for reading.
pub(crate) fn directory(dir: &Path) -> anyhow::Result<LogDirectory> {
    Ok(LogDirectory::open(dir, settings(dir)?)?)
}

/// A directory for writing.
pub(crate) fn writer(dir: &Path, settings: Settings) -> anyhow::Result<Writer> {
    Ok(Writer::open(dir, settings, SOFTWARE)?)
}

/// Lets a directory go, and tells what should be known of how it was written to.
pub(crate) fn close(writer: Writer, reason: &str, output: Output) -> anyhow::Result<()> {
    for warning in writer.take_warnings() {
        output.warn(crate::output::safe(&warning));
    }
    Ok(writer.close(reason)?)
}

/// Does something as the directory's writer, which is closed in order whatever comes of it.
pub(crate) fn written<T>(
    dir: &Path,
    what: &str,
    output: Output,
    act: impl FnOnce(&Writer) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let writer = writer(dir, settings(dir)?)?;
    let result = act(&writer);
    let closed = close(writer, what, output);
    let result = result?;
    closed?;
    Ok(result)
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
    directory.place_of_hash(log, &hash)?.ok_or_else(missing)
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

/// A kind of receipts by its name.
pub(crate) fn kind(name: &str) -> anyhow::Result<Kind> {
    let all = (0..=u16::MAX).map(Kind::new);
    let known: Vec<&str> = all.clone().filter_map(Kind::name).collect();
    all.into_iter()
        .find(|kind| kind.name() == Some(name))
        .ok_or_else(|| {
            usage(format!(
                "--kind {name}: expected one of {}",
                known.join(", ")
            ))
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
const MAX_FILE: usize = 16 << 20;

/// Reads a small file that the caller named. It may be an enemy's, or no end of zeros.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_at_most(path, MAX_FILE)
}

/// Refuses a file that the caller named and that cannot be opened.
pub(crate) fn readable(path: &Path) -> anyhow::Result<()> {
    std::fs::File::open(path)
        .map(drop)
        .map_err(|error| usage(format!("{}: {error}", shown_path(path))))
}

/// Reads a file that is not longer than it may be.
pub(crate) fn read_at_most(path: &Path, max: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let cannot = |error: std::io::Error| usage(format!("{}: {error}", shown_path(path)));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut contents = Vec::new();
    file.take(max as u64 + 1)
        .read_to_end(&mut contents)
        .map_err(cannot)?;
    if contents.len() > max {
        let path = shown_path(path);
        return Err(usage(format!("{path}: expected at most {max} bytes")));
    }
    Ok(contents)
}

/// Writes a result to a file that is not there yet, or to standard output where none is named.
pub(crate) fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match path {
        Some(path) => crate::save::save(path, false, text),
        None => Output::new(false, false).text(text),
    }
}
