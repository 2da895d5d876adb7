//! Record lines and conversations through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod conversations;
mod lines;

use ai_audit_core::{DigestSecret, DisclosureKey, ReceiptId};
use ai_audit_ingest::Keys;

/// Counted ids, and one secret or none.
pub(crate) struct Counted {
    count: u8,
    pub(crate) secret: Option<DigestSecret>,
}

impl Counted {
    pub(crate) const fn plain() -> Self {
        Self {
            count: 0,
            secret: None,
        }
    }
}

impl Keys for Counted {
    fn new_id(&mut self) -> ReceiptId {
        self.count = self.count.wrapping_add(1);
        ReceiptId::from_bytes([self.count; 16])
    }

    fn exact_key(&self, _: Option<&str>, id: &ReceiptId, field: &str) -> Option<DisclosureKey> {
        Some(self.secret.as_ref()?.exact_key(id, field))
    }

    fn canonical_key(&self, _: Option<&str>) -> Option<DisclosureKey> {
        Some(self.secret.as_ref()?.canonical_key())
    }
}
