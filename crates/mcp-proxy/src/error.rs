//! Why the proxy cannot begin, or cannot record.

use ai_audit_directory::DirectoryError;
use ai_audit_intake::{ActivateError, TakeError};
use ai_audit_store::{AppendError, LedgerError, SubmitError};

/// A log does not take what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// What was sent cannot go into a receipt, or the log takes nothing.
    #[error(transparent)]
    Take(#[from] TakeError),
    /// It is not surely in the log.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A contract does not take effect.
    #[error(transparent)]
    Contract(#[from] ActivateError),
    /// A log could not be stopped in order.
    #[error("closing: {0}")]
    Close(#[from] LedgerError),
    /// The log has something that it should not.
    #[error("{0}")]
    Log(String),
}

impl GateError {
    /// Whether the call itself is what cannot be recorded, whatever state the log is in.
    pub(crate) const fn is_of_call(&self) -> bool {
        matches!(
            self,
            Self::Take(
                TakeError::Line(_)
                    | TakeError::Group(_)
                    | TakeError::Submit(SubmitError::Record { .. } | SubmitError::TooLarge { .. })
            )
        )
    }

    /// Whether nothing was handed to the ledger, which declares by itself what it was given and lost.
    pub(crate) const fn is_undeclared(&self) -> bool {
        !matches!(self, Self::Take(TakeError::Submit(_)) | Self::Append(_))
    }
}

/// Why a proxy did not start, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The log.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The server cannot be started.
    #[error("{command}: it cannot be started: {error}")]
    Command {
        /// The program.
        command: String,
        /// Why.
        error: std::io::Error,
    },
    /// The server's address cannot be used.
    #[error("the upstream: {0}")]
    Upstream(&'static str),
    /// The runtime, or a process, cannot be used.
    #[error("the proxy: {0}")]
    Io(#[from] std::io::Error),
}
