//! Escalated decisions, and the reviews of them.

use crate::forms::{DueReview, DueReviewList};
use ai_audit_agentic::HumanReview;
use ai_audit_core::{DecodeBody as _, LeafHash, Timestamp, UnverifiedReceipt};
use std::collections::HashMap;

/// The most escalated decisions that are followed at a time.
const MOST: usize = 1 << 16;

/// Escalated decisions that no review names yet. Whatever a review says, somebody looked.
#[derive(Debug, Default)]
pub(super) struct DueReviews {
    due: HashMap<LeafHash, (u64, Timestamp)>,
    not_followed: u64,
}

impl DueReviews {
    pub(super) fn escalated(&mut self, receipt: &UnverifiedReceipt<'_>) {
        if self.due.len() >= MOST {
            self.not_followed = self.not_followed.saturating_add(1);
            return;
        }
        let header = receipt.header();
        self.due
            .insert(receipt.hash(), (header.seq, header.sealed_at));
    }

    /// Nothing where the review does not decode.
    pub(super) fn reviewed(&mut self, receipt: &UnverifiedReceipt<'_>) -> Option<()> {
        let review = HumanReview::decode(receipt).ok()?;
        self.due.remove(&review.review.receipt);
        Some(())
    }

    pub(super) fn list(&self, most: usize) -> DueReviewList {
        let mut all: Vec<(u64, Timestamp)> = self.due.values().copied().collect();
        all.sort_unstable();
        let listed = all.iter().take(most).map(|(seq, sealed_at)| DueReview {
            seq: *seq,
            sealed_at: sealed_at.to_string(),
        });
        DueReviewList {
            count: all.len() as u64,
            not_followed: self.not_followed,
            listed: listed.collect(),
        }
    }
}
