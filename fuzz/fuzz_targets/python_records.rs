//! The program of the target `python_records`.
#![no_main]
ai_audit_fuzz::target!("python_records");
