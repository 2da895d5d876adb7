//! Receipts whose bytes are deleted, until a receipt of the log says so.

use super::passes::Item;
use ai_audit_core::{DecodeBody as _, Kind};
use ai_audit_epochs::Deletion;

/// Follows a whole log. Runs of deleted receipts are few: what stands between them are receipts that stay.
#[derive(Default)]
pub(super) struct Unexplained(Vec<(u64, u64)>);

impl Unexplained {
    pub(super) fn see(&mut self, item: &Item<'_, '_>) {
        match item {
            Item::Deleted(seq, _) => match self.0.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(*seq) => *last = *seq,
                _ => self.0.push((*seq, *seq)),
            },
            Item::Receipt(receipt) if receipt.header().kind == Kind::DELETION => {
                // One that cannot be read explains nothing.
                if let Ok(deletion) = Deletion::decode(receipt) {
                    self.0
                        .retain(|(first, last)| *first < deletion.first || deletion.last < *last);
                }
            }
            Item::Receipt(_) => {}
        }
    }

    /// The first one that nothing explains.
    pub(super) fn first(&self) -> Option<u64> {
        self.0.first().map(|(first, _)| *first)
    }
}
