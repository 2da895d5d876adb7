//! Contracts through the public interface.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod files;
mod hostile;
mod operators;
mod sessions;
mod tau_bench;
