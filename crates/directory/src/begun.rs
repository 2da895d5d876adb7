//! The mark beside a log's keys that its genesis was about to be written, and where. With keys that may have
//! signed a genesis in one place none is made in another.

use crate::error::io_at;
use crate::store::{key_lines, logs_with};
use crate::{DirectoryError, Layout, Settings, durable};
use ai_audit_store::LogName;
use std::path::Path;

/// Longest mark, in bytes: an address has a line.
const MAX_LEN: usize = 1 << 16;

const HEAD: &str = "\
# The genesis of the log with these keys was to be written to this place. `ai-audit init` makes none with them elsewhere.
";

/// Which place a mark names; none where there is no mark.
fn read(file: &Path) -> Result<Option<String>, DirectoryError> {
    let Some(bytes) = durable::read(file, MAX_LEN)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let place = text
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty());
    match place {
        Some(place) => Ok(Some(place.to_owned())),
        None => Err(DirectoryError::Key {
            path: file.into(),
            what: "expected a line that names a store; where no log was ever opened with these keys, remove the file".into(),
        }),
    }
}

/// Puts the mark there, durably, before the genesis.
pub(crate) fn write(file: &Path, place: &str) -> Result<(), DirectoryError> {
    durable::write(file, format!("{HEAD}{place}\n").as_bytes())
}

/// Takes it away: there is surely no genesis.
pub(crate) fn remove(file: &Path) -> Result<(), DirectoryError> {
    durable::remove(file).map_err(io_at(file))
}

/// Refuses a log that may have been begun in another place than the settings name.
pub(crate) fn not_elsewhere(
    layout: &Layout,
    settings: &Settings,
    log: &LogName,
) -> Result<(), DirectoryError> {
    let mark = layout.log(log).begun;
    let here = settings.store.place();
    match read(&mark)? {
        Some(there) if there != here => Err(DirectoryError::BegunElsewhere {
            log: log.clone(),
            there,
            here,
            mark,
        }),
        _ => Ok(()),
    }
}

/// The same of all logs before an `audit.db` is made that was not there: nothing of what was made or begun in the
/// directory is in it.
pub(crate) fn before_a_new_database(
    layout: &Layout,
    settings: &Settings,
) -> Result<(), DirectoryError> {
    if settings.store.address.is_some() || layout.database().exists() {
        return Ok(());
    }
    if let Some(made) = key_lines(layout)?.into_iter().next() {
        return Err(not_here(layout, &made));
    }
    logs_with(layout, |paths| paths.begun.exists())?
        .iter()
        .try_for_each(|log| not_elsewhere(layout, settings, log))
}

/// A log that was made is not in the directory's own database.
pub(crate) fn not_here(layout: &Layout, log: &LogName) -> DirectoryError {
    DirectoryError::NotHere {
        log: log.clone(),
        database: layout.database(),
        key_line: layout.log(log).key_line,
    }
}
