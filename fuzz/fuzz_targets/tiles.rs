//! The program of the target `tiles`.
#![no_main]
ai_audit_fuzz::target!("tiles");
