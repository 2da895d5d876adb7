//! The program of the target `merkle`.
#![no_main]
ai_audit_fuzz::target!("merkle");
