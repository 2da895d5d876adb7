//! The program of the target `statement`.
#![no_main]
ai_audit_fuzz::target!("statement");
