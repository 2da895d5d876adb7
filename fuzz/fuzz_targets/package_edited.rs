//! The program of the target `package_edited`.
#![no_main]
ai_audit_fuzz::target!("package_edited");
