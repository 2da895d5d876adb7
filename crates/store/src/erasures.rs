//! Which erasures of a stored log are under way.

use crate::{LogName, Query, ReadLimit, Store, StoreError, StoredReceipt};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, UnverifiedReceipt};
use ai_audit_shredding::ErasureCompleted;
use std::collections::BTreeSet;

/// The `seq`s of the requests of a log to erase something that no completion ends yet, ascending: they were cut off, or a
/// store that is away has still to do its part. As stored; verifying tells whether they hold.
///
/// # Errors
///
/// When the store cannot be read, or a receipt of an erasure cannot.
pub fn open_erasures(store: &dyn Store, log: &LogName) -> Result<Vec<u64>, StoreError> {
    let places = |kind| store.find(log, &Query::Kind(kind), None, usize::MAX);
    let (requests, completions) = (
        places(Kind::ERASURE_REQUESTED)?,
        places(Kind::ERASURE_COMPLETED)?,
    );
    if requests.len() == completions.len() {
        return Ok(Vec::new());
    }
    let mut completed = BTreeSet::new();
    for seq in completions {
        completed.insert(with(store, log, seq, |receipt| {
            ErasureCompleted::decode(receipt).map(|completion| completion.request)
        })?);
    }
    let mut open = Vec::new();
    for seq in requests {
        let hash: LeafHash = with(store, log, seq, |receipt| Ok(receipt.hash()))?;
        if !completed.contains(&hash) {
            open.push(seq);
        }
    }
    if open.is_empty() {
        return Err(StoreError::Corrupt {
            what: format!("log {log} has more erasures completed than requested"),
        });
    }
    Ok(open)
}

/// What is taken of a control receipt.
fn with<T>(
    store: &dyn Store,
    log: &LogName,
    seq: u64,
    take: impl FnOnce(&UnverifiedReceipt<'_>) -> Result<T, ai_audit_core::DecodeError>,
) -> Result<T, StoreError> {
    let wrong = |what: String| StoreError::Corrupt {
        what: format!("log {log}, receipt {seq}: {what}"),
    };
    let read = store.read(log, seq, ReadLimit::ONE)?;
    let found = read.first().filter(|found| found.seq == seq);
    let sealed = found.and_then(StoredReceipt::sealed);
    let sealed = sealed.ok_or_else(|| wrong("it has no bytes".into()))?;
    let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| wrong(error.to_string()))?;
    take(&receipt).map_err(|error| wrong(error.to_string()))
}
