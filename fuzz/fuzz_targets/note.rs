//! The program of the target `note`.
#![no_main]
ai_audit_fuzz::target!("note");
