//! Notes, checkpoints, cosignatures, policies and proof files, through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod attacks;
mod fleets;
mod policy;
mod properties;
mod quorum;
mod requests;
mod vectors;
