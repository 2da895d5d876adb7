//! The rules that tools need approvals, where the evidence is a part of a log.

use crate::TrustPolicy;
use ai_audit_agentic::APPROVALS_POLICY;
use ai_audit_core::{DecodeBody as _, Genesis, Kind, PolicyChange, UnverifiedReceipt};
use alloc::format;
use alloc::string::String;

/// Whether a log has rules of its own. In a part of it nobody can hold them against the receipts.
#[derive(Debug, Default)]
pub(crate) struct OwnRules {
    seen: bool,
}

impl OwnRules {
    /// Takes the next receipt. A body that does not decode has no rules; it fails integrity.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let entries = match receipt.header().kind {
            Kind::GENESIS => Genesis::decode(receipt).map(|genesis| genesis.policy),
            Kind::POLICY => PolicyChange::decode(receipt).map(|change| change.policy),
            _ => return,
        };
        self.seen |= entries
            .is_ok_and(|entries| entries.iter().any(|entry| entry.name == *APPROVALS_POLICY));
    }

    /// What is said where the receipts are a part of a log, and it or the verifier has rules.
    pub(crate) fn of_part(&self, policy: &TrustPolicy) -> Option<String> {
        let brought = !policy.approval_rules().is_empty();
        let whose = match (self.seen, brought) {
            (false, false) => return None,
            (true, false) => "rules of the log",
            (false, true) => "rules that you brought",
            (true, true) => "rules of the log, and others that you brought,",
        };
        Some(format!(
            "approvals were not judged: {whose} say which tools need them, and in a part of a log what approves may be missing"
        ))
    }
}
