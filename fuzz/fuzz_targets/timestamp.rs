//! The program of the target `timestamp`.
#![no_main]
ai_audit_fuzz::target!("timestamp");
