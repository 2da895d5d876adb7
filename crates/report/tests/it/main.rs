//! Reports of real signed logs, and of hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a40_hostile;
mod browser;
mod content;
mod figures;
mod logs;
