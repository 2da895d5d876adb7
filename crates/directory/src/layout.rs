//! Where things are in a log directory.
//!
//! The default log's files stand in the directory itself, those of another log in a folder of its
//! name. All logs share one database and one lock.

use crate::DirectoryError;
use crate::settings::{names, names_store};
use ai_audit_store::LogName;
use std::path::{Path, PathBuf};

/// Paths of a log directory.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

/// Paths of one log in it.
#[derive(Debug, Clone)]
pub struct LogPaths {
    /// The log's key line, to hand to an auditor.
    pub key_line: PathBuf,
    /// The folder of the keys, with mode 0700.
    pub keys: PathBuf,
    /// The receipt key.
    pub receipt_key: PathBuf,
    /// Where the receipt key is, if it is in a service and not in a file.
    pub receipt_signer: PathBuf,
    /// The receipt key that is to follow, while a rotation is under way.
    pub next_receipt_key: PathBuf,
    /// The checkpoint key.
    pub checkpoint_key: PathBuf,
    /// Where the checkpoint key is, if it is in a service and not in a file.
    pub checkpoint_signer: PathBuf,
    /// The recovery key, which belongs elsewhere.
    pub recovery_key: PathBuf,
    /// Which store the genesis with these keys was to be written to.
    pub begun: PathBuf,
    /// The secret under which texts are digested.
    pub digest_secret: PathBuf,
    /// The keys of subjects, wrapped.
    pub subject_keys: PathBuf,
    /// The key that wraps them, where no setting puts it elsewhere.
    pub kek: PathBuf,
    /// The one that is to follow it, while an erasure is under way.
    pub next_kek: PathBuf,
    /// Of a fleet log, what its keeper has read of it: for speed alone, and no harm to lose.
    pub fleet_state: PathBuf,
}

impl Layout {
    /// The paths below `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database with all receipts, where they are not on a server.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("audit.db")
    }

    /// The writer's lock.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("audit.lock")
    }

    /// The folder of the high-water marks of logs that are kept on a server, where no setting puts them
    /// elsewhere.
    #[must_use]
    pub fn marks(&self) -> PathBuf {
        self.root.join("audit.marks")
    }

    /// The place of the store to which receipts were moved, where some were.
    #[must_use]
    pub fn cold_mark(&self) -> PathBuf {
        self.root.join("audit.cold")
    }

    /// The folder in which is kept how far moves to that store have ended, but for what was fetched since.
    #[must_use]
    pub fn moved_marks(&self) -> PathBuf {
        self.root.join("audit.moved")
    }

    /// The folder in which is kept how far they have ever ended, which is what that store has at least.
    #[must_use]
    pub fn ended_marks(&self) -> PathBuf {
        self.moved_marks().join("ended")
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("ai-audit.toml")
    }

    /// The hashes of the tokens of those who may use the service.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.root.join("tokens.toml")
    }

    /// The witnesses and their quorum.
    #[must_use]
    pub fn witnesses(&self) -> PathBuf {
        self.root.join("witnesses.policy")
    }

    /// The files of a log.
    #[must_use]
    pub fn log(&self, name: &LogName) -> LogPaths {
        let folder = if *name == LogName::default() {
            self.root.clone()
        } else {
            self.root.join(name.as_str())
        };
        let keys = folder.join("keys");
        LogPaths {
            key_line: folder.join("log.pub"),
            fleet_state: folder.join("fleet.state"),
            receipt_key: keys.join("receipt.pem"),
            next_receipt_key: keys.join("receipt.next.pem"),
            receipt_signer: keys.join("receipt.signer"),
            checkpoint_key: keys.join("checkpoint.pem"),
            checkpoint_signer: keys.join("checkpoint.signer"),
            recovery_key: keys.join("recovery.pem"),
            begun: keys.join("begun"),
            digest_secret: keys.join("digest.secret"),
            subject_keys: keys.join("subjects.db"),
            kek: keys.join("kek"),
            next_kek: keys.join("kek.next"),
            keys,
        }
    }

    /// The log directory of which a file is a part, such as its database or one of its keys; none for what
    /// somebody else put there.
    ///
    /// ```
    /// use ai_audit_directory::Layout;
    /// use std::fs;
    ///
    /// let folder = tempfile::tempdir()?;
    /// fs::write(folder.path().join("audit.db"), "")?;
    /// let of = |name| Layout::owner_of(&folder.path().join(name));
    /// assert_eq!(of("keys/receipt.pem").as_deref(), Some(folder.path()));
    /// assert_eq!(of("checkpoint.note"), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn owner_of(file: &Path) -> Option<PathBuf> {
        // Beside the settings, in the folder of a log, or one below.
        let above = file.ancestors().skip(1).take(3);
        let folder = above
            .filter(|folder| !folder.as_os_str().is_empty())
            .find(|folder| Self::is_log_directory(folder))?;
        let inside = file.strip_prefix(folder).ok()?;
        inside
            .iter()
            .any(|name| name.to_str().is_some_and(is_ours))
            .then(|| folder.to_owned())
    }

    /// Whether a directory looks like a log directory.
    #[must_use]
    pub fn is_log_directory(path: &Path) -> bool {
        let layout = Self::new(path);
        layout.database().is_file() || names_store(&layout.settings())
    }

    /// Whether receipts were moved to a second store, or the directory's own settings name one: without it what was
    /// moved there is not found.
    #[must_use]
    pub fn has_cold_store(&self) -> bool {
        self.cold_mark().exists() || names(&self.settings(), &["cold-folder", "cold-bucket"])
    }

    /// Whether a log that is not there yet can have this name: other logs' files stand in a folder
    /// of the log's name, and nothing else of the directory may be in the way.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::ReservedName`].
    pub fn check_new_log(&self, log: &LogName) -> Result<(), DirectoryError> {
        if *log == LogName::default() {
            return Ok(());
        }
        let name = log.as_str();
        let folder = self.root.join(name);
        if is_ours(name) || (folder.exists() && !folder.is_dir()) {
            return Err(DirectoryError::ReservedName { log: log.clone() });
        }
        Ok(())
    }
}

/// Whether a file or folder of this name, beside the settings, is one of ours.
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "keys"
            | "audit.lock"
            | "audit.marks"
            | "audit.cold"
            | "fleet.state"
            | "audit.moved"
            | "ai-audit.toml"
            | "tokens.toml"
            | "witnesses.policy"
    ) || name.starts_with("audit.db")
        || name.starts_with("log.pub")
}
