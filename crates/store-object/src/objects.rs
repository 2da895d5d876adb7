//! What the store asks of the place where its objects are.

use ai_audit_store::StoreError;
use core::fmt;

/// Bytes of the ciphertexts beside one segment, at most.
pub(crate) const BESIDE: usize = 256 << 20;

/// Bytes that an object may have: more were never written to it, so whoever sends more is not waited for.
pub(crate) fn most(name: &str) -> usize {
    match kind_of(name) {
        Some("beside") => BESIDE,
        _ => crate::root::BYTES,
    }
}

/// What an object of a log is, by its name. Logs have names of any kind.
pub(crate) fn kind_of(name: &str) -> Option<&str> {
    name.strip_prefix("logs/")?.split('/').nth(1)
}

/// An object that has more.
pub(crate) fn too_long(name: &str) -> StoreError {
    let most = most(name);
    crate::codec::corrupt(format!(
        "object {name} has more than {most} bytes, which were never written to it"
    ))
}

/// What tells one content of an object that changes from the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tag {
    pub(crate) e_tag: Option<String>,
    pub(crate) version: Option<String>,
}

/// What became of an object since it had a tag.
#[derive(Debug)]
pub(crate) enum Since {
    Same,
    New(Vec<u8>, Tag),
    Gone,
}

/// An object as it is listed.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    /// When it was written, in microseconds.
    pub(crate) written: u64,
}

/// Objects by name. What returns `Ok` is durable.
pub(crate) trait Objects: fmt::Debug + Send + Sync {
    /// Where they are, without secrets.
    fn place(&self) -> &str;

    fn get(&self, name: &str) -> Result<Option<(Vec<u8>, Tag)>, StoreError>;

    fn since(&self, name: &str, tag: &Tag) -> Result<Since, StoreError>;

    /// Writes objects whose names have the hash of their content: one that is there is the same, or is no whole one
    /// and nothing names it.
    fn create_all(&self, objects: Vec<(String, Vec<u8>)>) -> Result<(), StoreError>;

    /// Replaces an object that has this tag, or makes it where there is none; gives its new tag, or none where the
    /// condition did not hold.
    fn swap(
        &self,
        name: &str,
        expected: Option<&Tag>,
        content: Vec<u8>,
    ) -> Result<Option<Tag>, StoreError>;

    /// Deletes objects. One that is not there is no error.
    fn delete_all(&self, names: &[String]) -> Result<(), StoreError>;

    /// Objects whose name begins so; the prefix ends with a slash.
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError>;

    /// Names that begin so, in their order, so many at most; the prefix ends with a slash, and what is in folders below it
    /// need not be among them.
    fn first(&self, prefix: &str, most: usize) -> Result<Vec<String>, StoreError>;

    /// Whether what begins so may be written and deleted as far as can be told without touching any of it; the prefix ends
    /// with a slash, or is empty.
    fn may_change(&self, _prefix: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the place was seen to keep what is deleted, as older versions.
    fn keeps_versions(&self) -> bool;
}
