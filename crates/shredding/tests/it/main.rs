//! Tests of fields, wrapping and erasures.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]

mod a27_moved;
mod a28_restored;
mod a29_nonces;
mod audit;
mod known_answers;
mod memory;
mod properties;
mod vectors;

use ai_audit_core::{LogId, ReceiptId, SubjectKeyId};
use ai_audit_shredding::{Place, SubjectKey};

const LOG: LogId = LogId::from_bytes([1; 32]);

fn key(id: u8, byte: u8) -> SubjectKey {
    SubjectKey::new(SubjectKeyId::from_bytes([id; 16]), LOG, &[byte; 32])
}

fn place() -> Place<'static> {
    Place {
        receipt: ReceiptId::from_bytes([2; 16]),
        subject: "person-7",
        field: "input",
    }
}
