//! Reports of real signed logs, and of hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a40_hostile;
mod a40_numbers;
mod browser;
mod content;
mod figures;
mod imported;
mod logs;
mod ml_bom;
#[cfg(feature = "oscal")]
mod oscal;
#[cfg(feature = "pdf")]
mod pdf;
mod samples;
