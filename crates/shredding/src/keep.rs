//! Who keeps subject keys, and who keeps the key that wraps them.

use crate::{KekId, KeyWrapper, SubjectKey};
use ai_audit_core::{LogId, NodeHash, SubjectKeyId};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Keeps the subject keys of one log, outside the log and its backups.
///
/// A new key is handed out at once and kept durably by the next [`sync`](Self::sync), so that many
/// are kept in one go: whoever seals a receipt in which a key has a part calls it before the receipt
/// is stored. A key that was lost before that was used by nothing that stayed.
pub trait SubjectKeys: Send + Sync {
    /// The log that they belong to.
    fn log(&self) -> &LogId;

    /// The key in use of a subject, which is made where he has none. The empty subject is the log
    /// itself.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read, or none can be made.
    fn key_for(&self, subject: &str) -> Result<SubjectKey, SubjectKeysError>;

    /// The id of the key in use of a subject, if he has one.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read.
    fn find(&self, subject: &str) -> Result<Option<SubjectKeyId>, SubjectKeysError>;

    /// What is held under an id.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read, or one does not open.
    fn held(&self, id: SubjectKeyId) -> Result<HeldKey, SubjectKeysError>;

    /// The subjects that have a key in use, with its id, sorted by subject.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read.
    fn subjects(&self) -> Result<Vec<(String, SubjectKeyId)>, SubjectKeysError>;

    /// Makes durable what was handed out. Costs nothing where there is nothing.
    ///
    /// # Errors
    ///
    /// When the keys cannot be kept: nothing that depends on them may be stored then.
    fn sync(&self) -> Result<(), SubjectKeysError>;

    /// The id of the key-encryption key that wraps the keys.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn kek(&self) -> Result<KekId, SubjectKeysError>;

    /// Tries what [`destroy`](Self::destroy) of these keys would need: that all others open, and that a
    /// next key-encryption key can be kept. To be asked before an erasure is recorded, since one that is
    /// recorded has to be finished.
    ///
    /// # Errors
    ///
    /// Why they could not be destroyed. Nothing is lost.
    fn may_destroy(&self, keys: &[SubjectKeyId]) -> Result<(), SubjectKeysError>;

    /// Destroys keys: overwrites and removes them, leaves tombstones, wraps all others under a new
    /// key-encryption key and destroys the old one, durably. Returns the new one's id.
    ///
    /// `requested_under` is the key-encryption key that wrapped them when the erasure was recorded.
    /// Where all are destroyed and another one is in use by now, nothing is done and that one's id
    /// returned: so an erasure that was cut off can be repeated. An id that was never held gets a
    /// tombstone.
    ///
    /// # Errors
    ///
    /// When it cannot be done. It may be done in part, and is finished by the next call.
    fn destroy(
        &self,
        keys: &[SubjectKeyId],
        requested_under: KekId,
    ) -> Result<KekId, SubjectKeysError>;

    /// How far it was noted that the log uses no key which is not kept here. Kept with the keys, so that a
    /// copy of them says what holds of that copy. None where nothing was noted: then whoever has to know
    /// reads the log from its beginning.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn known_up_to(&self) -> Result<Option<KnownUpTo>, SubjectKeysError> {
        Ok(None)
    }

    /// Notes that, durably. Never further than the receipts that are durable and were looked at. A keeper
    /// that notes nothing has the log read anew by each process.
    ///
    /// # Errors
    ///
    /// When it cannot be kept. What was noted before holds then.
    fn note_known_up_to(&self, known: KnownUpTo) -> Result<(), SubjectKeysError> {
        let _ = known;
        Ok(())
    }
}

/// Up to where a log uses no key that its keeper does not keep, or has destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownUpTo {
    /// How many receipts, from the genesis on.
    pub size: u64,
    /// The last of them as a leaf of the log's tree, by which a log is known that was set back since.
    pub last: NodeHash,
}

/// What a keeper has under the id of a subject key.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeldKey {
    /// The key, in use.
    InUse {
        /// Whose it is; empty for the log itself.
        subject: String,
        /// The key.
        key: SubjectKey,
    },
    /// A tombstone.
    Destroyed,
    /// Nothing: it never was here, or was made in a copy of the keys.
    Unknown,
}

/// Keeps the key-encryption key of a log, and the one that is to follow it while an erasure is under
/// way: a file, or a key management service.
pub trait KekVault: Send + Sync {
    /// A key that is held, current or next.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be used, such as without its passphrase.
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError>;

    /// The ids of those that are held, current and next. Needs no passphrase.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError>;

    /// The id of the current one: the one that was settled last. None where none ever was.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError>;

    /// Where they are kept, for messages: a file's path, or the name of a service.
    fn place(&self) -> String;

    /// Makes the next key and keeps it durably beside the current one, if there is one, in place of
    /// one that was prepared before. So whoever may have keys wrapped under that one settles first.
    ///
    /// # Errors
    ///
    /// When it cannot be made or kept. Nothing has changed then.
    fn prepare(&self) -> Result<Box<dyn WrapsKeys>, SubjectKeysError>;

    /// Makes `valid`, which is held, the current key and destroys every other one, durably. After an
    /// error it can be tried again.
    ///
    /// # Errors
    ///
    /// When it is not held, or the change cannot be made durable.
    fn settle(&self, valid: &KekId) -> Result<(), SubjectKeysError>;
}

/// A [`KeyWrapper`] of any kind, behind a pointer.
pub trait WrapsKeys: KeyWrapper<Error = SubjectKeysError> + Send + Sync {}
impl<W: KeyWrapper<Error = SubjectKeysError> + Send + Sync> WrapsKeys for W {}

/// Why keys cannot be read, kept or destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKeysError {
    reason: String,
    of_reader: bool,
}

impl SubjectKeysError {
    /// A reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            of_reader: false,
        }
    }

    /// Says that only who reads is refused: who writes has the access that is missing, or takes back first
    /// what a crash cut off.
    #[must_use]
    pub fn of_reader(mut self) -> Self {
        self.of_reader = true;
        self
    }

    /// Whether whoever writes may well be able to do it.
    #[must_use]
    pub const fn is_of_reader(&self) -> bool {
        self.of_reader
    }
}

impl fmt::Display for SubjectKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl core::error::Error for SubjectKeysError {}
