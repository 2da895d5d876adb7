//! The program of the target `python_edited`.
#![no_main]
ai_audit_fuzz::target!("python_edited");
