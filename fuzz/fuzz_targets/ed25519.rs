//! The program of the target `ed25519`.
#![no_main]
ai_audit_fuzz::target!("ed25519");
