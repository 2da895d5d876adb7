//! The program of the target `ciphertexts_file`.
#![no_main]
ai_audit_fuzz::target!("ciphertexts_file");
