//! The program of the target `otlp`.
#![no_main]
ai_audit_fuzz::target!("otlp");
