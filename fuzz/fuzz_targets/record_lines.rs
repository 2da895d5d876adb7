//! The program of the target `record_lines`.
#![no_main]
ai_audit_fuzz::target!("record_lines");
