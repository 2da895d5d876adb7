//! The erasure line of the verdict: what the log alone tells of erasures.

use ai_audit_core::{Kind, Status, UnverifiedReceipt};
use ai_audit_shredding::ErasureAudit;
use alloc::format;
use alloc::string::ToString as _;

/// Follows the erasures of a log or of a selection.
#[derive(Debug, Default)]
pub(crate) struct ErasureLine {
    audit: ErasureAudit,
    /// Whether a receipt speaks of erasures.
    any: bool,
    /// The first thing that does not hold.
    failed: Option<Status>,
}

impl ErasureLine {
    /// Takes the next receipt.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let header = receipt.header();
        self.any |= matches!(
            header.kind,
            Kind::ERASURE_REQUESTED | Kind::ERASURE_COMPLETED
        );
        if self.failed.is_none()
            && let Err(error) = self.audit.push(receipt)
        {
            self.failed = Some(Status::failed_at(header.seq, error.to_string()));
        }
    }

    /// The answer for receipts that belong together.
    pub(crate) fn finish(self) -> Status {
        let alone = self.alone();
        if let Some(failed) = self.failed {
            return failed;
        }
        if let Some(seq) = self.audit.finish().under_way() {
            return Status::unverified(format!(
                "the erasure that receipt {seq} asks for is not completed"
            ));
        }
        alone
    }

    /// The answer for one receipt without the others.
    pub(crate) fn alone(&self) -> Status {
        if self.any {
            Status::unverified(
                "erasures were recorded; whether the keys are gone cannot be told offline",
            )
        } else {
            Status::NotApplicable
        }
    }
}
