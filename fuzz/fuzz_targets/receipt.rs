//! The program of the target `receipt`.
#![no_main]
ai_audit_fuzz::target!("receipt");
