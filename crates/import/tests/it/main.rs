//! Integration tests of the crate, in one binary.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod packages;
mod records;
