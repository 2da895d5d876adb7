//! The program of the target `python_package`.
#![no_main]
ai_audit_fuzz::target!("python_package");
