//! What `init` was told of a store, kept in the directory's settings file.

use super::StoreSettings;
use crate::error::io_at;
use crate::settings::names_store;
use crate::{DirectoryError, durable};
use std::path::{Path, PathBuf};

/// Longest settings file, in bytes.
const MAX_SETTINGS: usize = 1 << 20;

/// Puts into a settings file where the receipts are, unless it says so already.
///
/// `new` is the text of a file that is not there yet.
pub(crate) fn keep(
    file: &Path,
    new: &str,
    store: &StoreSettings,
) -> Result<Option<Kept>, DirectoryError> {
    if names_store(file) {
        return Ok(None);
    }
    let before = durable::read(file, MAX_SETTINGS)?;
    let mut text = match before.clone() {
        Some(bytes) => String::from_utf8(bytes).map_err(|_| DirectoryError::Settings {
            origin: file.display().to_string(),
            what: "expected a text in UTF-8".into(),
        })?,
        None => new.into(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut line = |name: &str, value: toml::Value| text.push_str(&format!("{name} = {value}\n"));
    let path = |path: &Path| -> Result<toml::Value, DirectoryError> {
        // Whoever runs it next may be in another folder.
        let path = std::path::absolute(path).map_err(io_at(path))?;
        let text = path.to_str().ok_or_else(|| DirectoryError::Settings {
            origin: path.display().to_string(),
            what: "a path in the settings file has to be UTF-8".into(),
        })?;
        Ok(text.into())
    };
    if let Some(address) = &store.address {
        line("store", address.as_str().into());
    }
    if let Some(name) = &store.name {
        line("store-name", name.as_str().into());
    }
    if let Some(file) = &store.password_file {
        line("store-password-file", path(file)?);
    }
    if let Some(file) = &store.authorities {
        line("store-ca", path(file)?);
    }
    if let Some(eraser) = &store.eraser {
        line("store-eraser", eraser.as_str().into());
    }
    if store.allow_loss {
        line("store-allow-loss", true.into());
    }
    durable::write(file, text.as_bytes())?;
    let file = file.to_owned();
    Ok(Some(Kept { file, before }))
}

/// A settings file that was written, and what it was before.
pub(crate) struct Kept {
    file: PathBuf,
    before: Option<Vec<u8>>,
}

impl Kept {
    pub(crate) fn undo(self) -> Result<(), DirectoryError> {
        match self.before {
            Some(before) => durable::write(&self.file, &before),
            None => durable::remove(&self.file).map_err(io_at(&self.file)),
        }
    }
}
