//! Verification through the public interface, attacks by their numbers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod a11_split_view;
mod a38_contracts;
mod a52_incidents;
mod a55_imports;
mod attacks;
mod batches;
mod chain_cuts;
mod epochs;
mod erasure;
mod erasure_store;
mod erasure_subjects;
mod hostile;
mod keys;
mod keys_witnessed;
mod logs;
mod monitors;
mod observers;
mod pins;
mod policy_files;
mod proofs;
mod properties;
mod selections;
mod time;
mod time_attacks;
mod trees;
mod witnesses;
