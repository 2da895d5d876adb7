//! The program of the target `proof`.
#![no_main]
ai_audit_fuzz::target!("proof");
