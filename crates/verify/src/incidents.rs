//! Incidents: what is told of one stands, and who takes it back or backdates it is remarked on (attack
//! A52).

use ai_audit_agentic::{IncidentDeadlines, MAX_INCIDENTS};
use ai_audit_core::UnverifiedReceipt;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// How many findings are told in words; the others are counted.
const TOLD: u64 = 10;

/// Follows the incidents of a log or of a part of it.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    deadlines: IncidentDeadlines,
    found: u64,
    remarks: Vec<String>,
}

impl Incidents {
    /// Takes the next receipt.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) {
        // One that does not decode is told as such.
        for finding in self.deadlines.push(receipt).unwrap_or_default() {
            self.found = self.found.saturating_add(1);
            if self.found <= TOLD {
                self.remarks.push(finding.to_string());
            }
        }
    }

    /// What is worth knowing.
    pub(crate) fn remarks(self) -> Vec<String> {
        let mut remarks = self.remarks;
        if self.found > TOLD {
            let more = self.found - TOLD;
            remarks.push(format!("further findings on incidents: {more}"));
        }
        let not_followed = self.deadlines.not_followed();
        if not_followed > 0 {
            remarks.push(format!(
                "{not_followed} receipts of incidents were not followed: the log has more than {MAX_INCIDENTS}"
            ));
        }
        remarks
    }
}
