//! The program of the target `receipts_file`.
#![no_main]
ai_audit_fuzz::target!("receipts_file");
