//! Contracts that take effect in a log.

use crate::{IntakeError, TakeError};
use ai_audit_agentic::{ContractActivation, ContractAudit};
use ai_audit_core::{Kind, UnverifiedReceipt};
use ai_audit_directory::Writer;
use ai_audit_store::{AppendError, LogName, Query, Record, StoreError};

/// Why a contract does not take effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// Its name and version are another contract's there.
    #[error(
        "log {log} has {name} {version} as another contract, {digest}: give this one a new version"
    )]
    OtherContract {
        /// The log.
        log: LogName,
        /// The contract's name.
        name: String,
        /// Its version.
        version: String,
        /// The other one's digest.
        digest: ai_audit_core::Digest,
    },
    /// It cannot be looked up, or not be submitted.
    #[error(transparent)]
    Take(#[from] TakeError),
    /// It is not surely in the log.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Seals a contract, unless it is in the log, and waits until it is durable. The receipt's `seq`.
///
/// # Errors
///
/// See [`ActivateError`].
pub fn activate(
    writer: &Writer,
    log: &LogName,
    activation: &ContractActivation<'_>,
) -> Result<Option<u64>, ActivateError> {
    let mut audit = ContractAudit::new();
    let directory = writer.directory();
    let failed = |error: IntakeError| ActivateError::Take(error.into());
    let query = Query::Kind(Kind::CONTRACT_ACTIVATION);
    let found = directory.store().find(log, &query, None, usize::MAX);
    for seq in found.map_err(|error| failed(error.into()))? {
        let sealed = directory.receipt(log, seq);
        let sealed = sealed.map_err(|error| failed(error.into()))?;
        let corrupt = |what: String| failed(StoreError::Corrupt { what }.into());
        let receipt = UnverifiedReceipt::parse(&sealed)
            .map_err(|error| corrupt(format!("receipt {seq}: {error}")))?;
        let pushed = audit.push(&receipt);
        pushed.map_err(|error| corrupt(format!("receipt {seq}: {error}")))?;
    }
    match audit.version(&activation.name, &activation.version) {
        Some(digest) if digest != activation.contract => {
            return Err(ActivateError::OtherContract {
                log: log.clone(),
                name: activation.name.to_string(),
                version: activation.version.to_string(),
                digest,
            });
        }
        _ if audit.is_active(&activation.contract) => return Ok(None),
        _ => {}
    }
    let record = Record::new(activation);
    let ticket = writer.ledger().submit(log, vec![record]);
    let sealed = ticket.map_err(TakeError::from)?.wait()?;
    Ok(sealed.first().map(|receipt| receipt.seq))
}
