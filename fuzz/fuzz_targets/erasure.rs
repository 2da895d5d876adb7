//! The program of the target `erasure`.
#![no_main]
ai_audit_fuzz::target!("erasure");
