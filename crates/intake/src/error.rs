//! Why nothing could be taken in, where no single group is the reason.

use ai_audit_directory::DirectoryError;
use ai_audit_pii::PolicyError;
use ai_audit_store::{RandomError, StoreError};

/// A log, its keys or its redaction policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The directory, one of its key files, its store, or the keys of subjects.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The redaction policy in force does not compile.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// There was no randomness for ids or for encryption.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        Self::Directory(error.into())
    }
}
