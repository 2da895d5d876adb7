//! Verification through the public interface, attacks by their numbers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod attacks;
mod chain_cuts;
mod hostile;
mod keys;
mod logs;
mod pins;
mod proofs;
mod properties;
mod selections;
