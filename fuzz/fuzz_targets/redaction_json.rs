//! The program of the target `redaction_json`.
#![no_main]
ai_audit_fuzz::target!("redaction_json");
