//! Epochs against a plain model: what a seal says, and what a verifier finds.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audits;
mod bodies;
mod log;
