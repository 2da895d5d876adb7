//! Whose bytes are deleted: what the deletion receipts name, as the store has it now.

use ai_audit_core::{DecodeBody as _, Kind, UnverifiedReceipt};
use ai_audit_epochs::Deletion;
use ai_audit_store::{LogName, Query, ReadLimit, Store, StoreError};
use std::collections::BTreeMap;

/// The ranges that a log's deletion receipts name, by first and last `seq`, and how many of the first
/// `size` receipts have no bytes in each.
///
/// Nothing may be deleted without such a receipt, which is durable before. So what is here is all, where
/// nobody changed the store by other means.
pub(crate) fn deletions(
    store: &dyn Store,
    log: &LogName,
    size: u64,
) -> Result<BTreeMap<(u64, u64), u64>, StoreError> {
    let mut deletions = BTreeMap::new();
    let Some(end) = size.checked_sub(1) else {
        return Ok(deletions);
    };
    for seq in store.find(log, &Query::Kind(Kind::DELETION), None, usize::MAX)? {
        let read = store.read(log, seq, ReadLimit::ONE)?;
        let sealed = read.first().and_then(|stored| stored.sealed());
        let receipt = sealed.and_then(|sealed| UnverifiedReceipt::parse(sealed).ok());
        // By one that cannot be read nothing is deleted; it is for a verification to find.
        let Some(receipt) = receipt else {
            continue;
        };
        let Ok(deletion) = Deletion::decode(&receipt) else {
            continue;
        };
        let range = (deletion.first, deletion.last.min(end));
        if range.0 <= range.1 && !deletions.contains_key(&range) {
            let count = store.count_deleted(log, range.0..=range.1)?;
            deletions.insert(range, count);
        }
    }
    Ok(deletions)
}
