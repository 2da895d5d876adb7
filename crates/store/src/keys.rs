//! Who signed what in a stored log: where its receipt key changed, and where a batch was sealed.

use crate::{LogName, Query, Store, StoreError};
use ai_audit_core::Kind;

/// How many places are looked up at once.
const PAGE: usize = 1024;

/// The `seq`s of the receipts that change a log's receipt key, ascending.
///
/// # Errors
///
/// When the store cannot be read.
pub fn key_changes(store: &dyn Store, log: &LogName) -> Result<Vec<u64>, StoreError> {
    let mut all = Vec::new();
    for kind in [Kind::KEY_ROTATION, Kind::KEY_REVOCATION] {
        let mut after = None;
        loop {
            let found = store.find(log, &Query::Kind(kind), after, PAGE)?;
            after = found.last().copied();
            all.extend_from_slice(&found);
            if found.len() < PAGE {
                break;
            }
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// The `seq` of the batch seal that signs for a batched receipt: the first one behind it, where that is in
/// the log yet.
///
/// # Errors
///
/// When the store cannot be read.
pub fn batch_seal_of(
    store: &dyn Store,
    log: &LogName,
    seq: u64,
) -> Result<Option<u64>, StoreError> {
    let found = store.find(log, &Query::Kind(Kind::BATCH_SEAL), Some(seq), 1)?;
    Ok(found.first().copied())
}
