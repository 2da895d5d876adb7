//! Redaction through the public interface.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a30_overlaps;
mod json;
mod modes;
mod policies;
mod properties;
mod streams;
mod texts;
