//! Notes, checkpoints, cosignatures and proof files, through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod attacks;
mod properties;
mod vectors;
