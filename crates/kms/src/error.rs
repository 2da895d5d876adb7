//! What went wrong with a service: which, with which key, whose fault, and what to do.

use ai_audit_core::SignerError;
use ai_audit_shredding::SubjectKeysError;

/// A service that could not be asked, or whose answer cannot be used. Nothing of it is to be used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct KmsError {
    kind: KmsErrorKind,
    place: String,
    what: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KmsErrorKind {
    /// An address, a name or a region that cannot be. Nothing was sent.
    Settings,
    /// Credentials that are missing, were refused or have expired.
    Credentials,
    /// Who asks may not do this with this key.
    Denied,
    /// There is no key of this name.
    NoSuchKey,
    /// A key that is disabled, to be deleted, of another type, or could be taken out.
    KeyUnusable,
    /// What came back was not made by the pinned key.
    OtherKey,
    /// Too many requests.
    Throttled,
    /// No connection, sealed, or an error of the service's own.
    Unavailable,
    /// No answer within the deadline for all tries.
    TimedOut,
    /// What came back is not in the service's form.
    Answer,
    /// Anything else that the service refused.
    Refused,
}

impl KmsErrorKind {
    /// Whether the same may work a moment later.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }
}

impl KmsError {
    pub(crate) fn new(
        kind: KmsErrorKind,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            place: place.into(),
            what: what.into(),
        }
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn kind(&self) -> KmsErrorKind {
        self.kind
    }
}

impl From<KmsError> for SignerError {
    fn from(error: KmsError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<KmsError> for SubjectKeysError {
    fn from(error: KmsError) -> Self {
        Self::new(error.to_string())
    }
}
