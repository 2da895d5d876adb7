//! Whether a log that promises forward security rotates its key with each epoch.

use ai_audit_core::{DecodeBody, Genesis, Kind, UnverifiedReceipt};
use alloc::format;
use alloc::string::String;

/// Looks for epoch seals without a rotation directly behind them (`docs/spec/keys.md`).
#[derive(Debug, Default)]
pub(crate) struct ForwardSecurity {
    promised: bool,
    /// `seq` of a seal whose rotation is to come.
    sealed: Option<u64>,
    /// The first seal that has none.
    broken: Option<u64>,
}

impl ForwardSecurity {
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let header = receipt.header();
        if header.kind == Kind::GENESIS {
            self.promised = Genesis::decode(receipt)
                .is_ok_and(|genesis| genesis.policy_value("receipt-key") == Some("forward-secure"));
        }
        if let Some(seal) = self.sealed.take()
            && header.kind != Kind::KEY_ROTATION
            && self.broken.is_none()
        {
            self.broken = Some(seal);
        }
        if header.kind == Kind::EPOCH_SEAL {
            self.sealed = Some(header.seq);
        }
    }

    /// What is worth saying. The last seal's rotation is stored together with it.
    pub(crate) fn remark(&self) -> Option<String> {
        let seal = self.broken.or(self.sealed).filter(|_| self.promised)?;
        Some(format!(
            "the log promises forward security, and no rotation stands behind its epoch seal {seal}: \
             the key of that epoch was not handed over then"
        ))
    }
}
