//! Integration tests of the crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod attacks;
mod package_files;
mod packages;
mod records;
mod seals;
mod sources;
mod splits;
