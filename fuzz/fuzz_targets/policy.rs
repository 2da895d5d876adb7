//! The program of the target `policy`.
#![no_main]
ai_audit_fuzz::target!("policy");
