//! A monitor's folder: the checkpoints that were seen of some logs, and what convicts them.
//!
//! ```text
//! MONITOR/monitor.lock                      held by whoever writes
//! MONITOR/<digest of origin>/log.pub        the pinned key line
//! MONITOR/<digest of origin>/checkpoints/…  every checkpoint that was seen, as it was seen
//! MONITOR/<digest of origin>/links/…        consistency paths between them
//! MONITOR/<digest of origin>/*.equivocation proofs that the log signed two histories
//! ```
//!
//! Nothing in it is believed: each time it is opened, notes, paths and proofs are verified again
//! under the pinned key. Who can change `log.pub` can change what the monitor says, no one else.

mod files;
mod source;

use crate::durable;
use crate::error::io_at;
use crate::{DirectoryError, Layout};
use ai_audit_core::Digest;
use ai_audit_merkle::ConsistencyProof;
use ai_audit_note::{Checkpoint, MAX_NOTE_LEN, VKey};
use ai_audit_store::WriterLock;
use ai_audit_verify::{Equivocation, Monitor};
use std::fs;
use std::path::{Path, PathBuf};

pub use source::{MonitorSource, SourceReport};

const KEY_LINE: &str = "log.pub";
const CHECKPOINTS: &str = "checkpoints";
const LINKS: &str = "links";

/// The folder of a monitor.
#[derive(Debug)]
pub struct MonitorFolder {
    root: PathBuf,
    lock: Option<WriterLock>,
}

/// A log that is watched.
#[derive(Debug)]
pub struct WatchedLog {
    folder: PathBuf,
    monitor: Monitor,
    equivocations: Vec<(PathBuf, Equivocation)>,
}

/// What became of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its size.
    pub size: u64,
    /// Whether it was not seen before.
    pub new: bool,
    /// The largest size seen before, where this one is smaller.
    pub older_than: Option<u64>,
}

impl MonitorFolder {
    /// Opens a folder for reading.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        fs::read_dir(path).map_err(io_at(path))?;
        Ok(Self {
            root: path.into(),
            lock: None,
        })
    }

    /// Opens a folder for writing, and makes it if it is not there. Others may read.
    ///
    /// # Errors
    ///
    /// When somebody else writes to it, it is a log directory, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, DirectoryError> {
        if Layout::is_log_directory(path) {
            return Err(DirectoryError::NotForTiles {
                path: path.into(),
                name: "a log".into(),
            });
        }
        durable::make_folder(path)?;
        let lock = WriterLock::acquire(&path.join("monitor.lock"))?;
        Ok(Self {
            root: path.into(),
            lock: Some(lock),
        })
    }

    /// The logs that are watched, by origin.
    ///
    /// # Errors
    ///
    /// When something in the folder cannot be read or does not verify.
    pub fn logs(&self) -> Result<Vec<WatchedLog>, DirectoryError> {
        let mut logs = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(io_at(&self.root))? {
            let folder = entry.map_err(io_at(&self.root))?.path();
            if let Some(line) = key_line(&folder)? {
                logs.push(WatchedLog::load(folder, line)?);
            }
        }
        logs.sort_by(|a, b| a.origin().cmp(b.origin()));
        Ok(logs)
    }

    /// The log of an origin.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotPinned`]; when something cannot be read or does not verify.
    pub fn log(&self, origin: &str) -> Result<WatchedLog, DirectoryError> {
        let folder = self.folder(origin);
        match key_line(&folder)? {
            Some(line) if line.name() == origin => WatchedLog::load(folder, line),
            _ => Err(DirectoryError::NotPinned {
                origin: origin.into(),
                path: self.root.clone(),
            }),
        }
    }

    /// Pins a log's key line. One that is pinned already stays, and another one is refused: a key
    /// changes only where a person removes the old one.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::OtherKey`]; when it cannot be written.
    pub fn pin(&self, line: &VKey) -> Result<(), DirectoryError> {
        let folder = self.folder(line.name());
        match key_line(&folder)? {
            Some(pinned) if pinned == *line => Ok(()),
            Some(pinned) => Err(DirectoryError::OtherKey {
                origin: line.name().into(),
                path: self.root.clone(),
                pinned: pinned.to_string(),
            }),
            None => {
                durable::make_folder(&folder.join(CHECKPOINTS))?;
                durable::make_folder(&folder.join(LINKS))?;
                durable::write(&folder.join(KEY_LINE), format!("{line}\n").as_bytes())
            }
        }
    }

    /// Whether it was opened for writing.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// Origins have slashes, and may be anything; their digests are names everywhere.
    fn folder(&self, origin: &str) -> PathBuf {
        let digest = Digest::of(origin.as_bytes()).to_string();
        self.root.join(&digest[..32])
    }
}

impl WatchedLog {
    fn load(folder: PathBuf, line: VKey) -> Result<Self, DirectoryError> {
        let mut log = Self {
            monitor: Monitor::new(line),
            equivocations: Vec::new(),
            folder,
        };
        let damaged = |path: &Path, what: String| DirectoryError::Damaged {
            path: path.into(),
            what,
        };
        for path in files::with_extension(&log.folder.join(CHECKPOINTS), "note")? {
            let note = durable::read(&path, MAX_NOTE_LEN)?.unwrap_or_default();
            log.monitor
                .see(&note)
                .map_err(|error| damaged(&path, error.to_string()))?;
        }
        for path in files::with_extension(&log.folder.join(LINKS), "path")? {
            let text = durable::read(&path, files::MAX_LINK_LEN)?.unwrap_or_default();
            let proof = files::parse_link(&text);
            // Without it a pair is open again, no more.
            if !proof.is_some_and(|proof| log.monitor.link(&proof)) {
                let what = "expected a consistency path between two kept checkpoints".into();
                return Err(damaged(&path, what));
            }
        }
        for path in files::with_extension(&log.folder, "equivocation")? {
            let bytes = durable::read(&path, 3 * MAX_NOTE_LEN)?.unwrap_or_default();
            let proof =
                Equivocation::parse(&bytes).map_err(|error| damaged(&path, error.to_string()))?;
            if !log.monitor.convict(&proof) {
                let what = "the pinned key did not sign both checkpoints".into();
                return Err(damaged(&path, what));
            }
            log.equivocations.push((path, proof));
        }
        Ok(log)
    }

    /// The log's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.monitor.key().name()
    }

    /// The checkpoints and what is known of them.
    #[must_use]
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The proofs that the log signed two histories, and their files.
    #[must_use]
    pub fn equivocations(&self) -> &[(PathBuf, Equivocation)] {
        &self.equivocations
    }

    /// Takes a checkpoint and keeps it, durably. Where it contradicts one of its size, the proof is
    /// written at once.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Damaged`] with `shown` as the path when it is no checkpoint of this log;
    /// when a file cannot be written.
    pub fn see(&mut self, note: &[u8], shown: &Path) -> Result<Kept, DirectoryError> {
        let refused = |what: String| DirectoryError::Damaged {
            path: shown.into(),
            what,
        };
        let seen = Checkpoint::open(note, self.monitor.key());
        let checkpoint = seen.map_err(|error| refused(error.to_string()))?;
        let sighting = self
            .monitor
            .see(note)
            .map_err(|error| refused(error.to_string()))?;
        let size = checkpoint.size.as_u64();
        // First what must not be lost: with the note alone nobody would look for it again.
        for proof in sighting.equivocations {
            self.convict(proof)?;
        }
        if sighting.new {
            let root = checkpoint.root.to_string();
            let name = format!("{size:020}-{}.note", &root[..16]);
            durable::write(&self.folder.join(CHECKPOINTS).join(name), note)?;
        }
        Ok(Kept {
            size,
            new: sighting.new,
            older_than: sighting.older_than.map(|size| size.as_u64()),
        })
    }

    fn keep_link(&self, proof: &ConsistencyProof) -> Result<(), DirectoryError> {
        let text = files::print_link(proof);
        let digest = Digest::of(text.as_bytes()).to_string();
        let name = format!(
            "{:020}-{:020}-{}.path",
            proof.old.as_u64(),
            proof.new.as_u64(),
            &digest[..16]
        );
        durable::write(&self.folder.join(LINKS).join(name), text.as_bytes())
    }

    fn convict(&mut self, proof: Equivocation) -> Result<(), DirectoryError> {
        let text = proof.to_string();
        let digest = Digest::of(text.as_bytes()).to_string();
        let (a, b) = (proof.smaller().1.size, proof.larger().1.size);
        let path = self
            .folder
            .join(format!("{a}-{b}-{}.equivocation", &digest[..16]));
        durable::write(&path, text.as_bytes())?;
        self.equivocations.push((path, proof));
        Ok(())
    }
}

/// The key line that is pinned in a log's folder.
fn key_line(folder: &Path) -> Result<Option<VKey>, DirectoryError> {
    let path = folder.join(KEY_LINE);
    if !folder.is_dir() {
        return Ok(None);
    }
    let Some(text) = durable::read(&path, MAX_NOTE_LEN)? else {
        return Ok(None);
    };
    let damaged = |what: String| DirectoryError::Damaged {
        path: path.clone(),
        what,
    };
    let text = String::from_utf8(text).map_err(|_| damaged("expected a key line".into()))?;
    VKey::parse(text.trim_end())
        .map(Some)
        .map_err(|error| damaged(error.to_string()))
}
