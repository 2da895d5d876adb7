//! Contracts through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod files;
mod hostile;
mod operators;
mod sessions;
