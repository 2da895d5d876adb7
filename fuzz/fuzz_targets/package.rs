//! The program of the target `package`.
#![no_main]
ai_audit_fuzz::target!("package");
