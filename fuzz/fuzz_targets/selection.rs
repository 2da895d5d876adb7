//! The program of the target `selection`.
#![no_main]
ai_audit_fuzz::target!("selection");
