//! The program of the target `archive`.
#![no_main]
ai_audit_fuzz::target!("archive");
