//! The program of the target `python_json`.
#![no_main]
ai_audit_fuzz::target!("python_json");
