//! The checkpoint in the evidence of a selection, held against those that the verifier brought.

use super::SelectionVerifier;
use crate::walk::Facts;
use ai_audit_core::Status;
use alloc::format;
use alloc::string::String;

impl SelectionVerifier<'_> {
    /// Holds the evidence's checkpoint against what the verifier brought.
    pub(super) fn compare(&mut self, facts: &Facts) -> (Option<Status>, Option<String>) {
        let size = self.checkpoint.size;
        // As with a larger checkpoint that was brought: an older one is no lie, and says less.
        let known = self.policy.known_size();
        let older = known.filter(|known| *known > size.as_u64()).map(|known| {
            Status::unverified(format!(
                "the checkpoint in the evidence has {size} receipts, and the log is known to have \
                 {known}: it may be an older one"
            ))
        });
        let mut own = self
            .policy
            .checkpoints()
            .iter()
            .filter(|(_, checkpoint)| checkpoint.origin == facts.origin)
            .peekable();
        if own.peek().is_none() {
            let several = self.policy.is_of_several_logs();
            let foreign = !several && !self.policy.checkpoints().is_empty();
            return (
                older,
                foreign.then(|| "the checkpoints that you brought are of other logs".into()),
            );
        }
        let mut linked = false;
        let mut contradiction = None;
        for (note, checkpoint) in own {
            if let Err(error) = note.verify(&facts.line) {
                contradiction.get_or_insert(format!(
                    "the checkpoint that you brought is not signed by the log's checkpoint key: {error}"
                ));
            } else if checkpoint.size == size {
                linked = true;
                if checkpoint.root != self.checkpoint.root {
                    contradiction.get_or_insert(two_histories(size.as_u64()));
                }
            }
        }
        if let Some(reason) = contradiction {
            self.fail_integrity(reason);
            return (None, None);
        }
        let status = (!linked).then(|| {
            Status::unverified(format!(
                "nothing here connects the checkpoint that you brought with the one of size {size} in the evidence"
            ))
        });
        (older.or(status), None)
    }
}

pub(super) fn two_histories(size: u64) -> String {
    format!("two checkpoints of size {size} have different roots: the log showed two histories")
}
