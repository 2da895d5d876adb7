//! The program of the target `body`.
#![no_main]
ai_audit_fuzz::target!("body");
