//! Ids that callers chose: each stands once in a log.

use super::pending::Pending;
use crate::{AppendError, LogName, Query, Record, Store};

/// Checks that ids which callers chose stand neither in the log nor among what is sealed for it.
pub(super) fn new_ids(
    store: &dyn Store,
    name: &LogName,
    pending: &Pending,
    records: &[Record],
) -> Result<(), AppendError> {
    for (index, record) in records.iter().enumerate() {
        let Some(id) = record.given_id() else {
            continue;
        };
        let taken = pending.given.contains(&id)
            || !store
                .find(name, &Query::Id(id), None, 1)
                .map_err(AppendError::Store)?
                .is_empty();
        if taken {
            return Err(AppendError::IdTaken { index, id });
        }
    }
    Ok(())
}
