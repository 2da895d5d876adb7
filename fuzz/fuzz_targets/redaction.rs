//! The program of the target `redaction`.
#![no_main]
ai_audit_fuzz::target!("redaction");
