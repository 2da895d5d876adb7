//! The program of the target `log`.
#![no_main]
ai_audit_fuzz::target!("log");
