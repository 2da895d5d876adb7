//! The program of the target `equivocation`.
#![no_main]
ai_audit_fuzz::target!("equivocation");
