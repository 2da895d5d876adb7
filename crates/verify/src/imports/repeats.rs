//! Old records that were imported more than once, as through two sources that overlap.

use ai_audit_core::{Digest, ImportedItem};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Records that are followed: some five megabytes.
const MOST: usize = 100_000;
/// The same on a device.
const MOST_IN_LITTLE_MEMORY: usize = 1_000;

/// Follows the hashes of records whose proof holds. Of others nobody knows that they are the same: whoever
/// imports can name any hash.
#[derive(Debug)]
pub(super) struct Repeats {
    seen: BTreeSet<Digest>,
    most: usize,
    repeated: u64,
    /// Where a record stands again for the first time.
    first: Option<u64>,
    not_followed: u64,
}

impl Repeats {
    pub(super) const fn new(in_little_memory: bool) -> Self {
        Self {
            seen: BTreeSet::new(),
            most: match in_little_memory {
                true => MOST_IN_LITTLE_MEMORY,
                false => MOST,
            },
            repeated: 0,
            first: None,
            not_followed: 0,
        }
    }

    /// Takes a record of receipt `seq` that was checked.
    pub(super) fn see(&mut self, seq: u64, item: &ImportedItem<'_>) {
        let (Some(_), Some(hash)) = (item.key, item.hash) else {
            return;
        };
        if self.seen.contains(&hash) {
            self.repeated += 1;
            self.first.get_or_insert(seq);
        } else if self.seen.len() < self.most {
            self.seen.insert(hash);
        } else {
            self.not_followed += 1;
        }
    }

    /// It fails nothing: both receipts are what they say.
    pub(super) fn remark(&self, remarks: &mut Vec<String>) {
        if let Some(first) = self.first {
            remarks.push(format!(
                "{} imported records stand in this log more than once (the first again at receipt {first}): \
                 figures count each of them",
                self.repeated
            ));
        }
        if self.not_followed > 0 {
            remarks.push(format!(
                "{} imported records were not looked for a second time: more than {} are not followed",
                self.not_followed, self.most
            ));
        }
    }
}
