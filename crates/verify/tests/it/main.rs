//! Verification through the public interface, attacks by their numbers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod attacks;
mod chain_cuts;
mod keys;
mod logs;
mod pins;
mod policy_files;
mod proofs;
mod properties;
mod selections;
mod time;
mod time_attacks;
mod witnesses;
