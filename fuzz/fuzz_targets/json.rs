//! The program of the target `json`.
#![no_main]
ai_audit_fuzz::target!("json");
