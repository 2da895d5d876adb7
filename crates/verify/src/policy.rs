//! The trust policy: all that a verifier brings.

use crate::{DetachedRevocation, Pin};
use ai_audit_note::{Checkpoint, CheckpointError, NoteError, SignedNote};
use alloc::vec::Vec;
use core::fmt;

/// What a verifier trusts before he sees the data. Empty, it trusts nobody: attribution and
/// completeness then stay unverified.
#[derive(Debug, Clone, Default)]
pub struct TrustPolicy {
    pins: Vec<Pin>,
    checkpoints: Vec<(SignedNote, Checkpoint)>,
    min_size: Option<u64>,
    revocations: Vec<DetachedRevocation>,
}

/// A checkpoint that cannot be part of a policy.
#[derive(Debug)]
pub enum PolicyError {
    /// It is no signed note.
    Note(NoteError),
    /// It is a signed note, and its text is no checkpoint.
    Checkpoint(CheckpointError),
}

impl TrustPolicy {
    /// A policy that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also trusts a key. With several, a log has to fit one of them.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.push(pin);
        self
    }

    /// Also expects a log to continue this checkpoint, which the verifier kept or got from
    /// somebody he trusts. Checkpoints of other origins are ignored.
    ///
    /// # Errors
    ///
    /// When the bytes are no checkpoint. Its signature is verified with the log at hand.
    pub fn checkpoint(mut self, note: &[u8]) -> Result<Self, PolicyError> {
        let note = SignedNote::parse(note).map_err(PolicyError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(PolicyError::Checkpoint)?;
        self.checkpoints.push((note, checkpoint));
        Ok(self)
    }

    /// Also expects a log to have at least this many receipts. 0 says nothing.
    #[must_use]
    pub fn min_size(mut self, size: u64) -> Self {
        if size == 0 {
            return self;
        }
        self.min_size = Some(self.min_size.map_or(size, |old| old.max(size)));
        self
    }

    /// Also knows of a revoked key, though the log may not say it. Revocations of other origins are
    /// ignored; one of the log that its recovery key did not sign fails attribution.
    #[must_use]
    pub fn revocation(mut self, revocation: DetachedRevocation) -> Self {
        self.revocations.push(revocation);
        self
    }

    pub(crate) const fn revocations(&self) -> &[DetachedRevocation] {
        self.revocations.as_slice()
    }

    /// The pinned keys.
    #[must_use]
    pub const fn pins(&self) -> &[Pin] {
        self.pins.as_slice()
    }

    /// The origins of the checkpoints that the verifier brought.
    pub fn checkpoint_origins(&self) -> impl Iterator<Item = &str> {
        self.checkpoints
            .iter()
            .map(|(_, checkpoint)| checkpoint.origin.as_str())
    }

    pub(crate) fn checkpoints(&self) -> &[(SignedNote, Checkpoint)] {
        &self.checkpoints
    }

    pub(crate) const fn known_size(&self) -> Option<u64> {
        self.min_size
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => write!(f, "checkpoint is no signed note: {error}"),
            Self::Checkpoint(error) => write!(f, "checkpoint: {error}"),
        }
    }
}

impl core::error::Error for PolicyError {}
