//! The program of the target `contract`.
#![no_main]
ai_audit_fuzz::target!("contract");
