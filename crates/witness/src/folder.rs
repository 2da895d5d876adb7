//! What a witness keeps: for each log the last checkpoint that it cosigned, and contradictions.

use crate::origin_digest;
use ai_audit_note::SignedNote;
use ai_audit_store::{StoreError, WriterLock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The most contradictions that are kept of one log: two are enough to convict it.
const MAX_EVIDENCE: usize = 100;
/// Notes are not longer.
const MAX_LEN: u64 = 1 << 20;

/// A witness's folder, locked: of two processes the second is refused, since two witnesses of one
/// key that do not know of each other would cosign two histories.
///
/// ```text
/// DIR/witness.lock                  held by the one process
/// DIR/logs/<digest>.note            the last checkpoint cosigned, with our cosignature
/// DIR/evidence/<digest>/N-ROOT.note notes of one size with different roots
/// ```
///
/// `<digest>` is [`origin_digest`].
#[derive(Debug)]
pub struct WitnessFolder {
    root: PathBuf,
    _lock: WriterLock,
}

/// Why a witness's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It is no witness's folder, or what was in it is gone.
    #[error(
        "{} is no witness's folder: it has no `logs`; make one with `ai-audit witness keygen`, and \
         never start a known witness anew: it would not know what it cosigned", .path.display()
    )]
    NotAFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A file does not hold what the witness wrote.
    #[error("{}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl WitnessFolder {
    /// Makes the folder of a new witness, or opens it where it is there.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or another process has it.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        let logs = path.join("logs");
        fs::create_dir_all(&logs).map_err(at(&logs))?;
        sync_folder(path)?;
        Self::open(path)
    }

    /// Opens a witness's folder.
    ///
    /// # Errors
    ///
    /// When it is none, or another process has it.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.join("logs").is_dir() {
            return Err(FolderError::NotAFolder { path: path.into() });
        }
        Ok(Self {
            root: path.into(),
            _lock: WriterLock::acquire(&path.join("witness.lock"))?,
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where the last checkpoint of a log is.
    pub(crate) fn latest_path(&self, origin: &str) -> PathBuf {
        let file = format!("{}.note", origin_digest(origin));
        self.root.join("logs").join(file)
    }

    /// The last checkpoint of a log, as it was written; `None` where there was none yet.
    pub(crate) fn latest(&self, origin: &str) -> Result<Option<SignedNote>, FolderError> {
        let path = self.latest_path(origin);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_LEN + 1)
            .read_to_end(&mut bytes)
            .map_err(at(&path))?;
        match SignedNote::parse(&bytes) {
            Ok(note) => Ok(Some(note)),
            Err(error) => Err(FolderError::Damaged {
                what: error.to_string(),
                path,
            }),
        }
    }

    /// Keeps a checkpoint as the last of its log. On return it is durable; on an error the one
    /// before stands, or this one does.
    pub(crate) fn put(&self, origin: &str, note: &SignedNote) -> Result<(), FolderError> {
        write(&self.latest_path(origin), note)
    }

    /// Keeps two notes of one log that contradict each other, as long as there is room. `size` and
    /// `roots` name the files.
    pub(crate) fn keep_evidence(
        &self,
        origin: &str,
        size: u64,
        notes: [(&SignedNote, String); 2],
    ) -> Result<(), FolderError> {
        let folder = self.root.join("evidence").join(origin_digest(origin));
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        for (note, root) in notes {
            let path = folder.join(format!("{size}-{root}.note"));
            if path.exists() {
                continue;
            }
            let kept = fs::read_dir(&folder).map_err(at(&folder))?.count();
            if kept >= MAX_EVIDENCE {
                return Ok(());
            }
            write(&path, note)?;
        }
        Ok(())
    }
}

/// Writes a file wholly or not at all, and durably.
fn write(path: &Path, note: &SignedNote) -> Result<(), FolderError> {
    let beside = path.with_extension("note.new");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(note.to_string().as_bytes())?;
            file.sync_all()
        })
        .map_err(at(&beside))?;
    fs::rename(&beside, path).map_err(at(path))?;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Makes a renamed or new entry of a folder durable, where the system can.
fn sync_folder(folder: &Path) -> Result<(), FolderError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(at(folder))?;
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    |error| FolderError::Io {
        path: path.into(),
        error,
    }
}
