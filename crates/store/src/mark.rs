//! High-water marks: how far a log had come, kept outside it, so that an older copy is noticed.

use ai_audit_core::{LeafHash, LogId};
use core::fmt;
use std::fs::{File, OpenOptions, TryLockError};
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

    /// Where the mark of a log is, for messages that say what to do about it; none where that cannot be said.
    fn place(&self, _log: &LogId) -> Option<String> {
        None
    }
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

/// How often a mark is read that changes under the reader.
const READS: usize = 100;

/// Marks in a folder, one file a log, named by the log id.
///
/// Each is one legible line of fixed length, `ai-audit-mark/v1 SIZE HASH`. The first mark of a log is
/// written under another name, synced and renamed, so a file of the right name is whole. Those that
/// follow overwrite it in place with one short write: the bytes lie in one sector that the file
/// already has, so neither a full disk nor a crash leaves half a mark, and a commit waits for no
/// second sync.
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
        let text = match read_still(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &path, &error)),
        };
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
        overwrite(&path, line.as_bytes())
            .and_then(|there| match there {
                true => Ok(()),
                false => replace(&self.folder, &path, line.as_bytes()),
            })
            .map_err(|error| failed("writing", &path, &error))
    }

    fn place(&self, log: &LogId) -> Option<String> {
        Some(self.path(log).display().to_string())
    }
}

/// Reads a mark file until it says the same twice: a writer may be overwriting it, and a system does
/// not promise that a reader sees a write wholly or not at all.
fn read_still(path: &Path) -> std::io::Result<String> {
    let read = || {
        let mut text = String::new();
        // A pipe would never answer, and the folder may have come with a directory of somebody's.
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("expected a plain file"));
        }
        let file = File::open(path)?;
        // A writer that was stopped in the middle of a line leaves the same half line for many reads.
        wait_for(|| file.try_lock_shared());
        file.take(FILE_LEN as u64 + 1).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    };
    let mut text = read()?;
    for _ in 0..READS {
        let again = read()?;
        if again == text {
            break;
        }
        text = again;
    }
    Ok(text)
}

/// Overwrites a mark with one of the same length; false if none is there.
fn overwrite(path: &Path, line: &[u8]) -> std::io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() != FILE_LEN as u64 {
        return Ok(false);
    }
    wait_for(|| file.try_lock());
    file.write_all(line)?;
    Ok(true)
}

/// Tries to lock a file for a while. Whoever holds the lock longer, or on a file system that has none,
/// keeps nobody from the mark: the lock only makes it rare that a line is read while it is written.
fn wait_for(mut lock: impl FnMut() -> Result<(), TryLockError>) {
    for _ in 0..READS {
        match lock() {
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
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
