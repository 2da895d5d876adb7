//! The key history of a stored log: where its receipt key changed.

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
