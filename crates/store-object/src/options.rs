//! What the caller says about a store beside its place.

use ai_audit_store::StoreError;
use core::time::Duration;

/// What may be done with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Reads and writes; makes the store where there is none. An empty place is taken for a new
    /// store, so this is for the first time alone.
    Create,
    /// Reads and writes a store that is there.
    ReadWrite,
    /// Reads only. Nothing is tried on the server.
    ReadOnly,
}

/// How to treat the place. Nothing is taken from variables of the environment.
///
/// ```
/// use ai_audit_store_object::ObjectOptions;
/// let options = ObjectOptions { versions_expire: true, ..ObjectOptions::default() };
/// assert_eq!(options.timeout.as_secs(), 60);
/// ```
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "callers fill it in")]
pub struct ObjectOptions {
    /// Longest time for each object that is read, written or deleted, asking again included; and longest time for a change that others
    /// make for nothing, by replacing the root each time. Not zero. A file of a folder has none.
    pub timeout: Duration,
    /// How often a request that was surely not carried out is sent again within that time. A folder has none.
    pub retries: usize,
    /// The caller knows that the bucket ends versions that were deleted or replaced, by a lifecycle rule. Without this
    /// nothing is deleted from a bucket that was seen to keep versions, and nothing from any of Google's, whose answers
    /// do not tell: the bytes would still be there.
    pub versions_expire: bool,
}

impl Default for ObjectOptions {
    /// 60 seconds, three times again, nothing known of versions.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            retries: 3,
            versions_expire: false,
        }
    }
}

impl ObjectOptions {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.timeout.is_zero() {
            return Err(StoreError::Invalid {
                what: "a timeout of zero: expected some time, or the default".into(),
            });
        }
        Ok(())
    }
}
