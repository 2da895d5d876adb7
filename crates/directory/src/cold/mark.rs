//! The note in a directory of where its old receipts went: settings that lose it are noticed before anything is told as
//! deleted, or deleted in one of two stores.

use super::shown;
use crate::store::Mode;
use crate::{DirectoryError, Layout, Settings, durable};
use std::path::Path;

/// Longest such note, in bytes.
const MAX: usize = 64 << 10;

/// Keeps a place, before anything is moved there. Whether there was no note.
pub(super) fn put(file: &Path, place: &str) -> Result<bool, DirectoryError> {
    let before = read(file)?;
    if before.as_deref() != Some(place) {
        durable::write(file, format!("{place}\n").as_bytes())?;
    }
    Ok(before.is_none())
}

/// Refuses settings that do not name the store to which receipts were moved; for writing also those that name another.
pub(crate) fn hold(layout: &Layout, settings: &Settings, mode: Mode) -> Result<(), DirectoryError> {
    let file = layout.cold_mark();
    let Some(there) = read(&file)? else {
        return Ok(());
    };
    let what = match shown(&settings.cold)? {
        None => format!(
            "old receipts of this directory are in {there}, and no setting names that: without it they would seem to be \
             deleted. Expected cold-folder or cold-bucket"
        ),
        // Who reads by another way gets receipts of this log, or an error.
        Some(_) if matches!(mode, Mode::Read | Mode::Beside) => return Ok(()),
        Some(named) if named == there => return Ok(()),
        Some(named) => format!(
            "old receipts of this directory are in {there}, and the settings name {named}: what is deleted or erased would stay \
             where it is. Set it back; where all of it was brought to the other place, write {named} into this file"
        ),
    };
    Err(DirectoryError::Settings {
        origin: file.display().to_string(),
        what,
    })
}

fn read(file: &Path) -> Result<Option<String>, DirectoryError> {
    let bytes = durable::read(file, MAX)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().into()))
}
