//! The program of the target `imported`.
#![no_main]
ai_audit_fuzz::target!("imported");
