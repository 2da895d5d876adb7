//! The program of the target `proof_edited`.
#![no_main]
ai_audit_fuzz::target!("proof_edited");
