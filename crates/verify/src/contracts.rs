//! Contracts: no evaluation stands before its contract's activation (attack A38).

use ai_audit_agentic::{ContractAudit, ContractError};
use ai_audit_core::UnverifiedReceipt;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// How many changed contracts are named; the others are counted.
const NAMED: u64 = 5;

/// Follows the contracts of a log or of a part of it.
#[derive(Debug, Default)]
pub(crate) struct Contracts {
    audit: ContractAudit,
    changed: u64,
    /// The first evaluation whose contract may be activated where nobody looked.
    unknown: Option<u64>,
    remarks: Vec<String>,
}

impl Contracts {
    /// Takes the next receipt. `whole`: all receipts of the log before it were taken.
    ///
    /// # Errors
    ///
    /// What does not hold of it.
    pub(crate) fn see(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        whole: bool,
    ) -> Result<(), String> {
        let seq = receipt.header().seq;
        match self.audit.push(receipt) {
            Ok(None) => {}
            Ok(Some(changed)) => {
                self.changed += 1;
                if self.changed <= NAMED {
                    let before = changed.before;
                    self.remarks.push(format!(
                        "receipt {seq} activates another contract under name and version of the one of \
                         receipt {before}: it was changed without a new version"
                    ));
                }
            }
            Err(error @ ContractError::NotActivated(_)) if whole => return Err(error.to_string()),
            Err(ContractError::NotActivated(_)) => {
                self.unknown.get_or_insert(seq);
            }
            // Told as a body that does not decode.
            Err(ContractError::Body(_)) => {}
        }
        Ok(())
    }

    /// What is worth knowing.
    pub(crate) fn remarks(self) -> Vec<String> {
        let mut remarks = self.remarks;
        if self.changed > NAMED {
            let more = self.changed - NAMED;
            remarks.push(format!(
                "{more} more contracts were changed without a new version"
            ));
        }
        if let Some(seq) = self.unknown {
            remarks.push(format!(
                "receipt {seq} evaluates a contract that no receipt here before it activates; whether the \
                 log does, cannot be told without the others"
            ));
        }
        let not_followed = self.audit.not_followed();
        if not_followed > 0 {
            remarks.push(format!(
                "{not_followed} activations of contracts were not followed: too many"
            ));
        }
        remarks
    }
}
