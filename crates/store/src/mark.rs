//! High-water marks: how far a log had come, kept outside it, so that an older copy is noticed.

use ai_audit_core::{LeafHash, LogId};
use core::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// How far a log had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How many receipts it had, at least 1.
    pub size: u64,
    /// Hash of the last of them.
    pub hash: LeafHash,
}

/// Remembers how far logs had come, somewhere that is not copied or restored together with them.
///
/// The ledger asks when it attaches a log, and refuses one that is behind its mark or has another
/// receipt where the mark is. After each commit it moves the mark on.
pub trait HighWaterMark: Send + Sync {
    /// The mark of a log; `None` if there is none yet.
    ///
    /// # Errors
    ///
    /// When it cannot be read: the ledger then refuses the log.
    fn read(&self, log: &LogId) -> Result<Option<Mark>, MarkError>;

    /// Moves the mark of a log on. Need not be durable: a mark that is lost in a crash is only
    /// older.
    ///
    /// # Errors
    ///
    /// When it cannot be written. The receipts are stored all the same; the ledger counts the
    /// failure and tries again with the next commit.
    fn write(&self, log: &LogId, mark: &Mark) -> Result<(), MarkError>;
}

/// A mark that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkError {
    reason: String,
}

impl MarkError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for MarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "high-water mark: {}", self.reason)
    }
}

impl core::error::Error for MarkError {}

/// First word of a mark file.
const LABEL: &str = "ai-audit-mark/v1";
/// Length of a mark file: label, size in 20 digits, hash in 64, spaces and newline.
const FILE_LEN: usize = LABEL.len() + 1 + 20 + 1 + 64 + 1;

/// Marks in a folder, one file a log, named by the log id.
///
/// Each is one legible line, `ai-audit-mark/v1 SIZE HASH`. A new one is written beside it, synced
/// and then renamed over it, so whatever happens meanwhile the file holds one mark or the other:
/// that costs one more sync a commit, of the disk on which the folder lies.
#[derive(Debug, Clone)]
pub struct FileMarks {
    folder: PathBuf,
}

impl FileMarks {
    /// Marks in this folder, which must exist. It should lie outside of what is backed up together
    /// with the logs.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The file of a log's mark.
    #[must_use]
    pub fn path(&self, log: &LogId) -> PathBuf {
        self.folder.join(format!("{log}.mark"))
    }
}

impl HighWaterMark for FileMarks {
    fn read(&self, log: &LogId) -> Result<Option<Mark>, MarkError> {
        let path = self.path(log);
        let mut text = String::new();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &path, &error)),
        };
        file.take(FILE_LEN as u64 + 1)
            .read_to_string(&mut text)
            .map_err(|error| failed("reading", &path, &error))?;
        parse(&text).map(Some).ok_or_else(|| {
            let path = path.display();
            MarkError::new(format!(
                "{path}: expected `{LABEL} SIZE HASH`; if you know that the log is complete, remove this file"
            ))
        })
    }

    fn write(&self, log: &LogId, mark: &Mark) -> Result<(), MarkError> {
        let path = self.path(log);
        let line = format!("{LABEL} {:020} {}\n", mark.size, mark.hash);
        replace(&self.folder, &path, line.as_bytes())
            .map_err(|error| failed("writing", &path, &error))
    }
}

/// Puts a file in the place of another, or leaves that one as it was.
fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = tempfile::Builder::new();
    beside.prefix(".mark");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As of any new file, less what the process's mask takes away: a mark is no secret.
        beside.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = beside.tempfile_in(folder)?;
    file.write_all(bytes)?;
    // Without it a power cut could leave the new name with an empty file behind it.
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

fn parse(text: &str) -> Option<Mark> {
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (label, size, hash) = (words.next()?, words.next()?, words.next()?);
    if text.len() != FILE_LEN || label != LABEL || words.next().is_some() {
        return None;
    }
    Some(Mark {
        size: size.parse().ok()?,
        hash: hash.parse().ok()?,
    })
}

fn failed(tried: &str, path: &Path, error: &std::io::Error) -> MarkError {
    MarkError::new(format!("{tried} {}: {error}", path.display()))
}
