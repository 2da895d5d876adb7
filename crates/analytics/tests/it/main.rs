//! Statistics against published numbers, simulations and scipy.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a35_never_deaf;
mod confidence;
mod cusum;
mod drift;
mod memory;
mod scipy;
mod scores;
mod sprt;
mod states;
mod summary;
