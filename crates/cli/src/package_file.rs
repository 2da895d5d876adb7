//! Writing a package so that a failure leaves no half file under its name.

use crate::failure::usage;
use anyhow::Context as _;
use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;

/// Refuses to replace a file that nobody said may be replaced.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        return Err(usage(format!(
            "{} exists already; --force replaces it",
            path.display()
        )));
    }
    Ok(())
}

/// Writes a file beside the place it goes to, and moves it there when it is whole.
pub(crate) fn write_whole<T>(
    path: &Path,
    force: bool,
    write: impl FnOnce(BufWriter<File>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    refuse_existing(path, force)?;
    let beside = path.with_extension("zip.part");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)
        .map_err(|error| usage(format!("{}: {error}", beside.display())))?;
    match write(BufWriter::new(file)) {
        Ok(written) => {
            File::open(&beside)
                .and_then(|file| file.sync_all())
                .and_then(|()| std::fs::rename(&beside, path))
                .with_context(|| path.display().to_string())?;
            Ok(written)
        }
        Err(error) => {
            // What is left of it is of no use; that it could not be removed changes nothing.
            let _ = std::fs::remove_file(&beside);
            Err(error)
        }
    }
}
