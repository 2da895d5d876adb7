//! Files that appear whole, and stay.

use crate::DirectoryError;
use crate::error::io_at;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Writes a file, or replaces it: after a crash at any moment it has the old or the new contents,
/// and after `Ok` the new ones.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<(), DirectoryError> {
    let part = path.with_extension("part");
    remove(&part)
        .and_then(|()| {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&part)?;
            file.write_all(contents)?;
            file.sync_all()?;
            fs::rename(&part, path)?;
            path.parent().map_or(Ok(()), sync_folder)
        })
        .map_err(io_at(path))
}

/// Makes a folder with all above it, durably.
pub(crate) fn make_folder(path: &Path) -> Result<(), DirectoryError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)
        .and_then(|()| path.parent().map_or(Ok(()), sync_folder))
        .map_err(io_at(path))
}

/// Refuses what is no plain file, also behind a link: the directory may be an enemy's, a pipe in it never
/// answers, and a device never ends. Whoever can change the directory while it is read could put one there
/// in between; all he gains is that it is read for ever.
pub(crate) fn plain(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    let what =
        "expected a plain file, found a folder, pipe or device; take it away, or put a file there";
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Reads a plain file of at most `max` bytes; `None` if there is none.
pub(crate) fn read(path: &Path, max: usize) -> Result<Option<Vec<u8>>, DirectoryError> {
    let file = match plain(path).and_then(|()| File::open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_at(path)(error)),
    };
    let mut contents = Vec::new();
    file.take(max as u64 + 1)
        .read_to_end(&mut contents)
        .map_err(io_at(path))?;
    if contents.len() > max {
        let error = io::Error::other(format!(
            "longer than {max} bytes, which is the most it may have"
        ));
        return Err(io_at(path)(error));
    }
    Ok(Some(contents))
}

/// Makes what was done in a folder durable: files that were made, renamed, removed.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    // An empty path is the parent of a name alone: the present folder.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    // Elsewhere folders cannot be opened as files, and the file system orders such changes itself.
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Removes a file that may be there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
