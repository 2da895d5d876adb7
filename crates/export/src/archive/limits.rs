//! How much an archive may ask of its reader.

use super::error::{ArchiveRule, EntryRule};

/// Bounds on an archive, the same for the writer and the reader.
///
/// They are checked against the declared sizes before any content is read, and hold while reading
/// since no entry yields more than it declared. Together they bound the work: contents are at most
/// `max_ratio` times the file's length plus `ratio_free_size` for each entry.
///
/// ```
/// use ai_audit_export::archive::Limits;
/// let small = Limits { max_total_size: 16 << 20, ..Limits::default() };
/// assert_eq!(small.max_entries, 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Number of entries; default 64.
    pub max_entries: u64,
    /// Length of a name in bytes; default 255.
    pub max_name_len: usize,
    /// Sum of all uncompressed sizes in bytes; default 64 GiB, some thirty million receipts with
    /// their JSON view.
    pub max_total_size: u64,
    /// Uncompressed size of an entry for each compressed byte; default 200. The JSON view of
    /// receipts, full of digests and signatures, reaches about 5; deflate can reach 1,032.
    pub max_ratio: u64,
    /// Entries up to this size in bytes may have any ratio; default 1 MiB.
    pub ratio_free_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entries: 64,
            max_name_len: 255,
            max_total_size: 64 << 30,
            max_ratio: 200,
            ratio_free_size: 1 << 20,
        }
    }
}

impl Limits {
    pub(super) fn check_count(&self, found: u64) -> Result<(), ArchiveRule> {
        if found > self.max_entries {
            return Err(ArchiveRule::TooManyEntries {
                found,
                max: self.max_entries,
            });
        }
        Ok(())
    }

    pub(super) fn check_ratio(&self, compressed: u64, size: u64) -> Result<(), EntryRule> {
        if size > self.ratio_free_size && size > compressed.saturating_mul(self.max_ratio) {
            return Err(EntryRule::Ratio {
                compressed,
                size,
                max: self.max_ratio,
            });
        }
        Ok(())
    }

    /// Adds an entry's size to the sum of those before.
    pub(super) fn add_size(&self, sum: u64, size: u64) -> Result<u64, EntryRule> {
        let total = sum.saturating_add(size);
        if total > self.max_total_size {
            return Err(EntryRule::TotalSize {
                total,
                max: self.max_total_size,
            });
        }
        Ok(total)
    }
}
