//! The erasure line of the verdict: what the log alone tells of erasures.

use ai_audit_core::{Kind, Status, UnverifiedReceipt};
use ai_audit_shredding::ErasureAudit;
use alloc::format;
use alloc::string::ToString as _;

/// Follows the erasures of a log or of a part of it.
#[derive(Debug, Default)]
pub(crate) struct ErasureLine {
    audit: ErasureAudit,
    /// Whether a receipt speaks of erasures.
    any: bool,
    /// The first thing that does not hold, whatever else the log has.
    failed: Option<Status>,
    /// The first thing that does not hold unless receipts are missing here.
    absent: Option<Status>,
}

impl ErasureLine {
    /// Takes the next receipt. `whole`: all receipts of the log before it were taken.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>, whole: bool) {
        let header = receipt.header();
        self.any |= matches!(
            header.kind,
            Kind::ERASURE_REQUESTED | Kind::ERASURE_COMPLETED
        );
        let Err(error) = self.audit.push(receipt) else {
            return;
        };
        if error.is_absence() && !whole {
            let seq = header.seq;
            self.absent.get_or_insert_with(|| {
                Status::unverified(format!(
                    "receipt {seq}: {error}; or it is in a part of the log that is not here"
                ))
            });
        } else {
            self.failed
                .get_or_insert_with(|| Status::failed_at(header.seq, error.to_string()));
        }
    }

    /// The answer. `whole`: all receipts of the log, from its genesis on, were taken.
    pub(crate) fn finish(self, whole: bool) -> Status {
        if let Some(answer) = self.failed.or(self.absent) {
            return answer;
        }
        match self.audit.finish().under_way() {
            Some(seq) => Status::unverified(format!(
                "the erasure that receipt {seq} asks for is not completed"
            )),
            None => recorded(self.any, whole),
        }
    }

    /// The answer for one receipt without the others, of which it says nothing.
    pub(crate) fn of_one(&self) -> Status {
        recorded(self.any, true)
    }
}

fn recorded(any: bool, whole: bool) -> Status {
    if any {
        Status::unverified(
            "erasures were recorded; whether the keys are gone cannot be told offline",
        )
    } else if whole {
        Status::NotApplicable
    } else {
        Status::unverified("no erasure is recorded in the part of the log that is here")
    }
}
