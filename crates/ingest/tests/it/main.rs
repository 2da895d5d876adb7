//! Record lines and conversations through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod conversations;
mod lines;
mod protect;
mod traces;

use ai_audit_core::{DigestSecret, ReceiptId};
use ai_audit_ingest::{Keys, Protection};
use std::sync::Arc;

/// Counted ids and nonces, and one protection for all.
pub(crate) struct Counted {
    count: u8,
    pub(crate) protection: Protection,
    /// The subjects that were asked for, and whether a key was wanted.
    pub(crate) asked: Vec<(String, bool)>,
}

impl Counted {
    pub(crate) fn plain() -> Self {
        Self::with(Protection::default())
    }

    pub(crate) fn keyed(secret: [u8; 32]) -> Self {
        Self::with(Protection {
            secret: Some(Arc::new(DigestSecret::from_bytes(secret))),
            ..Protection::default()
        })
    }

    pub(crate) const fn with(protection: Protection) -> Self {
        Self {
            count: 0,
            protection,
            asked: Vec::new(),
        }
    }
}

impl Keys for Counted {
    fn new_id(&mut self) -> ReceiptId {
        self.count = self.count.wrapping_add(1);
        ReceiptId::from_bytes([self.count; 16])
    }

    fn nonce(&mut self) -> [u8; 12] {
        self.count = self.count.wrapping_add(1);
        [self.count; 12]
    }

    fn protection(&mut self, _: Option<&str>, subject: &str, encrypts: bool) -> Protection {
        self.asked.push((subject.into(), encrypts));
        self.protection.clone()
    }
}
