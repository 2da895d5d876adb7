//! Files that commands write for somebody: under their names only when they are whole, and never in
//! place of another unless that was asked for.

use crate::failure::usage;
use crate::output::shown_path;
use ai_audit_directory::{FileKek, Layout};
use anyhow::Context as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is being written. Dropped before it is finished, it leaves nothing behind.
pub(crate) struct NewFile {
    /// What the caller calls it.
    shown: String,
    /// Where it goes to.
    path: PathBuf,
    goal: Goal,
    force: bool,
}

enum Goal {
    /// A file beside the place it goes to.
    Beside(NamedTempFile),
    /// A device or a pipe, which stays what it is: it gets what was written in the end.
    Special(File),
}

impl NewFile {
    /// Begins a file. One that is there is replaced only with `force`.
    pub(crate) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        Self::with_mode(path, force, 0o666)
    }

    /// The same for the owner alone.
    pub(crate) fn create_private(path: &Path, force: bool) -> anyhow::Result<Self> {
        Self::with_mode(path, force, 0o600)
    }

    fn with_mode(path: &Path, force: bool, mode: u32) -> anyhow::Result<Self> {
        let shown = shown_path(path);
        let cannot = |error: &io::Error| usage(format!("{shown}: {}", in_words(error)));
        let special = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(usage(format!("{shown} is a directory"))),
            Ok(found) if found.is_file() && !force => return Err(exists(&shown)),
            Ok(found) => !found.is_file(),
            Err(_) => false,
        };
        if special {
            // Now rather than in the end: whether it can be opened at all.
            OpenOptions::new()
                .write(true)
                .open(path)
                .map_err(|error| cannot(&error))?;
            let file = tempfile::tempfile().context("a temporary file")?;
            return Ok(Self {
                shown,
                path: path.into(),
                goal: Goal::Special(file),
                force,
            });
        }
        // What a link points to is replaced, not the link. A key may be kept elsewhere and linked to.
        let given = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        if path.is_file()
            && let Some(directory) = [&given, &path]
                .into_iter()
                .find_map(|file| Layout::owner_of(file))
        {
            return Err(usage(format!(
                "{shown}: it is a part of the log directory {}, which --force does not replace",
                shown_path(&directory)
            )));
        }
        // Wherever the setting `kek-folder` put it: with it everything that it wraps would be gone.
        if FileKek::is_one(&path) {
            return Err(usage(format!(
                "{shown}: it is the key-encryption key of a log, which --force does not replace"
            )));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".ai-audit-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Like any new file, not private like a temporary one: it is to be handed on.
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = mode;
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| cannot(&error))?;
        Ok(Self {
            shown,
            path,
            goal: Goal::Beside(file),
            force,
        })
    }

    /// Writes a text.
    pub(crate) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        let shown = self.shown.clone();
        self.file().write_all(text.as_bytes()).context(shown)
    }

    /// To write to.
    pub(crate) fn file(&mut self) -> &mut File {
        match &mut self.goal {
            Goal::Beside(file) => file.as_file_mut(),
            Goal::Special(file) => file,
        }
    }

    /// Makes what was written durable and gives it its name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let shown = self.shown;
        match self.goal {
            Goal::Special(mut file) => {
                let mut to = OpenOptions::new()
                    .write(true)
                    .open(&self.path)
                    .with_context(|| shown.clone())?;
                file.rewind()
                    .and_then(|()| io::copy(&mut file, &mut to))
                    .and_then(|_| to.flush())
                    .context(shown)
            }
            Goal::Beside(file) => {
                file.as_file().sync_all().with_context(|| shown.clone())?;
                let named = match self.force {
                    true => file.persist(&self.path),
                    false => file.persist_noclobber(&self.path),
                };
                match named {
                    Ok(_) => {}
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(exists(&shown));
                    }
                    Err(error) => return Err(anyhow::Error::new(error.error).context(shown)),
                }
                #[cfg(unix)]
                if let Some(folder) = self.path.parent().filter(|path| path.is_absolute()) {
                    // The file is whole; that its name is durable too is a courtesy.
                    let _ = File::open(folder).and_then(|folder| folder.sync_all());
                }
                Ok(())
            }
        }
    }
}

fn exists(shown: &str) -> anyhow::Error {
    usage(format!("{shown} exists already; --force replaces it"))
}

/// What the system said, without the name of a temporary file that the caller never chose.
fn in_words(error: &io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(std::error::Error::source)
        .map(ToString::to_string);
    inner.unwrap_or_else(|| error.kind().to_string())
}

/// Writes a text to a file that is not there yet, or with `force` may be.
pub(crate) fn save(path: &Path, force: bool, text: &str) -> anyhow::Result<()> {
    let mut file = NewFile::create(path, force)?;
    file.write(text)?;
    file.finish()
}

/// Writes a file by what `write` does, and gives it its name when that has succeeded.
pub(crate) fn write_whole<T>(
    path: &Path,
    force: bool,
    write: impl FnOnce(BufWriter<File>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut new = NewFile::create(path, force)?;
    let file = new.file().try_clone().context(new.shown.clone())?;
    let written = write(BufWriter::new(file))?;
    new.finish()?;
    Ok(written)
}
